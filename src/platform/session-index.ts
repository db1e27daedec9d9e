// `index.jsonl`: when each session was opened, and with which head it was closed, in one chain over all sessions. It makes
// a session that was deleted, or cut back to before its end, visible. It is not signed: see docs/audit.md for what that means.

import {
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { advance, type ChainHead, encodeLine, GENESIS, leafOf } from '../audit/chain.js';
import { readLine } from '../audit/read-line.js';
import { TurretError } from '../errors.js';
import type { LogHead } from './audit-file.js';
import { readLines } from './audit-read.js';
import { withLock } from './lock-file.js';

const INDEX_FILE = 'index.jsonl';
const TAIL_BYTES = 8_192;

export type IndexEntry =
  | { type: 'session.open'; name: string }
  | ({ type: 'session.close'; name: string } & LogHead);

/** Appends one entry; it is on the disk when this returns. Throws `state_unwritable`. */
export function appendIndex(stateDirectory: string, entry: IndexEntry, now: number): void {
  const file = join(stateDirectory, INDEX_FILE);
  withLock(join(stateDirectory, 'index.lock'), () => {
    try {
      const fd = openSync(
        file,
        constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW,
        0o600,
      );
      try {
        const { type, ...body } = entry;
        const line = encodeLine(headOf(fd), { ts: new Date(now).toISOString() }, type, body);
        writeSync(fd, Buffer.concat([line, Buffer.from('\n')]));
        fdatasyncSync(fd);
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      const why = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
      throw new TurretError('state_unwritable', `the index of sessions cannot be written${why}`, {
        cause: error,
        hints: [
          'make room in the state directory and make it writable: nothing runs that cannot be recorded',
        ],
      });
    }
  });
}

/** Where the chain ends, from the last line alone. A torn line is cut off: a crash in the middle of this very function. */
function headOf(fd: number): ChainHead {
  const { size } = fstatSync(fd);
  const bytes = Buffer.alloc(Math.min(size, TAIL_BYTES));
  readSync(fd, bytes, 0, bytes.length, size - bytes.length);
  const end = bytes.lastIndexOf(10);
  if (end !== bytes.length - 1) ftruncateSync(fd, size - (bytes.length - 1 - end));
  if (end === -1) return GENESIS;
  const line = bytes.subarray(bytes.lastIndexOf(10, end - 1) + 1, end);
  const seq = readLine(line)?.seq ?? 0;
  return advance({ seq, prev: GENESIS.prev }, leafOf(line));
}

export interface SessionIndex {
  /** Names of sessions, with their head when they were closed. */
  sessions: Map<string, LogHead | undefined>;
  /** Line of the first entry that does not follow from the one before. */
  brokenAt: number | undefined;
}

/** Reads the whole index; an index that does not exist is empty. */
export function readIndex(stateDirectory: string): SessionIndex {
  const index: SessionIndex = { sessions: new Map(), brokenAt: undefined };
  let fd: number;
  try {
    fd = openSync(join(stateDirectory, INDEX_FILE), 'r');
  } catch {
    // No session has been recorded here yet.
    return index;
  }
  try {
    let chain = GENESIS;
    let lineNumber = 0;
    for (const { bytes, whole } of readLines(fd)) {
      lineNumber += 1;
      const line = whole ? readLine(bytes) : undefined;
      const follows =
        line !== undefined && line.seq === chain.seq && line.prev === chain.prev.toString('base64url');
      if (!follows) index.brokenAt ??= lineNumber;
      chain = advance({ seq: line?.seq ?? chain.seq, prev: chain.prev }, leafOf(bytes));
      const { name, records, head, root } = line?.value ?? {};
      if (typeof name !== 'string') continue;
      const closed = typeof records === 'number' && typeof head === 'string' && typeof root === 'string';
      // What was closed first counts: nothing that is added later makes a log shorter.
      const before = index.sessions.get(name);
      index.sessions.set(name, before ?? (closed ? { records, head, root } : undefined));
    }
    return index;
  } finally {
    closeSync(fd);
  }
}
