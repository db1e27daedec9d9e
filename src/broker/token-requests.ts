// What the holder of a token may do with it besides calling: hand on a part of it, look at what became of that, end it.
// Nothing here reaches a token that the caller's own does not lead to.

import { TurretError } from '../errors.js';
import type { JsonObject } from '../protocol/messages.js';
import { parseText } from '../protocol/parse.js';
import { CONTROL_BYTES_MAX, DELEGATION_BYTES_MAX } from '../protocol/limits.js';
import { SIGNATURE_BYTES, fromBase64url } from '../wire/handshake.js';
import type { AgentConnection } from './agent-connection.js';
import { type KeyRing, type Principal, lineage } from './keys.js';
import type { Limiter } from './limiter.js';
import type { PeerCheck } from './peer-check.js';
import type { Recorder } from './recorder.js';

/** Of what the holders wrote themselves, a thousand times if they like. */
const LIST_BYTES_MAX = CONTROL_BYTES_MAX / 2;

export interface TokenContext {
  keys: KeyRing;
  peers: PeerCheck;
  limiter: Limiter;
  recorder: Recorder;
  monotonicMs: () => number;
  /** Kills them, and all that comes from them; says how many, and how many calls that ended. */
  revoke(principals: Principal[], reason: string, by: string): { revoked: number; cancelled: number };
}

export class TokenRequests {
  readonly #context: TokenContext;
  /** Children that die with the connection they were asked for on. */
  readonly #tied = new Map<AgentConnection, Principal[]>();

  constructor(context: TokenContext) {
    this.#context = context;
  }

  /** The result of one request. Throws TurretError; nothing has changed then. */
  answer(connection: AgentConnection, request: JsonObject): JsonObject {
    const caller = connection.principal as Principal;
    switch (request['token']) {
      case 'delegate':
        return this.#delegate(connection, caller, request);
      case 'list':
        return this.list((one) => lineage(one).includes(caller));
      case 'revoke': {
        const child = this.#below(caller, request);
        return this.#context.revoke([child], 'its parent said so', caller.label);
      }
      case 'confine': {
        const child = this.#below(caller, request);
        const namespace = parseText('pid_namespace', request['pid_namespace'], 20);
        // A second one could let out what the first shut in.
        if (child.pidNamespace !== undefined || !/^\d+$/.test(namespace)) throw unknown();
        return { checked: this.#context.peers.require(child, namespace, connection.peer) };
      }
      default:
        throw unknown();
    }
  }

  /** What is known of keys, the living first: as many as an answer holds, and how many more there are. */
  list(chosen: (principal: Principal) => boolean): JsonObject {
    const tokens: JsonObject[] = [];
    const all = this.#context.keys.all().filter((one) => one.kind !== 'admin' && chosen(one));
    const isDead = (one: Principal): boolean => lineage(one).some(({ revoked }) => revoked);
    let room = LIST_BYTES_MAX;
    for (const one of [...all.filter((one) => !isDead(one)), ...all.filter(isDead)]) {
      const shown = this.#describe(one, isDead(one));
      room -= Buffer.byteLength(JSON.stringify(shown));
      if (room < 0) break;
      tokens.push(shown);
    }
    return { tokens, ...(tokens.length < all.length ? { more: all.length - tokens.length } : {}) };
  }

  #describe(one: Principal, isDead: boolean): JsonObject {
    const { limiter, monotonicMs } = this.#context;
    const left = Math.round((one.expiresAtMs - monotonicMs()) / 1000);
    const calls = one.limits.find((limit) => limit.calls !== undefined)?.calls;
    return {
      kid: one.kid,
      label: one.label,
      parent: one.parent?.kid ?? null,
      state: isDead ? 'revoked' : left <= 0 ? 'expired' : 'live',
      expires_in_s: Math.max(0, left),
      grants: (one.grants?.list ?? null) as unknown as JsonObject | null,
      ...(calls === undefined ? {} : { calls, used: limiter.used(one).at(-1)?.calls ?? 0 }),
    };
  }

  gone(connection: AgentConnection): void {
    const tied = this.#tied.get(connection);
    this.#tied.delete(connection);
    if (tied !== undefined) this.#context.revoke(tied, 'what it was for has ended', 'turret');
  }

  #delegate(connection: AgentConnection, caller: Principal, request: JsonObject): JsonObject {
    const { keys, recorder } = this.#context;
    const delegation = {
      json: Buffer.from(parseText('delegation', request['delegation'], DELEGATION_BYTES_MAX)),
      signature: fromBase64url('sig', request['sig'], SIGNATURE_BYTES),
    };
    const child = keys.delegate(caller, delegation, Date.now());
    try {
      recorder.attenuated(child, caller, delegation);
    } catch (error) {
      keys.revoke([child]);
      throw error;
    }
    if (request['while_connected'] === true)
      this.#tied.set(connection, [...(this.#tied.get(connection) ?? []), child]);
    return { kid: child.kid };
  }

  #below(caller: Principal, request: JsonObject): Principal {
    const kid = parseText('kid', request['kid'], 64);
    const child = this.#context.keys.all().find((one) => one.kid === kid);
    if (child === undefined || child === caller || !lineage(child).includes(caller))
      throw new TurretError('invalid_params', 'no token of that id comes from this one', {
        hints: ['turret token list shows those that do'],
      });
    return child;
  }
}

function unknown(): TurretError {
  return new TurretError('invalid_params', 'a token can be asked to delegate, list, revoke and confine');
}
