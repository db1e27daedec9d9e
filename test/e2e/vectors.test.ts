// The vectors in the tree are those that the built code makes: neither changes without the other.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

it('the protocol vectors are what the code makes', () => {
  const script = fileURLToPath(new URL('../../scripts/vectors.mjs', import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8', env: {} });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});
