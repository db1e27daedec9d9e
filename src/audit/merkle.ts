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
