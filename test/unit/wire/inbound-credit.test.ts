import { PassThrough } from 'node:stream';

import { expect, test } from 'vitest';

import { FRAME } from '../../../src/protocol/codes.js';
import { FrameDecoder } from '../../../src/protocol/frames.js';
import { DATA_BYTES_MAX, WINDOW_BYTES } from '../../../src/protocol/limits.js';
import { InboundChannel } from '../../../src/wire/channels.js';
import { FrameSocket } from '../../../src/wire/frame-socket.js';

test('a reader that comes after the whole window was filled still gives the credit back', async () => {
  const wire = new PassThrough();
  const socket = new FrameSocket(wire, { frame: () => {}, close: () => {} });
  const decoder = new FrameDecoder({ preface: true });
  let credit = 0;
  wire.on('data', (bytes: Buffer) => {
    for (const { type, payload } of decoder.push(bytes)) {
      if (type === FRAME.CREDIT) credit += Buffer.from(payload).readUInt32BE(0);
    }
  });
  // What is sent here comes back here.
  socket.sendPreface();
  const channel = new InboundChannel({ socket, stream: 1, channel: 1 });
  for (let sent = 0; sent < WINDOW_BYTES; sent += DATA_BYTES_MAX)
    channel.accept(Buffer.alloc(DATA_BYTES_MAX), false);
  // What Node would do in the background is done; only the reader is missing.
  await new Promise((resolve) => setImmediate(resolve));
  expect(credit).toBe(0);
  expect(channel.read()).toHaveLength(WINDOW_BYTES);
  await new Promise((resolve) => setImmediate(resolve));
  expect(credit).toBe(WINDOW_BYTES);
});
