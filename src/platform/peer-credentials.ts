// Which process is at the other end of a Unix socket, as the kernel says (unix(7)): a token stolen out of the sandbox is
// worth nothing to a process outside of it.

import { closeSync, readFileSync, readlinkSync } from 'node:fs';

import type { Libc } from './libc.js';

const SO_PEERCRED = 17;
/** Linux 6.5. */
const SO_PEERPIDFD = 77;
/** Longest chain of parents that is followed. */
const ANCESTORS_MAX = 64;

/** Whether the kernel lets us look at the process that connected. */
export function isPeerVisible(libc: Libc, descriptor: number): boolean {
  const credentials = Buffer.alloc(12);
  if (descriptor < 0 || libc.socketOption(descriptor, SO_PEERCRED, credentials) !== 0) return false;
  try {
    return readlinkSync(`/proc/${credentials.readInt32LE(0)}/ns/pid`) !== '';
  } catch {
    // Another user's.
    return false;
  }
}

/** Whether the process that connected, or one of its ancestors, is in this process namespace (its inode number). */
export function isPeerWithin(libc: Libc, descriptor: number, pidNamespace: string): boolean {
  const credentials = Buffer.alloc(12);
  if (libc.socketOption(descriptor, SO_PEERCRED, credentials) !== 0) return false;
  const pid = credentials.readInt32LE(0);
  const answer = hasAncestorIn(pid, `pid:[${pidNamespace}]`);
  // Looked at afterwards: if it lives, its number was its own all the time.
  return answer && isStill(libc, descriptor, pid);
}

// An agent's own sandbox has a namespace below, and its processes have a parent in ours.
function hasAncestorIn(first: number, namespace: string): boolean {
  let pid = first;
  try {
    for (let step = 0; step < ANCESTORS_MAX && pid > 1; step += 1) {
      if (readlinkSync(`/proc/${pid}/ns/pid`) === namespace) return true;
      pid = Number(/^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]);
    }
  } catch {
    // Gone, or not ours to look at.
  }
  return false;
}

function isStill(libc: Libc, descriptor: number, pid: number): boolean {
  const handle = Buffer.alloc(4);
  // An older kernel cannot tell; then its number is all there is.
  if (libc.socketOption(descriptor, SO_PEERPIDFD, handle) !== 0) return true;
  const pidfd = handle.readInt32LE(0);
  try {
    return new RegExp(`^Pid:\\s*${pid}$`, 'm').test(readFileSync(`/proc/self/fdinfo/${pidfd}`, 'latin1'));
  } finally {
    closeSync(pidfd);
  }
}
