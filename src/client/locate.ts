// Where is the broker of this session, and what proves that we belong to it? Agents lose variables named *TOKEN* and
// whole environments on the way to a command, so the session directory beside the shim answers too.
//
// Nothing found here is trusted: the broker proves itself against the token before anything is said to it.

import { lstatSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { TurretError } from '../errors.js';
import { AGENT_FILES } from '../protocol/agent-directory.js';
import { type Token, parseToken } from '../token/token.js';

/** Where the sandbox shows the session directory, for a shim that is bound over the real tool. */
export const FIXED_AGENT_DIRECTORY = '/run/turret';
/** Names a directory with a token of its own. */
export const AGENT_DIRECTORY_VARIABLE = 'TURRET_AGENT_DIRECTORY';
const TOKEN_FILE_BYTES_MAX = 256;

/** As net.connect takes it. */
export type BrokerAddress = { path: string } | { host: '127.0.0.1'; port: number };
export interface Located {
  token: Token;
  address: BrokerAddress;
}
export interface Surroundings {
  env: NodeJS.ProcessEnv;
  /** The program as it was called: `<agent directory>/bin/<tool>`, perhaps by a link. */
  program: string | undefined;
  uid: number;
}

/** Throws TurretError not_in_session or token_malformed. */
export function locate(here: Surroundings): Located {
  const directories = agentDirectories(here);
  const text = here.env['TURRET_TOKEN'] || tokenBeside(directories);
  if (!text) throw outside('there is no token: neither in TURRET_TOKEN nor beside the command');
  const token = parseToken(text.trim());
  const named = here.env['TURRET_SOCKET'];
  return { token, address: named ? { path: named } : findBroker(here, directories, token) };
}

/** Where a session directory may be, best first. A sub-agent's own is named: its shims may be bound over the real tools. */
function agentDirectories({ env, program }: Surroundings): string[] {
  const named = env[AGENT_DIRECTORY_VARIABLE];
  const first = named === undefined || named === '' ? [] : [named];
  if (program === undefined) return [...first, FIXED_AGENT_DIRECTORY];
  const programs = [program];
  try {
    programs.push(realpathSync(program));
  } catch {
    // Removed while we start; the other places remain.
  }
  return [...new Set([...first, ...programs.map((path) => dirname(dirname(path))), FIXED_AGENT_DIRECTORY])];
}

function tokenBeside(directories: string[]): string | undefined {
  for (const directory of directories) {
    try {
      const path = join(directory, AGENT_FILES.token);
      const found = lstatSync(path);
      if (found.isFile() && found.size <= TOKEN_FILE_BYTES_MAX) return readFileSync(path, 'utf8');
    } catch {
      // Not this one.
    }
  }
  return undefined;
}

function findBroker({ env, uid }: Surroundings, directories: string[], token: Token): BrokerAddress {
  for (const directory of directories) {
    const path = join(directory, AGENT_FILES.socket);
    if (isSocket(path)) return { path };
    const port = portIn(join(directory, AGENT_FILES.port));
    if (port !== undefined) return { host: '127.0.0.1', port };
  }
  const sid = Buffer.from(token.sid).toString('hex');
  const runtime = env['XDG_RUNTIME_DIR'];
  const bases = [...(runtime?.startsWith('/') ? [join(runtime, 'turret')] : []), `/tmp/turret-${uid}`];
  for (const base of bases) {
    const path = join(base, sid, 'agent', AGENT_FILES.socket);
    // Anybody can make a directory in /tmp. What is not ours alone is not asked.
    if (isPrivate(base, uid) && isPrivate(join(base, sid), uid) && isSocket(path)) return { path };
  }
  throw outside(
    'the broker of this token is not to be found: its session is over, or its directory cannot be seen from here',
  );
}

function portIn(file: string): number | undefined {
  try {
    const text = readFileSync(file, 'latin1');
    return /^\d{1,5}$/.test(text) ? Number(text) : undefined;
  } catch {
    // The usual case: there is a socket.
    return undefined;
  }
}

function isSocket(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSocket() ?? false;
}

function isPrivate(directory: string, uid: number): boolean {
  const found = lstatSync(directory, { throwIfNoEntry: false });
  return found !== undefined && found.isDirectory() && found.uid === uid && (found.mode & 0o077) === 0;
}

function outside(message: string): TurretError {
  return new TurretError('not_in_session', message, {
    hints: ['this command works inside `turret run -- <agent>`'],
  });
}
