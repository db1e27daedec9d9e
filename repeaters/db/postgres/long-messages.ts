// A message of the server is held until it is whole, and says itself how long it is: up to a GiB, for one value that a
// statement made up (repeat('x', 1000000000)). What is too long ends the connection before it is held.

import type { Duplex } from 'node:stream';

import { TurretError } from '../../../src/errors.js';
import { DB_ROW_BYTES_MAX } from '../../../src/protocol/limits.js';

/** A byte for the kind, four for the length, which counts itself and what follows. */
const HEAD_BYTES = 5;

/** From the first message on that `stream` brings. */
export function refuseLongMessages(stream: Duplex): void {
  let head = Buffer.alloc(0);
  let rest = 0;
  stream.on('data', (chunk: Buffer) => {
    for (let at = 0; at < chunk.length;) {
      const skipped = Math.min(rest, chunk.length - at);
      rest -= skipped;
      at += skipped;
      const part = chunk.subarray(at, at + HEAD_BYTES - head.length);
      head = Buffer.concat([head, part]);
      at += part.length;
      if (head.length < HEAD_BYTES) return;
      rest = head.readUInt32BE(1) - (HEAD_BYTES - 1);
      head = Buffer.alloc(0);
      if (rest > DB_ROW_BYTES_MAX || rest < 0) return void stream.destroy(tooLong());
    }
  });
}

function tooLong(): TurretError {
  return new TurretError('output_limit', `a row of the result is longer than ${DB_ROW_BYTES_MAX} bytes`, {
    hints: ['ask for a part of it (substring, left)'],
  });
}
