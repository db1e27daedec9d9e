import { expect, test } from 'vitest';

import { DATA_BYTES_MAX, WINDOW_BYTES } from '../../../src/protocol/limits.js';
import { InboundChannel } from '../../../src/wire/channels.js';
import type { FrameSocket } from '../../../src/wire/frame-socket.js';

test('a reader that comes after the whole window was filled still gives the credit back', async () => {
  let credit = 0;
  const socket = { send: ({ payload }: { payload: Buffer }) => void (credit += payload.readUInt32BE(0)) };
  const channel = new InboundChannel({ socket: socket as unknown as FrameSocket, stream: 1, channel: 1 });
  for (let sent = 0; sent < WINDOW_BYTES; sent += DATA_BYTES_MAX) channel.accept(Buffer.alloc(DATA_BYTES_MAX), false);
  // What Node would do in the background is done; only the reader is missing.
  await new Promise((resolve) => setImmediate(resolve));
  expect(credit).toBe(0);
  expect((channel.read() as Buffer).length).toBe(WINDOW_BYTES);
  expect(credit).toBe(WINDOW_BYTES);
});
