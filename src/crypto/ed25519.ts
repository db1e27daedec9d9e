// Ed25519 (RFC 8032) over node:crypto, which checks S < L; tweetnacl does not, and is never asked to verify.
// Public keys arrive from whoever connects: an attacker who may register a small-order key could make one signature
// fit many messages, so those keys, and encodings that are not canonical, are refused before a key object exists.

import { createPrivateKey, createPublicKey, sign as rawSign, verify as rawVerify } from 'node:crypto';
import { TurretError } from '../errors.js';

export const SEED_BYTES = 32;
export const PUBLIC_KEY_BYTES = 32;
export const SIGNATURE_BYTES = 64;

// RFC 8410: PrivateKeyInfo and SubjectPublicKeyInfo of Ed25519 are these bytes, then the raw 32.
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/** y of the eight points whose order divides 8, without the sign bit. */
const SMALL_ORDER_Y = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
].map((hex) => Buffer.from(hex, 'hex'));

/** A private key ready for many signatures. */
export interface SigningKey {
  readonly publicKey: Buffer;
  sign(message: Uint8Array): Buffer;
}
/** A public key that has been checked, ready for many verifications. */
export interface VerifyingKey {
  readonly publicKey: Buffer;
  /** Whether the signature is this key's over exactly these bytes. A wrong length is false. */
  verify(message: Uint8Array, signature: Uint8Array): boolean;
  /** The same on another thread; `done` is told later, never at once. */
  verifyLater(message: Uint8Array, signature: Uint8Array, done: (holds: boolean) => void): void;
}

/**
 * A reusable private key from its 32-byte seed.
 * The handle keeps its own copy: zero-filling the seed afterwards does not clear that copy, dropping the handle frees it.
 */
export function signingKey(seed: Uint8Array): SigningKey {
  if (seed.length !== SEED_BYTES) throw new TypeError('an ed25519 seed has 32 bytes');
  const der = Buffer.concat([PKCS8_PREFIX, seed]);
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  der.fill(0);
  const publicKey = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(SPKI_PREFIX.length);
  return { publicKey, sign: (message) => rawSign(null, message, key) };
}

/** Whether these bytes are a public key worth verifying with: 32 bytes, canonical, not of small order. */
export function isSoundPublicKey(publicKey: Uint8Array): boolean {
  if (publicKey.length !== PUBLIC_KEY_BYTES) return false;
  const y = Buffer.from(publicKey);
  y[31] = (y[31] ?? 0) & 0x7f;
  // y >= p = 2^255 - 19 is a second spelling of a smaller y.
  const notCanonical =
    (y[0] ?? 0) >= 0xed && y[31] === 0x7f && y.subarray(1, 31).every((byte) => byte === 0xff);
  return !notCanonical && !SMALL_ORDER_Y.some((small) => small.equals(y));
}

/** A reusable public key. Throws `unauthenticated` for a key no honest peer has (wrong length, small order, not canonical). */
export function verifyingKey(publicKey: Uint8Array): VerifyingKey {
  if (!isSoundPublicKey(publicKey)) {
    throw new TurretError('unauthenticated', 'the public key is not a sound ed25519 key');
  }
  const raw = Buffer.from(publicKey);
  const key = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, raw]), format: 'der', type: 'spki' });
  return {
    publicKey: raw,
    verify: (message, signature) =>
      signature.length === SIGNATURE_BYTES && rawVerify(null, message, key, signature),
    verifyLater: (message, signature, done) =>
      rawVerify(null, message, key, signature, (error, holds) =>
        done(error === null && holds && signature.length === SIGNATURE_BYTES),
      ),
  };
}

/** The 64-byte signature. */
export function sign(key: Uint8Array | SigningKey, message: Uint8Array): Buffer {
  return (key instanceof Uint8Array ? signingKey(key) : key).sign(message);
}

/** Whether the signature is the key's over exactly these bytes. An unsound key or a wrong length is false, never an exception. */
export function verify(key: Uint8Array | VerifyingKey, message: Uint8Array, signature: Uint8Array): boolean {
  if (!(key instanceof Uint8Array)) return key.verify(message, signature);
  return isSoundPublicKey(key) && verifyingKey(key).verify(message, signature);
}
