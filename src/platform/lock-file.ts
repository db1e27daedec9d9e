// A lock between processes of one user, for the millisecond an index entry takes. Node has no flock(2), so the lock is a
// file that only one can create; its holder's pid and start time are in it, so that a lock whose holder was killed can be taken over.

import { randomBytes } from 'node:crypto';
import {
  closeSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { TurretError } from '../errors.js';
import { isAlive, startTicks } from './process-alive.js';

const WAIT_MS_MAX = 2_000;
const POLL_MS = 5;
const UNFINISHED_MS_MAX = 1_000;

/** Runs `work` while holding the lock. Throws `state_unwritable` when it is not to be had within two seconds. */
export function withLock<T>(file: string, work: () => T): T {
  const mine = `${process.pid} ${startTicks(process.pid) ?? '-'} ${randomBytes(8).toString('hex')}\n`;
  const until = performance.now() + WAIT_MS_MAX;
  while (!take(file, mine)) {
    removeStale(file);
    if (performance.now() > until) {
      throw new TurretError('state_unwritable', `${JSON.stringify(file)} is held by another process`, {
        hints: ['remove it when no turret is running'],
      });
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, POLL_MS);
  }
  try {
    return work();
  } finally {
    rmSync(file, { force: true });
  }
}

function take(file: string, mine: string): boolean {
  let fd: number;
  try {
    fd = openSync(file, 'wx', 0o600);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw unwritable(error);
  }
  try {
    writeSync(fd, mine);
    return true;
  } catch (error) {
    rmSync(file, { force: true }); // a full disk: an empty lock would be nobody's for ever
    throw unwritable(error);
  } finally {
    closeSync(fd);
  }
}

function unwritable(cause: unknown): TurretError {
  const why = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
  return new TurretError('state_unwritable', `the state directory cannot be written${why}`, {
    cause,
    hints: ['make room there and make it writable: nothing runs that cannot be recorded'],
  });
}

function read(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    // Released in between.
    return '';
  }
}

/** Two processes may both see the same dead holder: what was moved away is looked at again, and put back if it was alive. */
function removeStale(file: string): void {
  if (!isStale(read(file)) && !isUnfinished(file)) return;
  const aside = `${file}.${process.pid}.stale`;
  try {
    renameSync(file, aside);
    if (!isStale(read(aside)) && !isUnfinished(aside)) linkSync(aside, file);
  } catch {
    // Somebody else was faster; the next turn of the loop sees what is there.
  } finally {
    rmSync(aside, { force: true });
  }
}

// Killed between making the lock and writing its name into it.
function isUnfinished(file: string): boolean {
  const found = statSync(file, { throwIfNoEntry: false });
  return found?.size === 0 && Date.now() - found.mtimeMs > UNFINISHED_MS_MAX;
}

function isStale(content: string): boolean {
  const [pid, ticks] = content.trim().split(' ');
  if (pid === undefined || ticks === undefined || !/^[1-9][0-9]*$/.test(pid)) return false;
  return !isAlive(Number(pid), ticks === '-' ? undefined : ticks);
}
