// Which installed program is the real CLI, and which version of it. Not a version manager's shim: those obey files of the
// working directory, which holds copies of the agent's (seen with pyenv and `.python-version`).

import { execFile } from 'node:child_process';
import { access, constants, mkdtemp, realpath, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { promisify } from 'node:util';
import { TurretError } from '../../src/errors.js';
import { leadsThrough } from '../../src/platform/paths.js';
import { CLI_ANSWER_MS_MAX } from '../../src/protocol/limits.js';
import { interpreterOf } from './sandbox/program-files.js';

export interface InstalledCli {
  /** Absolute. */
  path: string;
  /** `2.9.19` */
  version: string;
}

export interface CliSearch {
  /** `cli:` of the configuration. */
  configured: string | undefined;
  /** PATH of the user. */
  path: string | undefined;
  /** Real paths: what lies there is the agent's, however PATH leads to it (npx puts the workspace on it). */
  agentWrites?: readonly string[];
}

export interface CliKind {
  /** Its name on PATH. */
  tool: string;
  /** What one installs: `the AWS CLI`. */
  product: string;
  /** Directories where it may be besides PATH. */
  more?: readonly string[];
  /** Finds its version in the answer to `--version`. */
  version: RegExp;
  /** For that question; nothing else of ours reaches it. */
  env: Record<string, string>;
}

/** Where version managers put their shims, and Turret its own. */
const SHIM_DIRECTORIES = /(?:^|\/)(?:shims|\.volta|\.turret)(?:\/|$)/;
/** What a shim is a link to. */
const MANAGERS = /^(?:asdf|mise|rtx|proto-shim|volta-shim|pyenv|nodenv)$/;
const SYSTEM_PATH = '/usr/local/bin:/usr/bin:/bin';
/** PATH of the real CLIs: where the interpreter of a `#!/usr/bin/env` is found. */
export const CLI_PATH = '/usr/bin:/bin';

/** Runs a program and returns what it printed. Rejects when it does not end well. */
export type Ask = (
  path: string,
  argv: readonly string[],
  /** Nothing is added to the environment; the directory is empty and private. */
  options: { cwd: string; env: Record<string, string> },
) => Promise<string>;

const askBare: Ask = async (path, argv, options) => {
  const { stdout, stderr } = await promisify(execFile)(path, argv, {
    ...options,
    timeout: CLI_ANSWER_MS_MAX,
  });
  return stdout + stderr;
};

/** Answers of this process's life, one map for each way of asking. */
export type Versions = Map<string, Promise<string>>;

const bareVersions: Versions = new Map();

/**
 * The real CLI and its version: the configured one, else the first of PATH that may be used.
 * @throws TurretError `repeater_unavailable` with hints when there is none, or it does not say its version
 */
export async function findCli(kind: CliKind, search: CliSearch): Promise<InstalledCli> {
  const path = await locateCli(kind, search);
  return { path, version: await versionOf(kind, path) };
}

/** @throws TurretError `repeater_unavailable` */
export async function locateCli(kind: CliKind, search: CliSearch): Promise<string> {
  return search.configured === undefined
    ? findOnPath(kind, search)
    : checkConfigured(kind, search.configured, search);
}

async function checkConfigured({ tool }: CliKind, path: string, search: CliSearch): Promise<string> {
  const problem = isAbsolute(path) ? await problemWith(path, search) : 'its path is not absolute';
  if (problem === undefined) return path;
  throw new TurretError(
    'repeater_unavailable',
    `the configured ${tool} program ${JSON.stringify(path)} cannot be used: ${problem}`,
    { hints: ['set cli: to the absolute path of a program that only you or root can change'] },
  );
}

async function findOnPath({ tool, product, more = [] }: CliKind, search: CliSearch): Promise<string> {
  const { path = SYSTEM_PATH } = search;
  for (const directory of [...path.split(':'), ...more]) {
    const candidate = join(directory, tool);
    if (isAbsolute(directory) && (await problemWith(candidate, search)) === undefined) return candidate;
  }
  throw new TurretError('repeater_unavailable', `no ${tool} program was found`, {
    hints: [`install ${product}, or set cli: to its absolute path in turret.yaml`],
  });
}

/** Why this program is not the operator's own. */
async function problemWith(
  path: string,
  { agentWrites = [] }: Pick<CliSearch, 'agentWrites'>,
): Promise<string | undefined> {
  try {
    const real = await realpath(path);
    await access(real, constants.X_OK);
    if (!(await stat(real)).isFile()) return 'it is no file';
    const programs = [path, ...interpreterOf(real, CLI_PATH)];
    if (programs.some((program) => leadsThrough(program, agentWrites))) return 'the agent can change it';
    if (SHIM_DIRECTORIES.test(path) || SHIM_DIRECTORIES.test(real) || MANAGERS.test(basename(real)))
      return 'it obeys files of the working directory';
    for (const place of [real, dirname(real), dirname(path)]) {
      const { mode, uid } = await stat(place);
      if ((mode & 0o002) !== 0 || (uid !== 0 && uid !== process.getuid?.())) return 'others can change it';
    }
    return undefined;
  } catch {
    // Not there, or not for this user.
    return 'it is not there';
  }
}

/**
 * Asked once; again when another program has taken its place.
 * @throws TurretError `repeater_unavailable`, its cause what `ask` rejected with
 */
export async function versionOf(
  kind: CliKind,
  path: string,
  { ask, versions }: { ask: Ask; versions: Versions } = { ask: askBare, versions: bareVersions },
): Promise<string> {
  const { ino, mtimeMs } = await stat(path);
  const key = [path, ino, mtimeMs].join(' ');
  let version = versions.get(key);
  if (!version) {
    version = askVersion(kind, path, ask);
    versions.set(key, version);
    version.catch(() => versions.delete(key));
  }
  return version;
}

async function askVersion({ tool, version: wanted, env }: CliKind, path: string, ask: Ask): Promise<string> {
  const empty = await mkdtemp(join(tmpdir(), `turret-${tool}-version-`));
  try {
    const said = await ask(path, ['--version'], {
      cwd: empty,
      env: { PATH: CLI_PATH, HOME: empty, LC_ALL: 'C.UTF-8', ...env },
    });
    const version = wanted.exec(said)?.[1];
    if (version !== undefined) return version;
    throw new Error('no version in its answer');
  } catch (cause) {
    throw new TurretError('repeater_unavailable', `${path} does not say its version`, {
      cause,
      hints: [`run ${path} --version yourself`],
    });
  } finally {
    await rm(empty, { recursive: true, force: true });
  }
}
