// The only door to tweetnacl. It mints long-lived key pairs, off the hot path; signing and verifying is ed25519.ts.

import nacl from 'tweetnacl';

export interface MintedKeyPair {
  publicKey: Buffer;
  seed: Buffer;
}

/** A key pair from 32 bytes of the caller's randomness. */
export function mintKeyPair(seed: Uint8Array): MintedKeyPair {
  const pair = nacl.sign.keyPair.fromSeed(seed);
  const minted = { publicKey: Buffer.from(pair.publicKey), seed: Buffer.from(seed) };
  pair.secretKey.fill(0);
  return minted;
}
