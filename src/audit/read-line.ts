// From the bytes of a line to a record. Whoever could write the file chose them.

import type { Json, JsonObject } from '../protocol/messages.js';
import { AUDIT_LINE_BYTES_MAX } from '../protocol/limits.js';
import { SCHEMA_VERSION } from './chain.js';

export interface ReadLine {
  seq: number;
  prev: string;
  type: string;
  value: JsonObject;
}

const DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A line (without LF) as a record, or undefined. Not verified. */
export function readLine(line: Uint8Array): ReadLine | undefined {
  if (line.length >= AUDIT_LINE_BYTES_MAX) return undefined;
  let value: Json;
  try {
    value = JSON.parse(DECODER.decode(line));
  } catch {
    // Not UTF-8 or not JSON: the caller reports the place.
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const { v, seq, prev, type } = value;
  if (v !== SCHEMA_VERSION || typeof prev !== 'string' || typeof type !== 'string') return undefined;
  if (typeof seq !== 'number' || !Number.isSafeInteger(seq) || seq < 0) return undefined;
  return { seq, prev, type, value };
}
