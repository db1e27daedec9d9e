// Control payloads are I-JSON (RFC 7493): UTF-8, no duplicate keys, no lone surrogates, integers within ±2^53.
// JSON.parse lets the last duplicate win; another reader of the same signed bytes may take the first. So we look first.

import { TurretError } from '../errors.js';
import { JSON_DEPTH_MAX } from './limits.js';
import type { Json, JsonObject } from './messages.js';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const KEYS_REFUSED = new Set(['__proto__', 'constructor', 'prototype']);
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const STRING = /"(?:[^"\\]|\\.)*"/sy;

/** The object in a control payload. Throws TurretError protocol_error on anything I-JSON does not allow. */
export function parseControl(payload: Uint8Array): JsonObject {
  const value = parseJson(payload);
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw refused('control payload is not an object');
  return value;
}

/** Any I-JSON value. Same errors. */
export function parseJson(payload: Uint8Array): Json {
  let text: string;
  let value: Json;
  try {
    text = utf8.decode(payload);
    value = JSON.parse(text) as Json;
  } catch (error) {
    throw new TurretError('protocol_error', 'control payload is not JSON in UTF-8', { cause: error });
  }
  scan(text);
  return value;
}

/** Bytes of a control payload. */
export function encodeControl(value: object): Buffer {
  return Buffer.from(JSON.stringify(value), 'utf8');
}

// `text` is valid JSON here; what is looked for is what JSON.parse forgives.
function scan(text: string): void {
  const open: (Set<string> | null)[] = [];
  let keyNext = false;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] as string;
    if (char === '{' || char === '[') {
      if (open.length >= JSON_DEPTH_MAX) throw refused('control payload is nested too deeply');
      open.push(char === '{' ? new Set() : null);
      keyNext = char === '{';
    } else if (char === '}' || char === ']') {
      open.pop();
      keyNext = false;
    } else if (char === ',') {
      keyNext = open.at(-1) instanceof Set;
    } else if (char === '"') {
      STRING.lastIndex = at;
      const literal = STRING.exec(text)?.[0] as string;
      checkString(literal, keyNext ? (open.at(-1) as Set<string>) : undefined);
      keyNext = false;
      at += literal.length - 1;
    } else if (char === '-' || (char >= '0' && char <= '9')) {
      NUMBER.lastIndex = at;
      const literal = NUMBER.exec(text)?.[0] as string;
      checkNumber(literal);
      at += literal.length - 1;
    }
  }
}

function checkString(literal: string, keys: Set<string> | undefined): void {
  const escaped = literal.includes('\\');
  if (!escaped && keys === undefined) return;
  const value = escaped ? (JSON.parse(literal) as string) : literal.slice(1, -1);
  if (escaped && !value.isWellFormed()) throw refused('control payload holds a lone surrogate');
  if (keys === undefined) return;
  if (keys.has(value)) throw refused('control payload has a key twice');
  if (KEYS_REFUSED.has(value)) throw refused('control payload has a forbidden key');
  keys.add(value);
}

function checkNumber(literal: string): void {
  const value = Number(literal);
  const safe = /[.eE]/.test(literal) ? Number.isFinite(value) : Number.isSafeInteger(value);
  if (!safe) throw refused('control payload has a number beyond 2^53');
}

function refused(message: string): TurretError {
  return new TurretError('protocol_error', message);
}
