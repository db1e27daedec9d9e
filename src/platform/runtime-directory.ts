// Where the sockets of running sessions are: $XDG_RUNTIME_DIR/turret/<sid>, else /tmp/turret-<uid>/<sid>.
//
//   admin.sock  admin.token  session.json  repeaters/<name>/   never shown to the agent
//   agent.sock                                                  bound into the sandbox, then removed
//   tmp/                                                        without namespaces: the agent's TMPDIR
//   agent/      agent.sock  token  bin/<tool>  node/<tool>
//               streams/                                        what the sandbox shows as /run/turret

import {
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { TurretError } from '../errors.js';
import { AGENT_FILES } from '../protocol/agent-directory.js';
import { SOCKET_PATH_BYTES_MAX } from '../protocol/limits.js';
import { makeDirectories } from './make-directories.js';
import { isAlive, startTicks } from './process-alive.js';
import { removeTree } from './remove-tree.js';

export interface RuntimeDirectory {
  path: string;
  agent: string;
  agentSocket: string;
  /** For temporary files of the agent, where it cannot have a /tmp of its own. */
  temporary: string;
  adminSocket: string;
  adminToken: string;
}
export interface RunningSession {
  sid: string;
  pid: number;
  ticks?: string;
  label: string;
  command: string;
  /** ISO 8601, UTC. */
  started: string;
  /** The level, or `auto` as long as it is looked for. */
  isolation: string;
  /** The socket of the server it is an agent of. */
  via?: string;
}

const SID = /^[0-9a-f]{20}$/;

/** The places sessions may be at, best first. */
export function runtimeRoots(env: { XDG_RUNTIME_DIR?: string | undefined }, uid: number): string[] {
  const { XDG_RUNTIME_DIR: runtime } = env;
  const roots =
    runtime !== undefined && runtime.startsWith('/') && isPrivate(runtime, uid)
      ? [join(runtime, 'turret')]
      : [];
  return [...roots, `/tmp/turret-${uid}`];
}

/** Makes the directory of a new session. Throws state_unwritable or socket_path_too_long. */
export function createRuntimeDirectory(roots: string[], session: RunningSession): RuntimeDirectory {
  let cause: unknown;
  for (const root of roots) {
    const directory = layout(root, session.sid);
    if (Buffer.byteLength(directory.agentSocket) > SOCKET_PATH_BYTES_MAX) {
      cause ??= new TurretError(
        'socket_path_too_long',
        `the socket path would be longer than ${SOCKET_PATH_BYTES_MAX} bytes`,
      );
      continue;
    }
    try {
      makePrivate(root);
      mkdirSync(directory.path, { mode: 0o700 });
      mkdirSync(directory.agent, { mode: 0o700 });
      for (const name of ['bin', AGENT_FILES.streams])
        mkdirSync(join(directory.agent, name), { mode: 0o700 });
      const ticks = startTicks(session.pid);
      const content = { ...session, ...(ticks === undefined ? {} : { ticks }) };
      writeFileSync(join(directory.path, 'session.json'), `${JSON.stringify(content)}\n`, {
        mode: 0o600,
        flag: 'wx',
      });
      return directory;
    } catch (error) {
      cause = error;
    }
  }
  if (cause instanceof TurretError) throw cause;
  throw new TurretError(
    'state_unwritable',
    `no directory for sockets can be made: ${cause instanceof Error ? cause.message : roots.join(', ')}`,
    {
      cause,
      hints: ['set XDG_RUNTIME_DIR to a directory of yours with mode 0700 and a short name'],
    },
  );
}

/** Once it is known: the level in force, where `auto` was asked for. */
export function noteLevel(directory: RuntimeDirectory, level: string): void {
  const session = readSession(directory.path);
  if (session === undefined) return; // Somebody removed it; what runs need not end for that.
  const written = join(directory.path, 'session.json.new');
  writeFileSync(written, `${JSON.stringify({ ...session, isolation: level })}\n`, { mode: 0o600 });
  renameSync(written, join(directory.path, 'session.json'));
}

/**
 * Sessions whose supervisor lives. Directories of dead ones are removed on the way. Nothing is read or removed below a
 * root that is not ours alone: in /tmp somebody else may have made it, with a pipe to wait at or a link to follow.
 */
export function runningSessions(roots: string[]): { session: RunningSession; directory: RuntimeDirectory }[] {
  const found: { session: RunningSession; directory: RuntimeDirectory }[] = [];
  for (const root of roots) {
    if (!isPrivate(root, ownUid())) continue;
    for (const sid of names(root)) {
      const directory = layout(root, sid);
      const session = readSession(directory.path);
      if (session !== undefined && isAlive(session.pid, session.ticks)) found.push({ session, directory });
      else if (session !== undefined || isOld(directory.path)) tidyUp(directory);
    }
  }
  return found;
}

function tidyUp(directory: RuntimeDirectory): void {
  try {
    removeRuntimeDirectory(directory);
  } catch {
    // What an agent left there must not keep its user from starting, seeing or revoking others.
  }
}

export function removeRuntimeDirectory(directory: RuntimeDirectory): void {
  removeTree(directory.path);
}

/** Of its agent, once that runs: nobody outside needs the path any more. */
export function removeSocket(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // The broker has ended meanwhile, and taken it along.
  }
}

function layout(root: string, sid: string): RuntimeDirectory {
  const path = join(root, sid);
  const agent = join(path, 'agent');
  return {
    path,
    agent,
    agentSocket: join(path, AGENT_FILES.socket),
    temporary: join(path, 'tmp'),
    adminSocket: join(path, 'admin.sock'),
    adminToken: join(path, 'admin.token'),
  };
}

// In /tmp anybody can be there first: what we find must be a directory, ours, and closed to others.
function makePrivate(root: string): void {
  makeDirectories(root);
  if (!isPrivate(root, ownUid())) throw new Error(`${root} belongs to somebody else or is open to others`);
}

const ownUid = (): number => process.getuid?.() ?? -1;

function isPrivate(path: string, uid: number): boolean {
  try {
    const stat = lstatSync(path);
    return stat.isDirectory() && stat.uid === uid && (stat.mode & 0o077) === 0;
  } catch {
    // Not there is not private.
    return false;
  }
}

function names(root: string): string[] {
  try {
    return readdirSync(root).filter((name) => SID.test(name));
  } catch {
    // No session was ever started here.
    return [];
  }
}

function readSession(path: string): RunningSession | undefined {
  try {
    return JSON.parse(readFileSync(join(path, 'session.json'), 'utf8')) as RunningSession;
  } catch {
    // Being made right now, or left half-made.
    return undefined;
  }
}

function isOld(path: string): boolean {
  try {
    return Date.now() - statSync(path).mtimeMs > 60_000;
  } catch {
    return false;
  }
}
