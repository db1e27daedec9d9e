// An SQLite database is a file and what may lie beside it: a write-ahead log with its index, or a journal. Looked at before
// each statement, because programs that use it come and go.

import { closeSync, constants, fstatSync, openSync, readSync, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

import { TurretError } from '../../../src/errors.js';
import { isWithin } from '../../../src/platform/paths.js';
import type { SqliteDatabase } from '../databases.js';
import type { Looked } from './errand.js';
import { lookAt } from './looked.js';

const HEADER_BYTES = 100;
const MAGIC = 'SQLite format 3\0';
/** Where the header says which kind of log it is written with; 2 is a write-ahead log. */
const WRITE_VERSION_AT = 18;
const WAL = 2;

export interface DatabaseFiles {
  file: string;
  /** It, and what of what lies beside it is shown. */
  looked: Looked[];
  readable: string[];
  writable: string[];
  /** It has a write-ahead log and nobody has it open: only then there is no log beside it. */
  immutable: boolean;
  recovers: boolean;
  /** Throws TurretError repeater_error when it is not the file any more that was immutable. */
  check: () => void;
}

/** @throws TurretError `repeater_error` when it is no database */
export function filesOf(
  { alias, file: named, write }: SqliteDatabase,
  { writes, agentWrites }: { writes: boolean; agentWrites: readonly string[] },
): DatabaseFiles {
  const { file, header } = opened(alias, named);
  if (header.length > 0 && header.toString('latin1', 0, MAGIC.length) !== MAGIC) throw noDatabase(alias);
  const looked = ['', '-wal', '-shm', '-journal'].flatMap((end) => lookAt(`${file}${end}`) ?? []);
  const beside = (end: string): string[] =>
    looked.map(({ path }) => path).filter((path) => path === `${file}${end}`);
  // Undoing what a journal says is writing what it says: one of the agent's would change what the agent may only read.
  if (beside('-journal').length > 0 && agentWrites.some((directory) => isWithin(file, directory)))
    throw new TurretError(
      'repeater_error',
      `a journal lies beside the database "${alias}", where the agent could have put it`,
      { hints: ['ask again when nobody writes to it; keep the database out of the workspace'] },
    );
  const recovers = write && !writes && beside('-journal').length > 0;
  // SQLite makes and removes what lies beside it.
  if (writes || recovers)
    return {
      ...{ file, looked: looked.filter(({ path }) => path === file), immutable: false, recovers },
      ...{ readable: [], writable: [dirname(file)], check: () => {} },
    };
  const immutable = header[WRITE_VERSION_AT] === WAL && beside('-wal').length === 0;
  const before = stateOf(file);
  return {
    file,
    looked,
    readable: [file, ...beside('-wal'), ...beside('-journal')],
    // Readers write into the index of the log where they are reading, so that nobody takes that away.
    writable: beside('-shm'),
    immutable,
    recovers,
    check: () => {
      if (immutable && stateOf(file) !== before)
        throw new TurretError('repeater_error', `the database "${alias}" changed while it was read`, {
          hints: ['ask again; what came of it so far may be wrong'],
        });
    },
  };
}

export function noDatabase(alias: string): TurretError {
  return new TurretError('repeater_error', `the file of "${alias}" is no SQLite database`, {
    hints: ['sqlite: of the database in turret.yaml names it; a file that is encrypted cannot be read'],
  });
}

function opened(alias: string, named: string): { file: string; header: Buffer } {
  let fd: number | undefined;
  try {
    // Of a pipe the other end would be waited for.
    fd = openSync(named, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    if (!fstatSync(fd).isFile()) throw noDatabase(alias);
    const header = Buffer.alloc(HEADER_BYTES);
    return { file: realpathSync(named), header: header.subarray(0, readSync(fd, header)) };
  } catch (cause) {
    if (cause instanceof TurretError) throw cause;
    throw unopened(alias, cause as NodeJS.ErrnoException);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function unopened(alias: string, cause: NodeJS.ErrnoException): TurretError {
  const { code = '' } = cause;
  const what = `the file of the database "${alias}"`;
  // Where the agent can put one it would choose the file.
  if (code === 'ELOOP')
    return new TurretError('repeater_error', `${what} is a link`, {
      cause,
      hints: ['sqlite: of the database in turret.yaml has to name the file itself'],
    });
  return new TurretError(
    'repeater_error',
    `${what} ${code === 'ENOENT' ? 'is not there' : `cannot be opened (${code})`}`,
    { cause, hints: ["sqlite: in turret.yaml names it; a relative path begins in that file's directory"] },
  );
}

function stateOf(file: string): string {
  const { ino, size, mtimeNs } = statSync(file, { bigint: true });
  return `${ino} ${size} ${mtimeNs}`;
}
