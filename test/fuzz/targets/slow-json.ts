// I-JSON read the slow way: one character at a time, by recursion, with nothing shared with src/protocol/json.ts.

const DEPTH_MAX = 32;

class Refused extends Error {}

/** 'refused' when the bytes are not UTF-8, not JSON or not I-JSON as SPEC.md has it. */
export function slowProblem(bytes: Uint8Array): 'refused' | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    new SlowReader(text).whole();
    return undefined;
  } catch (error) {
    if (error instanceof Refused || error instanceof TypeError) return 'refused';
    throw error;
  }
}

class SlowReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): void {
    this.#space();
    this.#value(0);
    this.#space();
    if (this.#at !== this.#text.length) throw new Refused('more');
  }

  #space(): void {
    while (' \t\n\r'.includes(this.#text[this.#at] ?? 'x')) this.#at += 1;
  }

  #take(wanted: string): boolean {
    if (!this.#text.startsWith(wanted, this.#at)) return false;
    this.#at += wanted.length;
    return true;
  }

  #value(depth: number): void {
    const first = this.#text[this.#at] ?? '';
    if (first === '"') this.#string();
    else if (first === '{' || first === '[') this.#inside(first, depth + 1);
    else if (!(this.#take('true') || this.#take('false') || this.#take('null'))) this.#number();
  }

  #inside(open: string, depth: number): void {
    if (depth > DEPTH_MAX) throw new Refused('deep');
    const close = open === '{' ? '}' : ']';
    const keys: string[] = [];
    this.#at += 1;
    this.#space();
    if (this.#take(close)) return;
    for (;;) {
      this.#space();
      if (open === '{') {
        const key = this.#string();
        if (keys.includes(key) || ['__proto__', 'constructor', 'prototype'].includes(key))
          throw new Refused('key');
        keys.push(key);
        this.#space();
        if (!this.#take(':')) throw new Refused('colon');
        this.#space();
      }
      this.#value(depth);
      this.#space();
      if (this.#take(close)) return;
      if (!this.#take(',')) throw new Refused('comma');
    }
  }

  #string(): string {
    if (!this.#take('"')) throw new Refused('string');
    let out = '';
    for (;;) {
      const char = this.#text[this.#at] ?? '';
      this.#at += 1;
      if (char === '' || char < ' ') throw new Refused('control');
      if (char === '"') break;
      out += char === '\\' ? this.#escape() : char;
    }
    if (!out.isWellFormed()) throw new Refused('surrogate');
    return out;
  }

  #escape(): string {
    const char = this.#text[this.#at] ?? '';
    this.#at += 1;
    const plain = '"\\/'.includes(char) ? char : { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }[char];
    if (char !== '' && plain !== undefined) return plain;
    const hex = this.#text.slice(this.#at, this.#at + 4);
    if (char !== 'u' || !/^[0-9a-fA-F]{4}$/.test(hex)) throw new Refused('escape');
    this.#at += 4;
    return String.fromCharCode(Number.parseInt(hex, 16));
  }

  #number(): void {
    const from = this.#at;
    while ('+-.0123456789eE'.includes(this.#text[this.#at] ?? 'x')) this.#at += 1;
    const text = this.#text.slice(from, this.#at);
    if (!/^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$/.test(text)) throw new Refused('number');
    const fits = /[.eE]/.test(text)
      ? Math.abs(Number(text)) < Infinity
      : Math.abs(Number(text)) <= Number.MAX_SAFE_INTEGER;
    if (!fits) throw new Refused('large');
  }
}
