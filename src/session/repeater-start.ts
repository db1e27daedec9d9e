// How one repeater is started: which program, as whom, in what sandbox, with what environment, in which private directory.

import { lstatSync, mkdirSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';

import { installed, nativeProgram } from '../installation.js';
import type { RepeaterConfig } from '../config/config.js';
import type { RepeaterSecrets } from '../../repeaters/sdk/types.js';
import type { ManifestAction } from '../config/manifest.js';
import { sha256 } from '../crypto/hash.js';
import { asUser, dyingWithParent } from '../isolation/die-with-parent.js';
import { findBubblewrap, tryWithTrue } from '../isolation/probe.js';
import { refuseLinks } from '../isolation/held.js';
import { type RepeaterSandboxRequest, repeaterSandbox } from '../isolation/repeater-sandbox.js';
import { agentFilter } from '../isolation/seccomp/agent-filter.js';
import { isAlive } from '../platform/process-alive.js';
import { removal } from '../platform/remove-tree.js';
import { HANDOFF_PLACE_BYTES } from '../protocol/limits.js';
import { BUILT_IN_REPEATERS, DECLARED_ENTRY, HOST_ENTRY } from './built-in-repeaters.js';
import { findProgram } from './command.js';
import { type UnixUser, runAs } from './unix-user.js';

export interface StartSurroundings {
  /** The user's environment. */
  env: NodeJS.ProcessEnv;
  /** The session's, for a private directory per repeater. */
  runtimeDirectory: string;
  /** Repeaters that run as somebody else. */
  users: ReadonlyMap<string, UnixUser>;
  /** Where this session's agent finds sockets that do not lead to the broker; absent where it finds none. */
  streams?: string;
  /** Directories and files a sandbox hides, or does not let be written. */
  hidden: string[];
  fixed: string[];
  /** Real paths of what the agent may write; empty for a server, whose agents are elsewhere. */
  agentWrites: string[];
}
export interface RepeaterStart {
  command: string[];
  env: Record<string, string>;
  /** Private to the repeater. */
  directory: string;
  user: UnixUser | undefined;
  /** To be written to FILTER_FD, where the sandbox reads it. */
  filter: Buffer | undefined;
  /** Why there is no sandbox, where there could be one. */
  unconfined: string | undefined;
  remove(): void;
}

export const FILTER_FD = 5;
const PACKAGE = installed('.');
const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Makes the private directory. Throws what keeps the repeater from being started. */
export async function prepareRepeater(
  config: RepeaterConfig,
  surroundings: StartSurroundings,
): Promise<RepeaterStart> {
  const user = surroundings.users.get(config.name);
  const { directory, remove } = privateDirectory(config.name, surroundings.runtimeDirectory, user);
  try {
    const env = environmentOf(surroundings.env, user, directory);
    const [file = '', ...args] = commandOf(config);
    const command = [findProgram(file, SYSTEM_PATH, directory), ...args];
    if (user !== undefined) requireReadable(user, config, command);
    const prefix = user === undefined ? dyingWithParent() : asUser(user);
    const sandbox = await sandboxOf(config, { surroundings, env, directory, command, prefix });
    return { ...sandbox, command: [...prefix, ...sandbox.command, ...command], env, directory, user, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

function commandOf(config: RepeaterConfig): string[] {
  const { command, profile, kind } = config;
  if (command !== undefined && profile === 'binary') return command.map((word) => fromManifest(config, word));
  if (command !== undefined) return [process.execPath, profile === 'cli' ? DECLARED_ENTRY : HOST_ENTRY];
  const builtIn = BUILT_IN_REPEATERS[kind];
  if (builtIn === undefined) throw new Error(`nothing is built in for kind "${kind}", and it has no command`);
  return [process.execPath, builtIn.entry];
}

function fromManifest({ directory }: RepeaterConfig, word: string): string {
  return word.includes('/') && !isAbsolute(word) && directory !== undefined ? resolve(directory, word) : word;
}

// Nothing of the user's, but what a process needs to run at all, and the certificates its upstream may need.
function environmentOf(
  own: NodeJS.ProcessEnv,
  user: UnixUser | undefined,
  directory: string,
): Record<string, string> {
  const home = user === undefined ? own['HOME'] : (user.home ?? directory);
  const certificates = own['NODE_EXTRA_CA_CERTS'];
  return {
    PATH: SYSTEM_PATH,
    LC_ALL: 'C.UTF-8',
    NODE_ENV: 'production',
    ...(home === undefined ? {} : { HOME: home }),
    ...(certificates === undefined ? {} : { NODE_EXTRA_CA_CERTS: certificates }),
  };
}

// Ours goes with the session's directory. Another user cannot be let into the session's directory, which is closed to all but its owner. Theirs is made and removed
// by themselves: root does not follow the paths of somebody it does not trust.
function privateDirectory(
  name: string,
  runtimeDirectory: string,
  user: UnixUser | undefined,
): { directory: string; remove: () => void } {
  if (user === undefined) {
    const directory = join(runtimeDirectory, 'repeaters', name);
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    return { directory, remove: () => {} };
  }
  removeLeftBehind(user);
  const template = `/tmp/turret-r-${process.pid}-XXXXXXXX`;
  const directory = runAs(user, ['/usr/bin/mktemp', '-d', template]).trim();
  return { directory, remove: () => removeAs(user, directory) };
}

function removeAs(user: UnixUser, directory: string): void {
  try {
    runAs(user, removal(directory));
  } catch {
    // Something of theirs that they cannot remove themselves: it is theirs to keep.
  }
}

// Of sessions that were killed. A number that is somebody else's by now keeps a directory until that one has ended.
function removeLeftBehind(user: UnixUser): void {
  for (const name of readdirSync('/tmp')) {
    const [, pid] = /^turret-r-(\d+)-\w{8}$/.exec(name) ?? [];
    if (pid === undefined || isAlive(Number(pid), undefined)) continue;
    const path = join('/tmp', name);
    const { uid } = lstatSync(path, { throwIfNoEntry: false }) ?? {};
    if (uid === user.uid) removeAs(user, path);
  }
}

function requireReadable(
  user: UnixUser,
  { directory, profile, command: own = [] }: RepeaterConfig,
  command: string[],
): void {
  const [program = ''] = own;
  const needed = new Set([
    ...command.filter((word) => isAbsolute(word)),
    // Where an exec or line program runs.
    ...(directory === undefined || own.length === 0 || profile === 'binary' ? [] : [directory]),
    ...(program.includes('/') ? [resolve(directory ?? '/', program)] : []),
  ]);
  for (const path of needed) {
    try {
      if (exists(path)) runAs(user, ['/usr/bin/test', '-r', path]);
    } catch {
      throw new Error(`user ${user.name} cannot read ${path}`);
    }
  }
}

/** Undefined when the sandbox of this repeater of one's own works here; else why not. */
export async function tryRepeaterSandbox(
  config: RepeaterConfig,
  own: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  // Where a session has a private directory, something that exists stands in.
  const directory = '/tmp';
  const surroundings = {
    env: own,
    runtimeDirectory: directory,
    users: new Map(),
    hidden: [],
    fixed: [],
    agentWrites: [],
  };
  const env = environmentOf(own, undefined, directory);
  try {
    const parts = { surroundings, env, directory, command: commandOf(config), prefix: [] };
    return (await sandboxOf(config, parts)).unconfined;
  } catch (error) {
    return (error as Error).message;
  }
}

interface SandboxParts {
  surroundings: StartSurroundings;
  env: Record<string, string>;
  directory: string;
  command: string[];
  prefix: string[];
}
type Sandboxed = Pick<RepeaterStart, 'command' | 'filter' | 'unconfined'>;

async function sandboxOf(config: RepeaterConfig, parts: SandboxParts): Promise<Sandboxed> {
  const none = { command: [], filter: undefined, unconfined: undefined };
  // What comes with Turret confines the programs it starts by itself, and needs the user's credential files.
  if (config.command === undefined || config.profile === 'cli' || config.sandbox === 'off') return none;
  const request = sandboxRequest(config, parts);
  const bubblewrap = findBubblewrap();
  const problem =
    bubblewrap === undefined
      ? { message: 'bubblewrap is not installed' }
      : await tryWithTrue([...parts.prefix, ...repeaterSandbox(bubblewrap, request, undefined)], parts.env);
  if (bubblewrap !== undefined && problem === undefined) {
    const filter = agentFilter(process.arch);
    const fd = filter === undefined ? undefined : FILTER_FD;
    return { command: repeaterSandbox(bubblewrap, request, fd), filter, unconfined: undefined };
  }
  const why = problem?.message ?? '';
  if (config.sandbox !== undefined && config.sandbox !== 'auto')
    throw new Error(`its sandbox does not work here: ${why}`);
  return { ...none, unconfined: why };
}

function sandboxRequest(config: RepeaterConfig, parts: SandboxParts): RepeaterSandboxRequest {
  const { surroundings, env, directory, command } = parts;
  const { read = [], write = [], net = 'open' } = typeof config.sandbox === 'object' ? config.sandbox : {};
  const home = realpathSync(env['HOME'] ?? '/');
  const place = realpathSync(config.directory ?? '/');
  const named = (path: string): string => {
    const absolute = path.startsWith('~/') ? join(home, path.slice(2)) : resolve(place, path);
    if (!exists(absolute)) throw new Error(`sandbox: there is no ${absolute}`);
    // The agent is there already: what it put a link to would be the repeater's to read, or to write.
    refuseLinks([absolute], surroundings.agentWrites);
    return realpathSync(absolute);
  };
  const actions: ManifestAction[] = config.actions ?? [];
  const own = [...(config.command ?? []), ...actions.flatMap(({ run = [] }) => run)];
  const words = [...command, ...own.map((word) => fromManifest(config, word))];
  const certificates = env['NODE_EXTRA_CA_CERTS'];
  const { handoff } = handoffFor(config, surroundings);
  const programs = [
    ...words,
    PACKAGE,
    ...(handoff === undefined ? [] : [handoff.pump]),
    ...(certificates === undefined ? [] : [certificates]),
  ]
    .filter((path) => isAbsolute(path) && exists(path))
    .map((path) => realpathSync(path));
  // A manifest that lies in HOME itself would show all of it.
  const shown = isAbove(place, home) ? [] : [place];
  return {
    read: [...shown, ...programs, ...read.map(named)],
    write: write.map(named),
    net: net === 'open',
    home,
    directory: realpathSync(directory),
    ...(handoff === undefined ? {} : { streams: handoff.directory }),
    cwd: config.profile === 'binary' ? realpathSync(directory) : place,
    hidden: surroundings.hidden,
    fixed: surroundings.fixed,
  };
}

/**
 * Of a repeater that may hand its output over; makes its directory. One of its own, because whoever may write there can take
 * the place of a socket: a program that was taken over would read and exchange what others print. Another user could not
 * make anything there.
 */
export function handoffFor(
  { name, redact }: RepeaterConfig,
  { streams, users }: Pick<StartSurroundings, 'streams' | 'users'>,
): Pick<RepeaterSecrets, 'handoff'> {
  const pump = nativeProgram('pump');
  if (redact !== 'off' || streams === undefined || users.has(name) || pump === undefined) return {};
  const directory = join(
    streams,
    sha256(Buffer.from(name)).toString('base64url').slice(0, HANDOFF_PLACE_BYTES),
  );
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return { handoff: { directory, pump } };
}

function isAbove(directory: string, path: string): boolean {
  for (let at = path; ; at = dirname(at)) {
    if (at === directory) return true;
    if (at === '/') return false;
  }
}

function exists(path: string): boolean {
  try {
    statSync(path);
    return true;
  } catch {
    // Not there, or not for us.
    return false;
  }
}
