// An agent that takes nothing for a while, against the time after which a beginning is let go.

import { setTimeout as sleep } from 'node:timers/promises';

import { expect, test } from 'vitest';

import { keepSecret } from '../../../repeaters/sdk/own-secrets.js';
import { RedactedChannel } from '../../../repeaters/sdk/redacted-channel.js';
import { CHANNEL } from '../../../src/protocol/codes.js';
import type { Frame } from '../../../src/protocol/frames.js';
import { REDACTION_HOLD_MS_MAX, WINDOW_BYTES } from '../../../src/protocol/limits.js';
import type { FrameSocket } from '../../../src/wire/frame-socket.js';

test.each([
  ['in the middle of a secret', [-1]],
  ['at its beginning, with more of it waiting', [2, 10]],
  ['twice', [2, 3, 10, -1]],
])('who makes the stream wait %s gets none of it', async (_where, cuts) => {
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
  const parts = cuts.map((cut, index) => secret.slice(cuts[index - 1] ?? 0, cut));
  const [first = '', ...others] = parts;
  const waiting = [written(`${'.'.repeat(WINDOW_BYTES + 1)}${first}`), ...others.map(written)];
  await sleep(2 * REDACTION_HOLD_MS_MAX);
  const credit = Buffer.alloc(4);
  credit.writeUInt32BE(WINDOW_BYTES);
  channel.addCredit(credit);
  await Promise.all(waiting);
  await written(`${secret.slice(cuts.at(-1))};`);
  expect(Buffer.concat(sent).toString().slice(WINDOW_BYTES)).toBe('.[redacted by turret];');
  channel.destroy();
});
