// Takes this process's own secrets out of one stream of bytes. A seat belt against accidents: whoever can have the output
// computed on (`--jq`, `--query`, a program of his own upstream) writes the secret in a way that is not on the list.
//
// Bytes that cannot be the beginning of a spelling go out at once; what can is held, at most one spelling but its last byte.

import { REDACTION_EARLY_BYTES_MAX } from '../../src/protocol/limits.js';
import { Needles } from './needles.js';

const MARKER = '[redacted by turret]';
/** What stands in its place when the length must stay: cut, or repeated. */
const FILLER = Buffer.from(MARKER);
const NOTHING = Buffer.alloc(0);

/** A stretch of the stream that is a spelling, or several that overlap. Offsets in the stream. */
interface Secret {
  start: number;
  end: number;
  marked: boolean;
}

export interface RedactorOptions {
  /** What to look for; it may change while the stream runs. Undefined: nothing. */
  needles: () => Needles | undefined;
  /** Every byte stays where it is: for streams that say their lengths beforehand. */
  sameLength?: boolean;
}

export class Redactor {
  /** How many were taken out. */
  count = 0;
  readonly #options: RedactorOptions;
  #needles: Needles | undefined;
  #state = 0;
  /** Read so far; what of it is still to go out is held. */
  #read = 0;
  #held: Buffer = NOTHING;
  readonly #secrets: Secret[] = [];

  constructor(options: RedactorOptions) {
    this.#options = options;
  }

  /** Bytes that are held. */
  get holds(): number {
    return this.#held.length;
  }

  /** Takes the next bytes; returns what may go out. */
  push(bytes: Buffer): Buffer {
    const needles = this.#options.needles();
    const all = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    const known = needles === this.#needles ? this.#held.length : 0;
    if (needles !== this.#needles) {
      // What was held is looked at again: it may be the beginning of something new.
      this.#needles = needles;
      this.#state = 0;
    }
    const start = this.#read - this.#held.length;
    this.#read = start + all.length;
    if (needles !== undefined) this.#scan(needles, all, { from: known, start });
    const undecided = needles?.undecided[this.#state] ?? 0;
    return this.#release(all, Math.max(0, all.length - undecided));
  }

  /** Whether so little of a secret has come that it need not wait for the rest. What goes out then stays in mind. */
  get isEarly(): boolean {
    const undecided = this.#needles?.undecided[this.#state] ?? 0;
    return undecided > 0 && undecided <= REDACTION_EARLY_BYTES_MAX;
  }

  /** What is held, where an agent chose the end: of a secret it gets no more than a pause gives. */
  cut(): Buffer {
    const undecided = this.#needles?.undecided[this.#state] ?? 0;
    if (undecided > REDACTION_EARLY_BYTES_MAX) this.#add(this.#read - undecided, this.#read);
    return this.flush();
  }

  /** What is held, because nothing more comes, or not soon. What is found later is replaced as far as it is not out. */
  flush(): Buffer {
    return this.#release(this.#held, this.#held.length);
  }

  #scan(needles: Needles, bytes: Buffer, { from, start }: { from: number; start: number }): void {
    let state = this.#state;
    for (let at = from; at < bytes.length; at += 1) {
      if (state === 0) at = needles.hop(bytes, at);
      state = needles.step(state, bytes[at] as number);
      const length = needles.found[state] as number;
      if (length > 0) this.#add(start + at + 1 - length, start + at + 1);
    }
    this.#state = state;
  }

  #add(start: number, end: number): void {
    const secret: Secret = { start, end, marked: false };
    for (let last = this.#secrets.at(-1); last !== undefined && last.end > secret.start;) {
      secret.start = Math.min(secret.start, last.start);
      secret.marked ||= last.marked;
      this.#secrets.pop();
      last = this.#secrets.at(-1);
    }
    this.#secrets.push(secret);
  }

  // `bytes` are the last ones that were read; the first `length` of them go out, the others are held.
  #release(bytes: Buffer, length: number): Buffer {
    this.#held = length === bytes.length ? NOTHING : Buffer.from(bytes.subarray(length));
    if (this.#secrets.length === 0) return bytes.subarray(0, length);
    const start = this.#read - bytes.length;
    const parts: Buffer[] = [];
    let at = 0;
    for (;;) {
      const [secret] = this.#secrets;
      if (secret === undefined || secret.start - start >= length) break;
      const begin = Math.max(at, secret.start - start);
      const end = Math.min(length, secret.end - start);
      parts.push(bytes.subarray(at, begin), this.#replacement(secret, Math.max(0, end - begin)));
      at = Math.max(at, end);
      if (secret.end - start > length) break;
      this.#secrets.shift();
    }
    parts.push(bytes.subarray(at, length));
    return Buffer.concat(parts);
  }

  #replacement(secret: Secret, length: number): Buffer {
    if (!secret.marked) this.count += 1;
    const first = !secret.marked;
    secret.marked = true;
    if (this.#options.sameLength === true) return Buffer.alloc(length, FILLER);
    return first ? FILLER : NOTHING;
  }
}
