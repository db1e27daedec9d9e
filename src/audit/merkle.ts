// RFC 6962 Merkle tree over the leaves of a log, appended to with O(log n) memory.

import { sha256 } from '../crypto/hash.js';

const NODE_PREFIX = Buffer.from([1]);

export function nodeOf(left: Uint8Array, right: Uint8Array): Buffer {
  return sha256(NODE_PREFIX, left, right);
}

/** The roots of the perfect subtrees a growing tree consists of, largest first: enough to append and to name the root. */
export class CompactRange {
  #size = 0;
  readonly #subtrees: Buffer[] = [];

  get size(): number {
    return this.#size;
  }

  append(leaf: Uint8Array): void {
    let node: Buffer = Buffer.from(leaf);
    // Every trailing one bit of the size is a full subtree waiting for its right sibling.
    for (let rest = this.#size; rest % 2 === 1; rest = (rest - 1) / 2) {
      const left = this.#subtrees.pop();
      if (left === undefined) throw new Error('unreachable: a one bit of the size has a subtree');
      node = nodeOf(left, node);
    }
    this.#subtrees.push(node);
    this.#size += 1;
  }

  /** Root of the tree; SHA-256 of nothing when it is empty. */
  root(): Buffer {
    const last = this.#subtrees.at(-1);
    if (last === undefined) return sha256();
    return this.#subtrees.slice(0, -1).reduceRight((right, left) => nodeOf(left, right), last);
  }
}

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
