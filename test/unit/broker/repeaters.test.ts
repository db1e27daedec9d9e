// A repeater that keeps dying is left alone for a while. The clock is the test's.

import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

import { describe, expect, test } from 'vitest';

import { Repeaters } from '../../../src/broker/repeaters.js';
import type { TurretError } from '../../../src/errors.js';
import { REPEATER_CRASHES_MAX } from '../../../src/protocol/limits.js';

/** The connection of a process that dies as soon as it was started. */
function hungUp(): Socket {
  const socket = new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => done() });
  setImmediate(() => socket.destroy());
  return socket as Socket;
}

/** Repeaters of which each dies at once, and how often one was started and given up. */
function dying(): {
  ensure: () => Promise<TurretError>;
  at: (ms: number) => void;
  seen: Record<string, number>;
} {
  let now = 1_000_000;
  const seen = { starts: 0, lost: 0 };
  const repeaters: Repeaters = new Repeaters(
    [{ name: 'odd', kind: 'odd', tools: [] }],
    {
      start: (name) => {
        seen.starts += 1;
        queueMicrotask(() => repeaters.attach(name, hungUp()));
      },
      registered: () => {},
      lost: () => (seen.lost += 1),
    },
    () => now,
  );
  const ensure = (): Promise<TurretError> =>
    repeaters.ensure('odd').then(
      () => expect.unreachable(),
      (error: TurretError) => error,
    );
  return { ensure, at: (ms) => (now = 1_000_000 + ms), seen };
}

describe('a repeater that keeps dying', () => {
  test('is not started again once it died too often, and it is said for how long', async () => {
    const { ensure, at, seen } = dying();
    for (let crash = 0; crash < REPEATER_CRASHES_MAX; crash += 1) {
      at(crash * 1_000);
      expect((await ensure()).code).toBe('repeater_crashed');
    }
    const refused = await ensure();
    expect(refused).toMatchObject({
      code: 'repeater_unavailable',
      message: 'the repeater "odd" died 5 times within a minute',
    });
    expect(refused.hints[0]).toMatch(/^it is started again in 56 s at the earliest/);
    expect(seen).toEqual({ starts: REPEATER_CRASHES_MAX, lost: REPEATER_CRASHES_MAX });
  });

  test('is started again when the first of the crashes is a minute old, and once only', async () => {
    const { ensure, at, seen } = dying();
    for (let crash = 0; crash < REPEATER_CRASHES_MAX; crash += 1) {
      at(crash * 1_000);
      await ensure();
    }
    at(59_999);
    expect((await ensure()).code).toBe('repeater_unavailable');
    at(60_000);
    expect((await ensure()).code).toBe('repeater_crashed');
    expect((await ensure()).code).toBe('repeater_unavailable');
    expect(seen['starts']).toBe(REPEATER_CRASHES_MAX + 1);
  });
});
