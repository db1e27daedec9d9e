// Reading logs that may have been edited, may be torn, and may be growing while we read.

import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type SignedCheckpoint, splitCheckpoints } from '../audit/checkpoint-read.js';
import { readLine, type ReadLine } from '../audit/read-line.js';
import { LogVerifier, type Verdict } from '../audit/verify.js';
import { TurretError } from '../errors.js';
import { AUDIT_LINE_BYTES_MAX } from '../protocol/limits.js';

const CHUNK_BYTES = 262_144;

export interface RawLine {
  /** Without the LF; no more than the longest line there can be, the rest of a longer one is skipped. */
  bytes: Buffer;
  /** How long it was. */
  length: number;
  /** Ended by an LF. Only the last one can be torn. */
  whole: boolean;
}

/** The lines of an open file from `position` on, in bounded memory. */
export function* readLines(fd: number, position = 0): Generator<RawLine> {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  let pending: Buffer[] = [];
  let [kept, length] = [0, 0];
  const keep = (bytes: Buffer): void => {
    length += bytes.length;
    if (kept > AUDIT_LINE_BYTES_MAX) return;
    kept += bytes.length;
    pending.push(Buffer.from(bytes));
  };
  const take = (whole: boolean): RawLine => {
    const line = {
      bytes: pending.length === 1 ? (pending[0] ?? Buffer.alloc(0)) : Buffer.concat(pending),
      length,
      whole,
    };
    pending = [];
    [kept, length] = [0, 0];
    return line;
  };
  for (let at = position; ;) {
    const count = readSync(fd, chunk, 0, CHUNK_BYTES, at);
    if (count === 0) break;
    at += count;
    const bytes = chunk.subarray(0, count);
    let start = 0;
    for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, start)) {
      keep(bytes.subarray(start, end));
      yield take(true);
      start = end + 1;
    }
    if (start < count) keep(bytes.subarray(start));
  }
  if (length > 0) yield take(false);
}

/** Opens a log for reading. Throws `session_unknown` when there is none. */
export function openLog(file: string): number {
  try {
    // A directory can be opened as well.
    if (statSync(file).isDirectory()) throw new Error('it is a directory');
    return openSync(file, 'r');
  } catch (error) {
    throw new TurretError('session_unknown', `there is no readable audit log at ${JSON.stringify(file)}`, {
      cause: error,
      hints: ['turret audit list shows the sessions there are'],
    });
  }
}

/** The checkpoints beside a log; undefined when the file is gone. */
export function readCheckpoints(logFile: string): (SignedCheckpoint | undefined)[] | undefined {
  try {
    return splitCheckpoints(readFileSync(join(dirname(logFile), 'checkpoints'), 'utf8'));
  } catch {
    // Missing is a finding of the verifier's, not an error of ours.
    return undefined;
  }
}

export interface LogPass {
  file: string;
  hostKey: Uint8Array | undefined;
  /** A writer may be in the middle of a line: a torn end is then no damage. */
  live: boolean;
  /** Called for every readable record, verified or not, in file order. */
  take?: (record: ReadLine) => void;
}

/** Verifies a log, and on the way hands out its records. Throws only when there is no file. */
export function verifyLog(pass: LogPass): Verdict {
  const fd = openLog(pass.file);
  try {
    // Checkpoints first: the log only grows, so it covers what they cover.
    const verifier = new LogVerifier({ hostKey: pass.hostKey, checkpoints: readCheckpoints(pass.file) });
    for (const line of readLines(fd)) {
      if (line.whole) {
        verifier.line(line.bytes, line.length);
        const record = pass.take === undefined ? undefined : readLine(line.bytes);
        if (record !== undefined) pass.take?.(record);
      } else if (!pass.live) {
        verifier.torn(line.bytes);
      }
    }
    return verifier.finish();
  } finally {
    closeSync(fd);
  }
}

/** The readable records of a log, in file order, not verified. */
export function* readRecords(file: string): Generator<ReadLine> {
  const fd = openLog(file);
  try {
    for (const line of readLines(fd)) {
      const record = line.whole ? readLine(line.bytes) : undefined;
      if (record !== undefined) yield record;
    }
  } finally {
    closeSync(fd);
  }
}
