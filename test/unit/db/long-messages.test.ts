import { PassThrough } from 'node:stream';

import { expect, test } from 'vitest';

import { refuseLongMessages } from '../../../repeaters/db/postgres/long-messages.js';
import { DB_ROW_BYTES_MAX } from '../../../src/protocol/limits.js';

function message(kind: string, length: number, sent = length): Buffer {
  const head = Buffer.alloc(5);
  head.write(kind, 'latin1');
  head.writeUInt32BE(length + 4, 1);
  return Buffer.concat([head, Buffer.alloc(sent, 'x')]);
}

/** What comes of these bytes, in pieces of this size. */
async function verdict(bytes: Buffer, piece: number): Promise<string> {
  const stream = new PassThrough();
  refuseLongMessages(stream);
  const ended = new Promise<string>((resolve) => {
    stream.on('error', ({ message: text }) => resolve(text));
    stream.on('end', () => resolve('passed'));
  });
  for (let at = 0; at < bytes.length; at += piece) stream.write(bytes.subarray(at, at + piece));
  stream.end();
  return ended;
}

const SHORT = Buffer.concat([message('D', 300), message('Z', 0), message('D', 1), message('C', 7)]);

test.each([1, 2, 5, 7, 4_096])('messages pass in pieces of %i bytes', async (piece) => {
  expect(await verdict(SHORT, piece)).toBe('passed');
});

test.each([1, 3, 4_096])(
  'one that says it is too long ends the connection, in pieces of %i bytes',
  async (piece) => {
    const long = message('D', DB_ROW_BYTES_MAX + 1, 3);
    expect(await verdict(Buffer.concat([SHORT, long]), piece)).toContain('longer than');
  },
);

test('one that is as long as may be passes', async () => {
  expect(await verdict(Buffer.concat([message('D', DB_ROW_BYTES_MAX), SHORT]), 65_536)).toBe('passed');
});

test('a length that cannot be ends the connection', async () => {
  const wrong = Buffer.from([0x44, 0, 0, 0, 1, 0, 0]);
  expect(await verdict(wrong, 7)).toContain('longer than');
});
