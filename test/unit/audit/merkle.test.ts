import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inclusionProof, verifyInclusion } from '../../../src/audit/inclusion.js';
import { CompactRange, nodeOf } from '../../../src/audit/merkle.js';
import { sha256 } from '../../../src/crypto/hash.js';

const leaves = (count: number): Buffer[] =>
  Array.from({ length: count }, (_, index) => sha256(Buffer.from(`leaf ${index}`)));

/** MTH exactly as RFC 6962 §2.1 writes it. */
function naive(list: readonly Buffer[]): Buffer {
  const [only] = list;
  if (only === undefined) return sha256();
  if (list.length === 1) return only;
  let split = 1;
  while (split * 2 < list.length) split *= 2;
  return nodeOf(naive(list.slice(0, split)), naive(list.slice(split)));
}

describe('the Merkle tree', () => {
  it('has the same root after every append as the recursive definition', () => {
    const range = new CompactRange();
    expect(range.root().equals(naive([]))).toBe(true);
    for (const [index, leaf] of leaves(200).entries()) {
      range.append(leaf);
      expect(range.size).toBe(index + 1);
      expect(range.root().equals(naive(leaves(index + 1)))).toBe(true);
    }
  });

  it('proves every record of a log and nothing else', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70 }), fc.nat(), fc.nat(), (size, pick, other) => {
        const list = leaves(size);
        const index = pick % size;
        const proof = inclusionProof(list, index);
        const claim = { leaf: list[index] ?? Buffer.alloc(0), index, size, root: naive(list) };
        expect(proof.length).toBeLessThanOrEqual(Math.ceil(Math.log2(size)));
        expect(verifyInclusion(claim, proof)).toBe(true);
        expect(verifyInclusion({ ...claim, leaf: sha256(Buffer.from('forged')) }, proof)).toBe(false);
        expect(verifyInclusion({ ...claim, root: sha256(Buffer.from('other')) }, proof)).toBe(false);
        expect(verifyInclusion({ ...claim, index: other % size }, proof)).toBe(other % size === index);
        expect(verifyInclusion({ ...claim, index: size }, proof)).toBe(false);
        expect(verifyInclusion(claim, [...proof, Buffer.alloc(32)])).toBe(false);
        expect(verifyInclusion(claim, proof.slice(1))).toBe(proof.length === 0);
      }),
    );
    expect(() => inclusionProof(leaves(3), 3)).toThrow(RangeError);
  });
});
