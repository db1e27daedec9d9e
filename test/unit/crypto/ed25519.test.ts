import { randomBytes } from 'node:crypto';
import * as fc from 'fast-check';
import nacl from 'tweetnacl';
import { describe, expect, it } from 'vitest';
import { isSoundPublicKey, sign, signingKey, verify, verifyingKey } from '../../../src/crypto/ed25519.js';
import { sha256 } from '../../../src/crypto/hash.js';
import { mintKeyPair } from '../../../src/crypto/nacl.js';

const SEED = Buffer.from(Array.from({ length: 32 }, (_, index) => index));
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const P = 2n ** 255n - 19n;
const little = (value: bigint): Buffer =>
  Buffer.from(Buffer.from(value.toString(16).padStart(64, '0'), 'hex').toReversed());

describe('ed25519', () => {
  it('derives the public key of the protocol vectors from seed 00..1f', () => {
    expect(signingKey(SEED).publicKey.toString('hex')).toBe(
      '03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8',
    );
  });

  it('makes the same signatures and key pairs as tweetnacl for any seed and message', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.uint8Array({ maxLength: 300 }),
        (seed, message) => {
          const pair = nacl.sign.keyPair.fromSeed(seed);
          const signature = sign(seed, message);
          expect(signingKey(seed).publicKey.equals(pair.publicKey)).toBe(true);
          expect(mintKeyPair(seed).publicKey.equals(pair.publicKey)).toBe(true);
          expect(signature.equals(nacl.sign.detached(message, pair.secretKey))).toBe(true);
          expect(verify(verifyingKey(pair.publicKey), message, signature)).toBe(true);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('refuses a signature with any one bit flipped, and the same bytes under another key', () => {
    const message = Buffer.from('turret-call-v1\0x');
    const signature = sign(SEED, message);
    const key = verifyingKey(signingKey(SEED).publicKey);
    for (let bit = 0; bit < 512; bit += 1) {
      const flipped = Buffer.from(signature);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(verify(key, message, flipped)).toBe(false);
    }
    expect(verify(signingKey(randomBytes(32)).publicKey, message, signature)).toBe(false);
    expect(verify(key, Buffer.from('turret-call-v1\0y'), signature)).toBe(false);
    expect(verify(key, message, signature.subarray(0, 63))).toBe(false);
  });

  it('refuses the malleable twin S + L that tweetnacl accepts', () => {
    const message = Buffer.from('pay 1');
    const signature = sign(SEED, message);
    const s = BigInt(`0x${Buffer.from(signature.subarray(32).toReversed()).toString('hex')}`);
    const twin = Buffer.concat([signature.subarray(0, 32), little(s + L)]);
    expect(nacl.sign.detached.verify(message, twin, signingKey(SEED).publicKey)).toBe(true);
    expect(verify(signingKey(SEED).publicKey, message, twin)).toBe(false);
    expect(verify(signingKey(SEED).publicKey, message, signature)).toBe(true);
  });

  it('refuses every public key of small order, with either sign bit, and every encoding that is not canonical', () => {
    const small = [0n, 1n, P - 1n, P, P + 1n].map(little);
    small.push(
      Buffer.from('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05', 'hex'),
      Buffer.from('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a', 'hex'),
      little(2n ** 255n - 1n),
    );
    for (const y of small) {
      for (const signBit of [0, 0x80]) {
        const key = Buffer.from(y);
        key[31] = (key[31] ?? 0) | signBit;
        expect(isSoundPublicKey(key)).toBe(false);
        expect(() => verifyingKey(key)).toThrowError(expect.objectContaining({ code: 'unauthenticated' }));
        expect(verify(key, Buffer.from('x'), Buffer.alloc(64))).toBe(false);
      }
    }
    expect(isSoundPublicKey(signingKey(SEED).publicKey)).toBe(true);
    expect(() => verifyingKey(Buffer.alloc(31, 7))).toThrow('not a sound ed25519 key');
    expect(() => signingKey(Buffer.alloc(33))).toThrow(TypeError);
  });

  it('hashes parts as if they were one', () => {
    expect(sha256(Buffer.from('a'), Buffer.from('bc')).equals(sha256(Buffer.from('abc')))).toBe(true);
    expect(sha256().toString('hex')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  });
});
