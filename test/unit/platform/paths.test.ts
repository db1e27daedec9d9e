// What is left of a PATH for programs that run with rights an agent must not have.

import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { trustedPath } from '../../../src/platform/paths.js';

let root = '';
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'turret-paths-')));
  for (const name of ['bin', 'agents']) mkdirSync(join(root, name));
  symlinkSync(join(root, 'agents'), join(root, 'link'));
});
afterEach(() => rmSync(root, { recursive: true }));

describe('a PATH that is trusted', () => {
  test('has neither what the agent writes, nor a link to it, nor relative directories', () => {
    const words = [join(root, 'bin'), join(root, 'agents'), join(root, 'link'), 'node_modules/.bin', ''];
    expect(trustedPath(words.join(':'), [join(root, 'agents')])).toBe(join(root, 'bin'));
  });

  test('has what is not there, and no directory that cannot be looked at', () => {
    const absent = join(root, 'absent');
    // The kernel refuses to look at it, for root too.
    const refused = join(root, 'x'.repeat(300), 'bin');
    expect(trustedPath([refused, absent, join(root, 'bin')].join(':'), [join(root, 'agents')])).toBe(
      [absent, join(root, 'bin')].join(':'),
    );
  });
});
