// Proof that a record is in the tree of a checkpoint, without the other records. Nothing that decides needs it.

import { CompactRange, nodeOf } from './merkle.js';

/** Largest power of two smaller than `size`, for size ≥ 2. */
function splitOf(size: number): number {
  let split = 1;
  while (split * 2 < size) split *= 2;
  return split;
}

function rootOf(leaves: readonly Uint8Array[]): Buffer {
  const range = new CompactRange();
  for (const leaf of leaves) range.append(leaf);
  return range.root();
}

/** Audit path of one leaf (RFC 6962 §2.1.1), nearest sibling first. */
export function inclusionProof(leaves: readonly Uint8Array[], index: number): Buffer[] {
  if (index < 0 || index >= leaves.length) throw new RangeError('no such leaf');
  if (leaves.length === 1) return [];
  const split = splitOf(leaves.length);
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)];
  return index < split
    ? [...inclusionProof(left, index), rootOf(right)]
    : [...inclusionProof(right, index - split), rootOf(left)];
}

/** Whether `leaf` is record `index` of the tree with this size and root (RFC 9162 §2.1.3.2). */
export function verifyInclusion(
  claim: { leaf: Uint8Array; index: number; size: number; root: Uint8Array },
  proof: readonly Uint8Array[],
): boolean {
  if (!Number.isSafeInteger(claim.index) || claim.index < 0 || claim.index >= claim.size) return false;
  let [node, last] = [claim.index, claim.size - 1];
  let hash: Buffer = Buffer.from(claim.leaf);
  for (const sibling of proof) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      hash = nodeOf(sibling, hash);
      while (node % 2 === 0 && node !== 0) [node, last] = [node / 2, Math.floor(last / 2)];
    } else {
      hash = nodeOf(hash, sibling);
    }
    [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
  }
  return last === 0 && hash.equals(claim.root);
}
