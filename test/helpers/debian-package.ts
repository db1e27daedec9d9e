// Files of a Debian package, beside whatever this machine has installed under the same names. Fetched once, by apt, from
// where this machine has its packages; nothing is installed.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

const CACHE = resolve('node_modules/.cache/debian');
const ENVIRONMENT = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' };
/** Of the root user's apt: a full package list takes its time. */
const MS_MAX = 300_000;

/** @returns the directory that stands for `/`. Throws when apt does not have it. */
export function debianPackage(name: string): string {
  const place = join(CACHE, name);
  if (existsSync(place)) return place;
  mkdirSync(CACHE, { recursive: true });
  const scratch = mkdtempSync(join(CACHE, '.fetching-'));
  try {
    fetch(name, scratch);
    const archive = readdirSync(scratch).find((file) => file.endsWith('.deb'));
    if (archive === undefined) throw new Error(`apt-get download ${name} left nothing behind`);
    const root = join(scratch, 'root');
    run('dpkg-deb', ['-x', join(scratch, archive), root], scratch);
    // Whoever came first has the same files.
    if (!existsSync(place)) renameSync(root, place);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return place;
}

function fetch(name: string, directory: string): void {
  try {
    run('apt-get', ['download', name], directory);
  } catch {
    const root = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
    const [file, ...words] = [...root, 'apt-get', 'update'] as const;
    run(file, words, directory);
    run('apt-get', ['download', name], directory);
  }
}

function run(file: string, words: string[], cwd: string): void {
  execFileSync(file, words, { cwd, env: ENVIRONMENT, stdio: ['ignore', 'ignore', 'pipe'], timeout: MS_MAX });
}
