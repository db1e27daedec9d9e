// What names a broker and a key. Pure. SPEC.md §Token.

import { sha256 } from '../crypto/hash.js';

export const SID_BYTES = 10;

/** Session id: the name of the broker's directory, and what a client checks the broker's key against. */
export function sidOf(brokerPublicKey: Uint8Array): Buffer {
  return sha256(brokerPublicKey).subarray(0, SID_BYTES);
}

/** Key id: what a client calls its public key on the wire and in the log. */
export function kidOf(publicKey: Uint8Array): Buffer {
  return sha256(publicKey).subarray(0, SID_BYTES);
}
