import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { boundSockets } from '../../../src/isolation/bound-sockets.js';

const TABLE = `Num       RefCount Protocol Flags    Type St Inode Path
ffff88810b1e8000: 00000002 00000000 00010000 0001 01 20481 /home/me/.cache/agent/daemon.sock
ffff88810b1e8440: 00000003 00000000 00000000 0001 03 20482 /home/me/.cache/agent/daemon.sock
ffff88810b1e8880: 00000002 00000000 00010000 0001 01  9417 /home/me/.claude/with a space.sock
ffff88810b1e9100: 00000002 00000000 00010000 0001 01 20484 @/home/me/.cache/abstract
ffff88810b1e9540: 00000002 00000000 00010000 0001 01 20485 agent/relative.sock
ffff88810b1e9980: 00000003 00000000 00000000 0001 03 20486
`;

test('each path that is bound is there once, and no name that is no path', () => {
  expect(boundSockets(TABLE)).toEqual([
    '/home/me/.cache/agent/daemon.sock',
    '/home/me/.claude/with a space.sock',
  ]);
});

test('finds a socket of this machine', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'bound-sockets-'));
  const path = join(directory, 'daemon.sock');
  const server = createServer();
  try {
    await new Promise<void>((resolve) => server.listen(path, resolve));
    expect(boundSockets()).toContain(path);
  } finally {
    server.close();
    rmSync(directory, { recursive: true, force: true });
  }
});
