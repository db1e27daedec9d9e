// The state directory and what it holds:
//   host.key   index.jsonl   sessions.json (a cache)   compiled/ (another)
//   sessions/<start, UTC, compact>-<sid hex>/{audit.jsonl, checkpoints, meta.json, audit.torn}
// Several `turret run` start at once: each makes its own directory and nobody rewrites a file another one writes.

import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { TurretError } from '../errors.js';
import { type LogHead, LOG_FILE } from './audit-file.js';
import { makeDirectories } from './make-directories.js';
import { isAlive, startTicks } from './process-alive.js';
import { appendIndex } from './session-index.js';

export { stateDirectory } from './state-directory.js';

const NAME = /^(?<started>[0-9]{8}T[0-9]{6}Z)-(?<sid>[0-9a-f]{20})$/;

/** What is known of a session before its log is read. Written once, never changed. */
export interface SessionMeta {
  sid: string;
  /** ISO 8601. */
  started: string;
  label: string;
  command: string;
  /** The supervisor: while it lives, the session runs. */
  pid: number;
  ticks?: string;
}

export interface SessionEntry {
  name: string;
  sid: string;
  /** ISO 8601, to the second, from the name. */
  started: string;
  directory: string;
  log: string;
}

/** Makes it when it is not there. Throws `state_unwritable`. */
export function makeStateDirectory(state: string): void {
  try {
    makeDirectories(state);
  } catch (error) {
    throw unrecordable(state, error);
  }
}

/** Makes the session's directory. `sid` is hex. Throws `state_unwritable`. */
export function createSession(
  state: string,
  session: { sid: string; label: string; command: string; pid: number; now: number },
): SessionEntry {
  const started = new Date(session.now).toISOString();
  const name = `${started.slice(0, 19).replace(/[-:]/g, '')}Z-${session.sid}`;
  const entry = entryOf(state, name);
  if (entry === undefined) throw new TypeError('a session id is twenty hex digits');
  const { label, command, pid } = session;
  const ticks = startTicks(pid);
  const meta: SessionMeta = {
    sid: session.sid,
    started,
    label,
    command,
    pid,
    ...(ticks === undefined ? {} : { ticks }),
  };
  try {
    makeSessionsDirectory(join(state, 'sessions'));
    mkdirSync(entry.directory, { mode: 0o700 });
  } catch (error) {
    throw unrecordable(state, error);
  }
  try {
    const fd = openSync(join(entry.directory, 'meta.json'), 'wx', 0o600);
    writeSync(fd, `${JSON.stringify({ v: 1, ...meta })}\n`);
    fsyncSync(fd);
    closeSync(fd);
  } catch (error) {
    forgetSession(entry);
    throw unrecordable(state, error);
  }
  return entry;
}

/** Remembers that its log has begun. Not before: a log that is in the index and not on the disk was deleted. Throws `state_unwritable`. */
export function openSession(state: string, name: string, now: number): void {
  appendIndex(state, { type: 'session.open', name }, now);
}

/** A session whose log could not be begun: nothing ran in it. */
export function forgetSession({ directory }: SessionEntry): void {
  try {
    rmSync(directory, { recursive: true, force: true });
  } catch {
    // A file system one may only read. A directory without a log that is not in the index is no session.
  }
}

/** Remembers the head a session was closed with. Call it once, after AuditWriter.close(). */
export function closeSession(state: string, name: string, head: LogHead, now: number): void {
  appendIndex(state, { type: 'session.close', name, ...head }, now);
}

/** All sessions on disk, newest first. */
export function listSessions(state: string): SessionEntry[] {
  let names: string[];
  try {
    names = readdirSync(join(state, 'sessions'));
  } catch {
    // Nothing has been recorded here yet.
    return [];
  }
  return names
    .sort()
    .toReversed()
    .map((name) => entryOf(state, name))
    .filter((entry) => entry !== undefined);
}

/** One session by `last`, a prefix of its sid, or its directory's name. Throws `session_unknown`. */
export function findSession(state: string, selector: string): SessionEntry {
  const all = listSessions(state);
  if (all.length === 0) {
    throw new TurretError('session_unknown', 'no session has been recorded yet', {
      hints: ['turret run -- <agent> makes the first one'],
    });
  }
  const found =
    selector === 'last'
      ? all.slice(0, 1)
      : all.filter(({ sid, name }) => sid.startsWith(selector.toLowerCase()) || name === selector);
  const [only] = found;
  if (only !== undefined && found.length === 1 && selector !== '') return only;
  const what = found.length > 1 ? `${found.length} sessions begin with` : 'no session begins with';
  throw new TurretError('session_unknown', `${what} ${JSON.stringify(selector.slice(0, 64))}`, {
    hints: ['turret audit list shows the sessions there are'],
  });
}

/** meta.json, or undefined when it is missing or not what we wrote. */
export function readMeta(entry: SessionEntry): SessionMeta | undefined {
  try {
    const meta: Partial<SessionMeta> = JSON.parse(readFileSync(join(entry.directory, 'meta.json'), 'utf8'));
    const { sid, started, label, command, pid, ticks } = meta;
    if (typeof sid !== 'string' || typeof started !== 'string' || typeof pid !== 'number') return undefined;
    const words = { label: String(label), command: String(command) };
    return { sid, started, ...words, pid, ...(typeof ticks === 'string' ? { ticks } : {}) };
  } catch {
    // A cache of what the log says better.
    return undefined;
  }
}

/** Whether the session's supervisor still lives. */
export function isRunning(entry: SessionEntry): boolean {
  const meta = readMeta(entry);
  return meta !== undefined && isAlive(meta.pid, meta.ticks);
}

function entryOf(state: string, name: string): SessionEntry | undefined {
  const groups = NAME.exec(name)?.groups;
  if (groups === undefined) return undefined;
  const [started, sid] = [groups['started'] ?? '', groups['sid'] ?? ''];
  const directory = join(state, 'sessions', name);
  const iso = started.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z');
  return { name, sid, started: iso, directory, log: join(directory, LOG_FILE) };
}

// Not `recursive`, which calls a read-only file system ENOENT.
function makeSessionsDirectory(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function unrecordable(state: string, cause: unknown): TurretError {
  const why = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
  return new TurretError(
    'state_unwritable',
    `the session cannot be recorded below ${JSON.stringify(state)}${why}`,
    {
      cause,
      hints: [
        'make room there and make it writable, or set XDG_STATE_HOME to another directory: nothing runs that cannot be recorded',
      ],
    },
  );
}
