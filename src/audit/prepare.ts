// From a record as the broker has it to the body of a line: secrets out first, then values cut until the line fits.
// In this order, because a cut in the middle of a secret would leave half of it unrecognisable.

import { sha256 } from '../crypto/hash.js';
import type { Json, JsonObject } from '../protocol/messages.js';
import { isSecretName, markerOf, redactText } from './redact.js';
import { bodyOf, type AuditRecord } from './record.js';

/** Ours, not the agent's, and of random characters that could look like a secret. */
const OWN_FIELDS = new Set([
  'sig',
  'key',
  'host_key',
  'certificate',
  'kid',
  'call',
  'policy_sha256',
  'params_sha256',
  'descriptor_sha256',
  'command_sha256',
  'delegation_sha256',
  'delegation_sig',
  'parent',
  'sha256',
]);

/** Bytes of a string and items of a list or object that are kept, each step stricter than the one before. */
const CUT_STEPS = [
  { bytes: 8_192, items: 512 },
  { bytes: 1_024, items: 128 },
  { bytes: 256, items: 32 },
  { bytes: 64, items: 8 },
  { bytes: 64, items: 3 },
] as const;

export interface PreparedBody {
  body: JsonObject;
  /** Secrets taken out. */
  redacted: number;
}

class Redactor {
  count = 0;

  text(text: string): string {
    const shaped = redactText(text);
    this.count += shaped.count;
    return shaped.text;
  }

  value(value: Json, name: string): Json {
    if (typeof value === 'string') return isSecretName(name) ? this.#secret(value) : this.text(value);
    if (Array.isArray(value))
      return name === 'argv' ? this.#argv(value) : value.map((item) => this.value(item, name));
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(
        Object.entries(value).map(([key, item]) => [this.text(key), this.value(item, key)]),
      );
    }
    return value;
  }

  #secret(value: string): string {
    const already = this.text(value);
    if (value === '' || already.startsWith('‹redacted:')) return already;
    this.count += 1;
    return markerOf('named', value);
  }

  /** `--password hunter2` is two words. */
  #argv(words: Json[]): Json[] {
    return words.map((word, index) => {
      if (typeof word !== 'string') return word;
      const before = words[index - 1];
      const isValue = typeof before === 'string' && before.startsWith('-') && isSecretName(before);
      return isValue && !word.startsWith('-') ? this.#secret(word) : this.text(word);
    });
  }
}

/** The record's fields in order, with secrets replaced. */
export function prepareBody(record: AuditRecord): PreparedBody {
  const redactor = new Redactor();
  const body: JsonObject = {};
  for (const [name, value] of Object.entries(bodyOf(record))) {
    body[name] = OWN_FIELDS.has(name) ? value : redactor.value(value, name);
  }
  return { body, redacted: redactor.count };
}

interface Cut {
  value: Json;
  cuts: number;
}

function cutText(text: string, limit: number): string {
  const bytes = Buffer.from(text);
  let end = limit;
  // Do not end inside a character.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return `${bytes.toString('utf8', 0, end)}‹cut:${bytes.length} bytes:sha256:${sha256(bytes).toString('hex', 0, 8)}›`;
}

function cutValue(value: Json, step: (typeof CUT_STEPS)[number]): Cut {
  if (typeof value === 'string') {
    return Buffer.byteLength(value) > step.bytes
      ? { value: cutText(value, step.bytes), cuts: 1 }
      : { value, cuts: 0 };
  }
  if (typeof value !== 'object' || value === null) return { value, cuts: 0 };
  const all = Object.entries(value);
  let cuts = all.length > step.items ? 1 : 0;
  const kept = all.slice(0, step.items).map(([key, item]): [string, Json] => {
    const inner = cutValue(item, step);
    const isLong = Buffer.byteLength(key) > step.bytes;
    cuts += inner.cuts + (isLong ? 1 : 0);
    return [isLong ? cutText(key, step.bytes) : key, inner.value];
  });
  const note = `‹cut:${all.length} items›`;
  if (Array.isArray(value)) {
    const items = kept.map(([, item]) => item);
    return { value: all.length > step.items ? [...items, note] : items, cuts };
  }
  if (all.length > step.items) kept.push(['‹cut›', note]);
  return { value: Object.fromEntries(kept), cuts };
}

/**
 * What `encode` makes of the body, cut as little as needed for it to make anything, with `redacted` and `cut` counts as its
 * last fields. An agent can write text that looks like a marker; the counts say how many markers are ours.
 */
export function fitBody<T>(prepared: PreparedBody, encode: (body: JsonObject) => T | undefined): T {
  const counted = (body: JsonObject, cut: number): JsonObject => ({
    ...body,
    ...(prepared.redacted > 0 ? { redacted: prepared.redacted } : {}),
    ...(cut > 0 ? { cut } : {}),
  });
  const whole = encode(counted(prepared.body, 0));
  if (whole !== undefined) return whole;
  for (const step of CUT_STEPS) {
    let cuts = 0;
    const body: JsonObject = {};
    for (const [name, value] of Object.entries(prepared.body)) {
      const cut = OWN_FIELDS.has(name) ? { value, cuts: 0 } : cutValue(value, step);
      body[name] = cut.value;
      cuts += cut.cuts;
    }
    const smaller = encode(counted(body, cuts));
    if (smaller !== undefined) return smaller;
  }
  throw new TypeError('an audit record does not fit a line even when every value is cut');
}
