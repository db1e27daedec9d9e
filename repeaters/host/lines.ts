// The line profile's bytes: one JSON object per line, LF, at most LINE_BYTES_MAX with it. SPEC.md §Line profile.

import type { Readable } from 'node:stream';
import { TurretError } from '../../src/errors.js';
import { parseControl } from '../../src/protocol/json.js';
import { LINE_BYTES_MAX } from '../../src/protocol/limits.js';
import type { JsonObject } from '../../src/protocol/messages.js';

const LF = 0x0a;
/** So much raw data fits a line in either form: six bytes at most for each in `text`, four for three in `b64`. */
const LINE_DATA_BYTES_MAX = 32_768;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Messages as they come. Throws TurretError protocol_error for what is no message, frame_too_large for a long line. */
export async function* readMessages(from: Readable): AsyncGenerator<JsonObject> {
  let held: Buffer = Buffer.alloc(0);
  for await (const chunk of from) {
    held = held.length === 0 ? (chunk as Buffer) : Buffer.concat([held, chunk as Buffer]);
    for (let end = held.indexOf(LF); end >= 0; end = held.indexOf(LF)) {
      if (end >= LINE_BYTES_MAX) throw tooLong();
      yield parseControl(held.subarray(0, end));
      held = held.subarray(end + 1);
    }
    if (held.length >= LINE_BYTES_MAX) throw tooLong();
  }
  if (held.length > 0) throw new TurretError('protocol_error', 'the last line has no end');
}

/** One message as a line. */
export function encodeMessage(message: object): string {
  return `${JSON.stringify(message)}\n`;
}

/** Bytes of a DATA message: `text` or `b64`, one of them, or none with `fin`. Throws TurretError protocol_error. */
export function dataOf(message: JsonObject): Buffer {
  const { text, b64 } = message;
  if (text !== undefined && b64 !== undefined)
    throw new TurretError('protocol_error', 'DATA has text or b64, not both');
  if (typeof text === 'string') return Buffer.from(text, 'utf8');
  if (typeof b64 === 'string') {
    const bytes = Buffer.from(b64, 'base64');
    if (bytes.toString('base64') !== b64)
      throw new TurretError('protocol_error', 'b64 is not canonical base64');
    return bytes;
  }
  if (text === undefined && b64 === undefined && message['fin'] === true) return Buffer.alloc(0);
  throw new TurretError('protocol_error', 'DATA without text or b64');
}

/** The same bytes as DATA messages. */
export function* dataMessages(stream: number, channel: number, bytes: Buffer): Generator<JsonObject> {
  for (let at = 0; at < bytes.length; at += LINE_DATA_BYTES_MAX) {
    const part = bytes.subarray(at, at + LINE_DATA_BYTES_MAX);
    yield { t: 'DATA', s: stream, c: channel, ...contentOf(part) };
  }
}

function contentOf(bytes: Buffer): JsonObject {
  try {
    return { text: utf8.decode(bytes) };
  } catch {
    return { b64: bytes.toString('base64') };
  }
}

function tooLong(): TurretError {
  return new TurretError('frame_too_large', `a line of more than ${LINE_BYTES_MAX} bytes`);
}
