// A key ring with a session's key in it, and children of any shape signed by anybody.

import { KeyRing, type Principal, type SignedDelegation } from '../../../src/broker/keys.js';
import { type SigningKey, sign, signingKey } from '../../../src/crypto/ed25519.js';
import { delegationMessage } from '../../../src/token/delegation.js';
import { kidOf } from '../../../src/token/identity.js';
import { toBase64url } from '../../../src/wire/handshake.js';

export const SID = Buffer.alloc(10, 7);
/** Wall clock of the tests, Unix ms. */
export const WALL_MS = 1_800_000_000_000;
export const SESSION_MS = 3_600_000;

export const keyNumber = (number: number): SigningKey => {
  const seed = Buffer.alloc(32, 5);
  seed.writeUInt32BE(number, 0);
  return signingKey(seed);
};
export const kidNumber = (number: number): string => toBase64url(kidOf(keyNumber(number).publicKey));

/** Key 0 is the session's, which lives an hour. */
export function ring(monotonicMs: () => number = () => 0): { keys: KeyRing; root: Principal } {
  const session = {
    public_key: toBase64url(keyNumber(0).publicKey),
    kind: 'session',
    label: 'agent',
    lifetime_ms: SESSION_MS,
  } as const;
  const keys = new KeyRing(SID, [session], monotonicMs);
  return { keys, root: keys.find(kidNumber(0)) };
}

export interface Signing {
  by?: SigningKey;
  sid?: Buffer;
}

/** A delegation for key `number`, good in every respect that `change` and `signing` do not spoil. */
export function delegation(number: number, change: object = {}, { by, sid }: Signing = {}): SignedDelegation {
  const json = Buffer.from(
    JSON.stringify({
      child_pub: toBase64url(keyNumber(number).publicKey),
      label: `child-${number}`,
      grants: [{ allow: ['aws.**'] }],
      not_after: WALL_MS + 60_000,
      depth: 1,
      ...change,
    }),
  );
  return { json, signature: sign(by ?? keyNumber(0), delegationMessage(sid ?? SID, json)) };
}

/** Child `number` of the key `parent` is the principal of. */
export function child(
  keys: KeyRing,
  parent: Principal,
  parentNumber: number,
  number: number,
  change: object = {},
): Principal {
  const signed = delegation(number, { depth: parent.depth + 1, ...change }, { by: keyNumber(parentNumber) });
  return keys.delegate(parent, signed, WALL_MS);
}
