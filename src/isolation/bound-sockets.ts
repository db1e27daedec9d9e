// The kernel's list of Unix sockets.

import { existsSync, readFileSync } from 'node:fs';

/** Number, references, protocol, flags, type, state, inode; then the path, as it was bound. */
const BOUND = /^\S+:(?:\s+\S+){6}\s(\/.*)$/gm;

/**
 * Absolute paths that sockets of this machine are bound to by now. One that was bound by a relative path is not known.
 * @param table text of /proc/net/unix
 */
export function boundSockets(table = readTable()): string[] {
  return [...new Set([...table.matchAll(BOUND)].map(([, path = '']) => path))];
}

function readTable(): string {
  const file = '/proc/net/unix';
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}
