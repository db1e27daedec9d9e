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
import { splitCheckpoints } from '../audit/checkpoint.js';
import { CompactRange } from '../audit/merkle.js';
import { readLine } from '../audit/verify.js';
import { sha256 } from '../crypto/hash.js';
import { TurretError } from '../errors.js';
import { AUDIT_LINE_BYTES_MAX } from '../protocol/limits.js';

export const TORN_FILE = 'audit.torn';
const CHUNK_BYTES = 65_536;

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
  const tail = eachLine(files.logFd, (bytes) => {
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
  });
  if (closed) throw damaged(chain.seq);
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

/** Calls `take` for each whole line and returns the bytes after the last LF. */
function eachLine(fd: number, take: (line: Buffer) => void): Buffer {
  let rest: Buffer = Buffer.alloc(0);
  const chunk = Buffer.alloc(CHUNK_BYTES);
  for (let position = 0; ;) {
    const count = readSync(fd, chunk, 0, CHUNK_BYTES, position);
    if (count === 0) return rest;
    position += count;
    rest = Buffer.concat([rest, chunk.subarray(0, count)]);
    for (let end = rest.indexOf(10); end !== -1; end = rest.indexOf(10)) {
      take(rest.subarray(0, end));
      rest = rest.subarray(end + 1);
    }
    if (rest.length > AUDIT_LINE_BYTES_MAX) throw damaged(-1);
  }
}

function damaged(seq: number): TurretError {
  return new TurretError(
    'audit_damaged',
    `the audit log cannot be continued${seq < 0 ? '' : ` after record ${seq - 1}`}`,
    {
      hints: ['turret audit verify says where the damage is; a closed session is never extended'],
    },
  );
}
