import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { dataMessages, dataOf, encodeMessage, readMessages } from '../../../repeaters/host/lines.js';
import { parseControl } from '../../../src/protocol/json.js';
import { LINE_BYTES_MAX } from '../../../src/protocol/limits.js';
import type { JsonObject } from '../../../src/protocol/messages.js';
import { bytes, codeOf, vectors } from './vectors.js';

async function readAll(chunks: Buffer[]): Promise<JsonObject[]> {
  const messages: JsonObject[] = [];
  for await (const message of readMessages(Readable.from(chunks))) messages.push(message);
  return messages;
}

function outcome(chunks: Buffer[]): Promise<string> {
  return readAll(chunks).then(
    (messages) => `${messages.length} messages`,
    (error: unknown) => (error as { code?: string }).code ?? String(error),
  );
}

describe('the line profile', () => {
  it.each(vectors.lines)('$name: is the same DATA as a line', ({ line, channel, payload }) => {
    const message = parseControl(Buffer.from(line));
    expect([message['c'], dataOf(message)]).toEqual([channel, bytes(payload)]);
    expect([...dataMessages(2, channel, bytes(payload))].map(encodeMessage)).toEqual([`${line}\n`]);
  });

  it.each(vectors.lines_refused)('$name: is refused', ({ line }) => {
    expect(codeOf(() => dataOf(parseControl(Buffer.from(line))))).toBe('protocol_error');
  });

  it('keeps control characters, the longest to escape, within the limit', () => {
    const lines = [...dataMessages(2, 1, Buffer.alloc(65_536, 1))].map(encodeMessage);
    expect(Math.max(...lines.map((line) => Buffer.byteLength(line)))).toBeLessThanOrEqual(LINE_BYTES_MAX);
  });

  it('takes a line of the largest length, refuses one byte more, with or without its end', async () => {
    const line = (length: number): Buffer => Buffer.from(`{"a":"${'x'.repeat(length - 9)}"}\n`);
    expect(line(LINE_BYTES_MAX)).toHaveLength(LINE_BYTES_MAX);
    expect(await outcome([line(LINE_BYTES_MAX)])).toBe('1 messages');
    expect(await outcome([line(LINE_BYTES_MAX + 1)])).toBe('frame_too_large');
    expect(await outcome([Buffer.alloc(LINE_BYTES_MAX, 0x20)])).toBe('frame_too_large');
  });

  it('refuses a last line without its end, and what is no object', async () => {
    expect(await outcome([Buffer.from('{"t":"END"}')])).toBe('protocol_error');
    expect(await outcome([Buffer.from('[]\n')])).toBe('protocol_error');
    expect(await outcome([Buffer.from('\n')])).toBe('protocol_error');
    expect(await outcome([Buffer.from('{"t":"END"}\n')])).toBe('1 messages');
  });
});
