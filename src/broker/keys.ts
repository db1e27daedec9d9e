// Who may talk to this broker: public keys only. A dump of this process cannot impersonate anybody.

import { type VerifyingKey, verifyingKey } from '../crypto/ed25519.js';
import { TurretError } from '../errors.js';
import type { BrokerKey } from '../protocol/control.js';
import { kidOf } from '../token/token.js';
import { fromBase64url, toBase64url } from '../wire/handshake.js';

export interface Principal {
  kid: string;
  kind: BrokerKey['kind'];
  label: string;
  key: VerifyingKey;
  /** On the monotonic clock: setting the wall clock back does not prolong a token. */
  expiresAtMs: number;
  revoked: boolean;
}

export class KeyRing {
  readonly #principals = new Map<string, Principal>();
  readonly #monotonicMs: () => number;

  constructor(keys: BrokerKey[], monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
    for (const { public_key, kind, label, lifetime_ms } of keys) {
      const publicKey = fromBase64url('public_key', public_key, 32);
      const kid = toBase64url(kidOf(publicKey));
      const expiresAtMs = monotonicMs() + lifetime_ms;
      this.#principals.set(kid, {
        kid,
        kind,
        label,
        key: verifyingKey(publicKey),
        expiresAtMs,
        revoked: false,
      });
    }
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
    if (principal.revoked) {
      throw new TurretError('token_revoked', 'the token of this session was revoked', {
        hints: ['retrying will not help; a human has to start a new `turret run`'],
      });
    }
    if (this.#monotonicMs() >= principal.expiresAtMs) {
      throw new TurretError('token_expired', 'the token of this session has expired', {
        hints: ['retrying will not help; a human has to start a new `turret run`'],
      });
    }
  }

  /** All session tokens; there is one per session, and later its children. */
  revokeSession(): Principal[] {
    const revoked = [...this.#principals.values()].filter(
      ({ kind, revoked }) => kind === 'session' && !revoked,
    );
    for (const principal of revoked) principal.revoked = true;
    return revoked;
  }
}
