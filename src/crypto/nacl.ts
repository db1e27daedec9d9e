// The only door to tweetnacl. It mints long-lived key pairs and seals what the vault keeps, off the hot path; signing and
// verifying is ed25519.ts.

import { createRequire } from 'node:module';

import type Nacl from 'tweetnacl';

// Read when it is needed: that takes half as long as Node itself, and most sessions neither mint nor seal.
const require = createRequire(import.meta.url);
const load = (): typeof Nacl => require('tweetnacl') as typeof Nacl;

export interface MintedKeyPair {
  publicKey: Buffer;
  seed: Buffer;
}

/** A key pair from 32 bytes of the caller's randomness. */
export function mintKeyPair(seed: Uint8Array): MintedKeyPair {
  const pair = load().sign.keyPair.fromSeed(seed);
  const minted = { publicKey: Buffer.from(pair.publicKey), seed: Buffer.from(seed) };
  pair.secretKey.fill(0);
  return minted;
}

export const BOX_KEY_BYTES = 32;
export const BOX_NONCE_BYTES = 24;

/** XSalsa20-Poly1305. A nonce is used once: 24 bytes of the caller's randomness. */
export function sealBox(key: Uint8Array, nonce: Uint8Array, message: Uint8Array): Buffer {
  return Buffer.from(load().secretbox(message, nonce, key));
}

/** Undefined when the key is another one or a bit of the box is. */
export function openBox(key: Uint8Array, nonce: Uint8Array, box: Uint8Array): Buffer | undefined {
  const message = load().secretbox.open(box, nonce, key);
  return message === null ? undefined : Buffer.from(message);
}
