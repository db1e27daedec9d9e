// Many texts looked for at once, in time linear in what is read: Aho-Corasick, with a hop over whatever cannot hold the
// beginning of any needle (Wu-Manber's shift over pairs of bytes). What is read may be chosen by an attacker; the needles
// are ours.

/** Longest hop: a shift is one byte. */
const HOP_BYTES_MAX = 255;

/** State 0: nothing of a needle was seen. Every other state is the beginning of one. */
export class Needles {
  /** So many of the last bytes read may be the beginning of a needle, by state. */
  readonly undecided: Int32Array;
  /** Length of the longest needle that ends in a state, or 0. */
  readonly found: Int32Array;
  readonly #first = new Int32Array(256);
  readonly #byte: Uint8Array;
  readonly #child: Int32Array;
  readonly #sibling: Int32Array;
  readonly #fallback: Int32Array;
  readonly #shift = new Uint8Array(65_536);
  readonly #window: number;

  /** Needles of at least two bytes. */
  constructor(needles: readonly Uint8Array[]) {
    const states = 1 + needles.reduce((sum, needle) => sum + needle.length, 0);
    this.undecided = new Int32Array(states);
    this.found = new Int32Array(states);
    this.#byte = new Uint8Array(states);
    this.#child = new Int32Array(states);
    this.#sibling = new Int32Array(states);
    this.#fallback = new Int32Array(states);
    this.#window = Math.min(HOP_BYTES_MAX + 1, ...needles.map((needle) => needle.length));
    this.#plant(needles);
    this.#link();
    this.#measure(needles);
  }

  /** The state after one more byte. */
  step(from: number, byte: number): number {
    for (let state = from; state !== 0; state = this.#fallback[state] as number) {
      const next = this.#childOf(state, byte);
      if (next !== 0) return next;
    }
    return this.#first[byte] as number;
  }

  /** In state 0: no needle begins before this place, which is at least `from`. */
  hop(bytes: Uint8Array, from: number): number {
    const reach = this.#window - 1;
    let end = from + reach;
    while (end < bytes.length) {
      const shift = this.#shift[((bytes[end - 1] as number) << 8) | (bytes[end] as number)] as number;
      if (shift === 0) break;
      end += shift;
    }
    return end - reach;
  }

  #childOf(state: number, byte: number): number {
    if (state === 0) return this.#first[byte] as number;
    let next = this.#child[state] as number;
    while (next !== 0 && this.#byte[next] !== byte) next = this.#sibling[next] as number;
    return next;
  }

  #plant(needles: readonly Uint8Array[]): void {
    let used = 0;
    for (const needle of needles) {
      let state = 0;
      for (const byte of needle) {
        let next = this.#childOf(state, byte);
        if (next === 0) {
          next = ++used;
          this.#byte[next] = byte;
          this.undecided[next] = (this.undecided[state] as number) + 1;
          if (state === 0) this.#first[byte] = next;
          else this.#sibling[next] = this.#child[state] as number;
          if (state !== 0) this.#child[state] = next;
        }
        state = next;
      }
      this.found[state] = needle.length;
    }
  }

  // Breadth first: the fallback of a state is shorter than it, and known by then.
  #link(): void {
    const queue = [...this.#first].filter((state) => state !== 0);
    for (let at = 0; at < queue.length; at += 1) {
      const state = queue[at] as number;
      const fallback = this.#fallback[state] as number;
      // A longer needle that ends here covers any shorter one.
      this.found[state] ||= this.found[fallback] as number;
      // Nothing continues a needle that is whole; what it ends with may continue.
      if (this.#child[state] === 0) this.undecided[state] = this.undecided[fallback] as number;
      for (let child = this.#child[state] as number; child !== 0; child = this.#sibling[child] as number) {
        this.#fallback[child] = this.step(fallback, this.#byte[child] as number);
        queue.push(child);
      }
    }
  }

  #measure(needles: readonly Uint8Array[]): void {
    this.#shift.fill(this.#window - 1);
    for (const needle of needles) {
      for (let end = 1; end < this.#window; end += 1) {
        const pair = ((needle[end - 1] as number) << 8) | (needle[end] as number);
        this.#shift[pair] = Math.min(this.#shift[pair] as number, this.#window - 1 - end);
      }
    }
  }
}
