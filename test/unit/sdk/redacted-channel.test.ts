// An agent that takes nothing for a while, against the time after which a beginning is let go.

import { setTimeout as sleep } from 'node:timers/promises';

import { expect, test } from 'vitest';

import { keepSecret } from '../../../repeaters/sdk/own-secrets.js';
import { RedactedChannel } from '../../../repeaters/sdk/redacted-channel.js';
import { CHANNEL } from '../../../src/protocol/codes.js';
import type { Frame } from '../../../src/protocol/frames.js';
import { REDACTION_HOLD_MS_MAX, WINDOW_BYTES } from '../../../src/protocol/limits.js';
import type { FrameSocket } from '../../../src/wire/frame-socket.js';

test('who makes the stream wait in the middle of a secret gets none of it', async () => {
  const secret = 'whole-or-not-at-all';
  keepSecret(secret);
  const sent: Buffer[] = [];
  const socket = {
    cork: (send: () => void) => send(),
    send: ({ payload }: Partial<Frame>) => void sent.push(Buffer.from(payload ?? [])),
  };
  const channel = new RedactedChannel({
    socket: socket as unknown as FrameSocket,
    stream: 2,
    channel: CHANNEL.STDOUT,
  });
  const written = (text: string) => new Promise<void>((resolve) => channel.write(text, () => resolve()));
  const first = written(`${'.'.repeat(WINDOW_BYTES + 1)}${secret.slice(0, -1)}`);
  await sleep(2 * REDACTION_HOLD_MS_MAX);
  const credit = Buffer.alloc(4);
  credit.writeUInt32BE(WINDOW_BYTES);
  channel.addCredit(credit);
  await first;
  await written(`${secret.slice(-1)};`);
  expect(Buffer.concat(sent).toString().slice(WINDOW_BYTES)).toBe('.[redacted by turret];');
  channel.destroy();
});
