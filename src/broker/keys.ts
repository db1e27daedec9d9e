// Who may talk to this broker: public keys only. A dump of this process cannot impersonate anybody.
//
// A key is the session's, an agent's of a server, or the admin's, or it is a child: the holder of another key signed
// what it may do. Nobody is trusted to sign less than they have; every key up to the session's is asked again at every call.

import { type VerifyingKey, verify, verifyingKey } from '../crypto/ed25519.js';
import { TurretError } from '../errors.js';
import type { CompiledPolicy } from '../policy/compile.js';
import { compileGrants } from '../policy/grants.js';
import type { Limit } from '../policy/rule.js';
import type { BrokerKey } from '../protocol/control.js';
import { SESSION_TOKENS_MAX, TOKEN_CHILDREN_MAX, TOKEN_DEPTH_MAX } from '../protocol/limits.js';
import { type Grant, delegationMessage, parseDelegation, parseGrants } from '../token/delegation.js';
import { kidOf } from '../token/identity.js';
import { fromBase64url, toBase64url } from '../wire/handshake.js';

export interface Principal {
  readonly kid: string;
  readonly kind: BrokerKey['kind'] | 'child';
  readonly label: string;
  readonly key: VerifyingKey;
  /** On the monotonic clock: setting the wall clock back does not prolong a token. */
  readonly expiresAtMs: number;
  revoked: boolean;
  /** Whose rights these are a part of, and how many steps from the session's key. */
  readonly parent: Principal | undefined;
  readonly depth: number;
  /** The part; undefined is all of it. */
  readonly grants: { list: Grant[]; policy: CompiledPolicy } | undefined;
  /** On top of those of the session. */
  readonly limits: readonly Limit[];
  /** Inode number of the process namespace it is good in; undefined is anywhere. */
  pidNamespace: string | undefined;
}

/** A key and all it comes from, the session's last. */
export function lineage(principal: Principal): Principal[] {
  return principal.parent === undefined ? [principal] : [principal, ...lineage(principal.parent)];
}

/** The session or the agent of a server that this is, or comes from. */
export function rootOf(principal: Principal): Principal {
  return principal.parent === undefined ? principal : rootOf(principal.parent);
}

export interface SignedDelegation {
  /** The JSON as it was signed. */
  json: Uint8Array;
  signature: Uint8Array;
}

export class KeyRing {
  readonly #principals = new Map<string, Principal>();
  readonly #sid: Uint8Array;
  readonly #monotonicMs: () => number;

  /** `sid`: of the broker these keys are for. */
  constructor(sid: Uint8Array, keys: BrokerKey[], monotonicMs: () => number) {
    this.#sid = sid;
    this.#monotonicMs = monotonicMs;
    for (const key of keys) this.add(key);
  }

  /** A key that nobody here signed for. Throws as `delegate`. */
  add({ public_key, kind, label, lifetime_ms, revoked, grants, limits }: BrokerKey): Principal {
    const principal = this.#keep(fromBase64url('public_key', public_key, 32), {
      kind,
      label,
      expiresAtMs: this.#monotonicMs() + lifetime_ms,
      parent: undefined,
      depth: 0,
      grants: grants === undefined ? undefined : compiled(parseGrants(grants)),
      limits: limits === undefined ? [] : [limits],
    });
    principal.revoked = revoked === true;
    return principal;
  }

  /** The principal behind a kid, alive or not. Throws unauthenticated. */
  find(kid: string): Principal {
    const principal = this.#principals.get(kid);
    if (principal === undefined)
      throw new TurretError('unauthenticated', 'this broker does not know that key');
    return principal;
  }

  /** Throws token_revoked or token_expired. Asked before every call: a connection may outlive its token. */
  check(principal: Principal): void {
    for (const one of lineage(principal)) {
      const isSession = one.kind === 'session' || one.kind === 'admin';
      const whose = isSession ? 'the token of this session' : `the token "${one.label}"`;
      const hint = isSession ? 'a human has to start a new `turret run`' : 'whoever gave it can give another';
      const hints = [`retrying will not help; ${hint}`];
      if (one.revoked) throw new TurretError('token_revoked', `${whose} was revoked`, { hints });
      if (this.#isExpired(one)) throw new TurretError('token_expired', `${whose} has expired`, { hints });
    }
  }

  /** Takes in what a token's holder signed for a new key. Throws protocol_error, unauthenticated, denied or config_invalid. */
  delegate(parent: Principal, { json, signature }: SignedDelegation, wallMs: number): Principal {
    if (!verify(parent.key, delegationMessage(this.#sid, json), signature))
      throw new TurretError('unauthenticated', 'the delegation is not signed with the token that sends it');
    if (parent.depth >= TOKEN_DEPTH_MAX)
      throw refused(`a token can be handed on ${TOKEN_DEPTH_MAX} times at most`, 'call with this one');
    const { publicKey, label, grants, notAfterMs, maxCalls, depth } = parseDelegation(json);
    if (depth !== parent.depth + 1) throw refused('the delegation is for another depth', 'sign it again');
    this.forgetExpired();
    const living = this.children(parent).filter((child) => !child.revoked);
    if (living.length >= TOKEN_CHILDREN_MAX)
      throw refused(`this token has ${TOKEN_CHILDREN_MAX} children already`, 'revoke one: turret token list');
    if (this.all().filter((one) => rootOf(one) === rootOf(parent)).length >= SESSION_TOKENS_MAX)
      throw refused('this session has had too many tokens', 'give them a shorter --ttl');
    const expiresAtMs = this.#monotonicMs() + notAfterMs - wallMs;
    if (expiresAtMs > parent.expiresAtMs)
      throw refused('a child cannot outlive the token it comes from', 'ask for a shorter --ttl');
    if (notAfterMs <= wallMs) throw refused('the delegation has expired', 'sign it again');
    return this.#keep(publicKey, {
      kind: 'child',
      label,
      expiresAtMs,
      parent,
      depth,
      grants: compiled(grants),
      limits: maxCalls === undefined ? [] : [{ calls: maxCalls }],
    });
  }

  all(): Principal[] {
    return [...this.#principals.values()];
  }

  /** The session's key, or those of a server's agents. */
  roots(): Principal[] {
    return this.all().filter(({ kind }) => kind === 'session' || kind === 'agent');
  }

  children(parent: Principal): Principal[] {
    return this.all().filter((principal) => principal.parent === parent);
  }

  /** Marks them, and everything that comes from them. Returns those that were alive before. */
  revoke(principals: Principal[]): Principal[] {
    const dead = new Set(principals);
    const revoked = this.all().filter(
      (principal) => !principal.revoked && lineage(principal).some((one) => dead.has(one)),
    );
    for (const principal of revoked) principal.revoked = true;
    return revoked;
  }

  #isExpired(principal: Principal): boolean {
    return this.#monotonicMs() >= principal.expiresAtMs;
  }

  /** Drops keys of no use to anybody any more, not even to one who has a delegation and sends it again. */
  forgetExpired(): void {
    for (const [kid, { kind, expiresAtMs }] of this.#principals)
      if ((kind === 'child' || kind === 'agent') && this.#monotonicMs() >= expiresAtMs)
        this.#principals.delete(kid);
  }

  // A key has one meaning for ever: a delegation sent twice would bring back a token that was revoked.
  #keep(publicKey: Uint8Array, rest: Omit<Principal, 'kid' | 'key' | 'revoked' | 'pidNamespace'>): Principal {
    const kid = toBase64url(kidOf(publicKey));
    if (this.#principals.has(kid))
      throw refused('that key is known to this broker already', 'make a new key pair for every child');
    const principal = { kid, key: verifyingKey(publicKey), revoked: false, pidNamespace: undefined, ...rest };
    this.#principals.set(kid, principal);
    return principal;
  }
}

/** Patterns come from whoever signs: what is none is their mistake, not the configuration's. */
function compiled(list: Grant[]): Principal['grants'] {
  try {
    return { list, policy: compileGrants(list) };
  } catch (error) {
    throw new TurretError('invalid_params', error instanceof Error ? error.message : 'no grants');
  }
}

function refused(message: string, hint: string): TurretError {
  return new TurretError('denied', message, { hints: [hint] });
}
