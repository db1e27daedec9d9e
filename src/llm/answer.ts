// A model's answer on its way through: passed on as it comes, and looked at for what it cost. Only an event that we asked
// for ourselves is kept from the client.

import { LLM_ANSWER_BYTES_MAX } from '../protocol/limits.js';
import type { Json } from '../protocol/messages.js';
import type { LlmApi } from './ask.js';
import { type Tokens, most, tokensIn } from './usage.js';

const NEWLINE = 10;
const RETURN = 13;
const NOTHING = Buffer.alloc(0);

export interface AnswerKind {
  api: LlmApi;
  /** Server-sent events; else one JSON document. */
  events: boolean;
  /** The usage at the end of an OpenAI stream was our wish, not the client's. */
  hideUsage: boolean;
}

export class LlmAnswer {
  readonly #kind: AnswerKind;
  /** Of the event, or the document, that is still coming; not more than LLM_ANSWER_BYTES_MAX. */
  #held: Buffer = NOTHING;
  #length = 0;
  /** The line that is still coming has nothing in it yet. */
  #lineEmpty = true;
  #tokens: Tokens | undefined;
  bytes = 0;
  ended = false;

  constructor(kind: AnswerKind) {
    this.#kind = kind;
  }

  /** What the API has said so far. */
  get tokens(): Tokens | undefined {
    return this.#tokens;
  }

  /** Takes the next bytes; returns what goes to the client now. */
  push(chunk: Buffer): Buffer {
    this.bytes += chunk.length;
    if (!this.#kind.events) {
      this.#keep(chunk);
      return chunk;
    }
    const out: Buffer[] = [];
    let eventStart = 0;
    let lineStart = 0;
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, lineStart)) {
      const blank = this.#lineEmpty && isEmpty(chunk.subarray(lineStart, at));
      this.#lineEmpty = true;
      lineStart = at + 1;
      if (!blank) continue;
      this.#keep(chunk.subarray(eventStart, lineStart));
      out.push(...this.#endEvent());
      eventStart = lineStart;
    }
    this.#lineEmpty &&= isEmpty(chunk.subarray(lineStart));
    this.#keep(chunk.subarray(eventStart));
    if (!this.#kind.hideUsage) return chunk;
    // Not an event any more, whatever it is.
    if (this.#length > LLM_ANSWER_BYTES_MAX) out.push(this.#take());
    return Buffer.concat(out);
  }

  /** The end: what was held goes out as it is. */
  end(): Buffer {
    this.ended = true;
    const held = this.#take();
    if (!this.#kind.events) this.#learn(held.toString('utf8'));
    return this.#kind.hideUsage ? held : NOTHING;
  }

  // In one piece: a server that sends single bytes must not have us hold an object for each.
  #keep(bytes: Buffer): void {
    const before = this.#length;
    this.#length += bytes.length;
    if (this.#length > LLM_ANSWER_BYTES_MAX && !this.#kind.hideUsage) {
      this.#held = NOTHING;
      return;
    }
    if (this.#held.length < this.#length) {
      const larger = Buffer.allocUnsafeSlow(
        Math.max(this.#length, Math.min(2 * this.#held.length, LLM_ANSWER_BYTES_MAX)),
      );
      this.#held.copy(larger, 0, 0, before);
      this.#held = larger;
    }
    bytes.copy(this.#held, before);
  }

  #take(): Buffer {
    const held = this.#held.subarray(0, this.#length);
    this.#held = NOTHING;
    this.#length = 0;
    return held;
  }

  #endEvent(): Buffer[] {
    const event = this.#take();
    if (event.length > LLM_ANSWER_BYTES_MAX || !/usage/i.test(event.toString('latin1'))) return [event];
    const data = event
      .toString('utf8')
      .split(/\r?\n/)
      .filter((line) => line.startsWith('data:'))
      .map((line) => line.slice(5))
      .join('\n');
    const value = this.#learn(data);
    return this.#kind.hideUsage && isOnlyUsage(value) ? [] : [event];
  }

  #learn(text: string): Json {
    let value: Json;
    try {
      value = JSON.parse(text) as Json;
    } catch {
      // Not for us to judge: the client sees the same bytes.
      return null;
    }
    const last = Array.isArray(value) ? (value.at(-1) ?? null) : value;
    const tokens = tokensIn(this.#kind.api, last);
    if (tokens !== undefined) this.#tokens = most(this.#tokens, tokens);
    return value;
  }
}

function isEmpty(line: Buffer): boolean {
  return line.length === 0 || (line.length === 1 && line[0] === RETURN);
}

// The last chunk of a chat completion: no choices, only the counts.
function isOnlyUsage(value: Json): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const { choices } = value;
  return Array.isArray(choices) && choices.length === 0;
}
