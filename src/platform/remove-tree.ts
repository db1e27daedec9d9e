// Directories in which an agent or a program worked. What it left there may resist: a directory that its owner may not
// enter, or one deeper than a path can say. Left alone it would outlive its call, and every later session that tidies up
// after this one would stumble over it.

import { execFile, spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { promisify } from 'node:util';

// Both go down by descriptors. Links are not followed: what they lead to is not ours to open.
const SCRIPT = 'chmod -R u+rwx -- "$1"; exec rm -rf -- "$1"';
const words = (path: string): string[] => ['-c', SCRIPT, 'sh', path];
/** For whoever does it as another user: the same, as a program and its words. */
export const removal = (path: string): string[] => ['/bin/sh', ...words(path)];
const OPTIONS = { cwd: '/', env: { PATH: '/usr/bin:/bin' } };

/** Also when there is none. Throws what keeps it there. */
export function removeTree(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch (error) {
    const { status } = spawnSync('/bin/sh', words(path), { ...OPTIONS, stdio: 'ignore' });
    if (status !== 0) throw error;
  }
}

/** As `removeTree`, while other calls go on. */
export async function removeTreeSoon(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch {
    await promisify(execFile)('/bin/sh', words(path), OPTIONS);
  }
}
