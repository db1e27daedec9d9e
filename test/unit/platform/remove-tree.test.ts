// What an agent or a program leaves so that it stays.

import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

import { removeTree, removeTreeSoon } from '../../../src/platform/remove-tree.js';

let place: string;
let tree: string;
let kept: string;
beforeEach(() => {
  place = mkdtempSync('/tmp/trt-');
  [tree, kept] = [join(place, 'tree'), join(place, 'kept')];
  writeFileSync(kept, 'kept');
  chmodSync(kept, 0o400);
  // Deeper than a path can say, not to be entered, and with links out of it.
  execFileSync('/usr/bin/python3', [
    '-c',
    `import os, sys
tree, kept = sys.argv[1:]
os.makedirs(tree + '/locked/below')
os.symlink(kept, tree + '/link')
os.symlink(os.path.dirname(kept), tree + '/locked/up')
os.chmod(tree + '/locked/below', 0)
os.chmod(tree + '/locked', 0)
os.chdir(tree)
for _ in range(40):
    os.mkdir('d' * 200)
    os.chdir('d' * 200)
`,
    tree,
    kept,
  ]);
});
afterEach(() => execFileSync('/bin/sh', ['-c', 'chmod -R u+rwx "$0"; rm -rf "$0"', place]));

it.each<[string, (path: string) => Promise<void>]>([
  ['before anything goes on', (path) => Promise.resolve(removeTree(path))],
  ['while other things go on', removeTreeSoon],
])('is removed %s, and nothing around it', async (_how, remove) => {
  await remove(tree);
  expect(existsSync(tree)).toBe(false);
  expect(readFileSync(kept, 'utf8')).toBe('kept');
  expect(statSync(kept).mode & 0o777).toBe(0o400);
  // Nor need it be there.
  await expect(remove(tree)).resolves.toBeUndefined();
});
