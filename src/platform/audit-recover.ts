// Opening a log that exists: where does its chain end, and is its last line whole? A torn last line is what a crash of
// the machine leaves and is moved aside. Damage anywhere else is evidence and is never repaired.

import {
  constants,
  closeSync,
  fstatSync,
  ftruncateSync,
  fdatasyncSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { advance, type ChainHead, GENESIS, leafOf } from '../audit/chain.js';
import { splitCheckpoints } from '../audit/checkpoint-read.js';
import { CompactRange } from '../audit/merkle.js';
import { readLine } from '../audit/read-line.js';
import { sha256 } from '../crypto/hash.js';
import { TurretError } from '../errors.js';
import { AUDIT_LINE_BYTES_MAX } from '../protocol/limits.js';
import { readLines } from './audit-read.js';

export const TORN_FILE = 'audit.torn';

export interface RecoveredLog {
  chain: ChainHead;
  range: CompactRange;
  torn: { bytes: number; sha256: string } | undefined;
}

/** Walks the log in its open file. Throws `audit_damaged` when a whole line does not follow from the one before, or the log is closed. */
export function recoverLog(files: { directory: string; logFd: number; checkpointsFd: number }): RecoveredLog {
  let chain = GENESIS;
  const range = new CompactRange();
  let closed = false;
  let tail: Buffer = Buffer.alloc(0);
  for (const { bytes, whole } of readLines(files.logFd)) {
    if (!whole) {
      tail = bytes;
      break;
    }
    const line = readLine(bytes);
    if (
      closed ||
      line === undefined ||
      line.seq !== chain.seq ||
      line.prev !== chain.prev.toString('base64url')
    ) {
      throw damaged(chain.seq);
    }
    closed = line.type === 'session.end';
    const leaf = leafOf(bytes);
    chain = advance(chain, leaf);
    range.append(leaf);
  }
  if (closed || tail.length >= AUDIT_LINE_BYTES_MAX) throw damaged(chain.seq);
  dropTornCheckpoint(files.checkpointsFd);
  if (tail.length === 0) return { chain, range, torn: undefined };
  moveAside(files.directory, files.logFd, tail);
  return { chain, range, torn: { bytes: tail.length, sha256: sha256(tail).toString('hex') } };
}

function moveAside(directory: string, logFd: number, tail: Buffer): void {
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;
  const torn = openSync(join(directory, TORN_FILE), flags, 0o600);
  try {
    writeSync(torn, tail);
    fdatasyncSync(torn);
  } finally {
    closeSync(torn);
  }
  ftruncateSync(logFd, fstatSync(logFd).size - tail.length);
}

/** A checkpoint is five lines; a part of one at the end says nothing and would spoil the next. */
function dropTornCheckpoint(fd: number): void {
  const { size } = fstatSync(fd);
  const bytes = Buffer.alloc(size);
  readSync(fd, bytes, 0, size, 0);
  const blocks = splitCheckpoints(bytes.toString());
  if (blocks.length === 0 || blocks.at(-1) !== undefined) return;
  const lines = bytes.toString('latin1').split('\n');
  const whole = lines.slice(0, Math.floor((lines.length - 1) / 5) * 5);
  const keep = whole.reduce((sum, line) => sum + line.length + 1, 0);
  if (keep < size) ftruncateSync(fd, keep);
}

function damaged(seq: number): TurretError {
  return new TurretError('audit_damaged', `the audit log cannot be continued after ${seq} records`, {
    hints: ['turret audit verify says where the damage is; a closed session is never extended'],
  });
}
