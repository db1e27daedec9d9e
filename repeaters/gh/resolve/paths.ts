// A path that an agent typed. It is never opened here: the shim opens it with the agent's own rights and sends the
// bytes. What is refused are names that mean something to a shell or lead to where secrets live.

import { posix } from 'node:path';
import { FILE_PATH_BYTES_MAX } from '../../../src/protocol/limits.js';
import { refusal } from './refusal.js';
import { checkWord } from './words.js';

const SHARED = '/tmp/';
const KERNEL = /^\/(?:proc|sys|dev)(?:\/|$)/;

/**
 * The path relative to the caller's directory, or absolute below /tmp; `.` is the directory itself.
 * @throws TurretError `unresolvable` for a path that leaves both, a hidden name, `~` or `$`
 */
export function carriedPath(word: string, { cwd, what }: { cwd: string; what: string }): string {
  const hint = 'use a file below the current directory or /tmp, or standard input (-)';
  checkWord(word, what);
  if (word === '' || Buffer.byteLength(word) > FILE_PATH_BYTES_MAX || /^~|[$\\]/.test(word)) {
    throw refusal(`${what} ${JSON.stringify(word)} is not a plain path`, hint);
  }
  if (word.split('/').includes('..')) throw refusal(`${what} ${JSON.stringify(word)} has a .. in it`, hint);
  const path = below(posix.normalize(word).replace(/(?<=.)\/$/, ''), cwd);
  if (path === undefined)
    throw refusal(`${what} ${JSON.stringify(word)} is outside the current directory`, hint);
  // `./~` is only now what it is.
  if (path.startsWith('~')) throw refusal(`${what} ${JSON.stringify(word)} is not a plain path`, hint);
  const parts = path.split('/').filter((part) => part !== '');
  if (path !== '.' && parts.some((part) => part.startsWith('.') || part.startsWith('-'))) {
    throw refusal(`${what} ${JSON.stringify(word)} has a hidden or option-like name in it`, hint);
  }
  return path;
}

function below(path: string, cwd: string): string | undefined {
  if (!path.startsWith('/')) return KERNEL.test(cwd) ? undefined : path;
  const root = posix.normalize(`${cwd}/`);
  if (root !== '/' && !KERNEL.test(root)) {
    if (`${path}/` === root) return '.';
    if (path.startsWith(root)) return path.slice(root.length);
  }
  return path.startsWith(SHARED) ? path : undefined;
}
