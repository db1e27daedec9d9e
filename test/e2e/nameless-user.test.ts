// Containers run programs as users that no password file knows.

import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const NOBODY_HAS = '54999';

it('commands work for a user who is in no password file', async () => {
  const words = [
    '--user',
    `--map-user=${NOBODY_HAS}`,
    process.execPath,
    path.resolve('bin/turret.js'),
    '--help',
  ];
  const env = { PATH: '/usr/bin:/bin', HOME: '/nonexistent' };
  const { stdout } = await promisify(execFile)('/usr/bin/unshare', words, { env });
  expect(stdout).toContain('turret');
});
