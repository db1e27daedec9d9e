// Escape attempts, seen from outside: prepares what could be reached, runs them in the sandbox a session would get, and
// holds the answer against what is there.

import {
  copyFileSync,
  existsSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { installed } from '../installation.js';
import type { Enclosure } from '../isolation/enclosure.js';
import { ATTEMPT_CONNECT_MS_MAX, ATTEMPTS_MS_MAX } from '../protocol/limits.js';
import type { AttemptReport, AttemptTargets } from './attempts-inside.js';
import type { Environment } from './environment.js';
import { openOutsideWorld } from './outside-world.js';
import { type Sandbox, SHIM_MARK } from './sandbox.js';

const INSIDE = installed('dist/src/setup/attempts-inside.js');

export interface AttemptOutcome extends AttemptReport {
  /** What could have been reached, to tell "stopped" from "nothing there". */
  targets: Pick<AttemptTargets, 'keyDirectories' | 'sockets' | 'programs'>;
  /** The doctor's own socket in the abstract name space, among `sockets`. */
  abstract: string;
}

/**
 * Runs all attempts in one sandbox. `files` are credential files that exist.
 * Throws when the sandbox does not run them or takes too long.
 */
export async function runAttempts(options: {
  sandbox: Sandbox;
  enclosure: Enclosure;
  files: string[];
  env: Environment;
}): Promise<AttemptOutcome> {
  const { sandbox, enclosure, env } = options;
  const world = await openOutsideWorld(sandbox.outside());
  try {
    const targets: AttemptTargets = {
      canary: world.canary,
      files: options.files,
      keyDirectories: keyDirectoriesOf(sandbox, env),
      sockets: [world.socket, world.abstract, ...knownSockets(env)],
      port: world.port,
      directories: writableElsewhere(sandbox, env),
      fileName: `.${world.canary}`,
      programs: realPrograms(sandbox, env),
      shimMark: SHIM_MARK,
      connectMs: ATTEMPT_CONNECT_MS_MAX,
    };
    const { agent } = sandbox.directory;
    copyFileSync(INSIDE, join(agent, 'attempts.mjs'));
    writeFileSync(join(agent, 'attempts.json'), JSON.stringify(targets), { mode: 0o600 });
    const report = await attemptInside(sandbox, enclosure);
    const { keyDirectories, sockets, programs } = targets;
    return {
      ...report,
      written: arrived(targets),
      targets: { keyDirectories, sockets, programs },
      abstract: world.abstract,
    };
  } finally {
    world.close();
  }
}

async function attemptInside(sandbox: Sandbox, enclosure: Enclosure): Promise<AttemptReport> {
  const { launcher, agentDirectory } = enclosure;
  const command = [process.execPath, join(agentDirectory, 'attempts.mjs'), 'attempt'];
  const launched = await launcher.start(
    enclosure.launch(command, {
      cwd: sandbox.workspace,
      env: sandbox.env,
      stdio: ['ignore', 'capture', 'capture'],
    }),
  );
  await launched.release();
  const late = sleep(ATTEMPTS_MS_MAX, undefined, { ref: false });
  const exit = await Promise.race([launched.exit, late]);
  if (exit === undefined) throw new Error(`they took more than ${ATTEMPTS_MS_MAX / 1000} s`);
  const { code, signal, stdout, stderr } = exit;
  if (code === 0) return parseReport(stdout);
  throw new Error(stderr.trim().split('\n').at(-1) || `ended with ${signal ?? code ?? 'nothing'}`);
}

// The attempts run where an agent would: the pipe is read as if one had written it.
function parseReport(said: string): AttemptReport {
  const names = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);
  const {
    processes,
    environments,
    files,
    keyDirectories,
    sockets,
    loopback,
    metadata,
    programs,
    privileges,
    terminal,
  } = JSON.parse(said) as Partial<AttemptReport>;
  // What is not said not to be reached counts as reached.
  const reached = (value: unknown): boolean => value !== false;
  return {
    processes: reached(processes),
    environments: reached(environments),
    files: names(files),
    keyDirectories: names(keyDirectories),
    sockets: names(sockets),
    loopback: reached(loopback),
    metadata: reached(metadata),
    written: [],
    programs: names(programs),
    privileges: reached(privileges),
    terminal: reached(terminal),
  };
}

/** Where a file did arrive outside; it is removed. HOME and /tmp inside are writable, but not these. */
function arrived({ directories, fileName }: AttemptTargets): string[] {
  return directories.filter((directory) => {
    const file = join(directory, fileName);
    if (!existsSync(file)) return false;
    rmSync(file);
    return true;
  });
}

const KEY_DIRECTORIES = [
  '.aws',
  '.ssh',
  '.gnupg',
  '.config/gh',
  '.config/gcloud',
  '.config/turret',
  '.docker',
  '.kube',
  '.azure',
  '.password-store',
];

/** The doctor's own runtime directory is among them, so there is always one. */
function keyDirectoriesOf({ directory }: Sandbox, env: Environment): string[] {
  const home = env['HOME'] ?? '/nonexistent';
  return [...KEY_DIRECTORIES.map((name) => join(home, name)), directory.path].filter((path) => {
    try {
      return readdirSync(path).length > 0;
    } catch {
      // Not there.
      return false;
    }
  });
}

function writableElsewhere({ workspace, directory }: Sandbox, env: Environment): string[] {
  const home = env['HOME'];
  const places = [
    dirname(workspace),
    ...(home === undefined ? [] : [home]),
    '/tmp',
    '/var/tmp',
    '/etc',
    '/usr/local',
    directory.agent,
  ];
  return [...new Set(places)].filter((path) => existsSync(path));
}

// What gives root, keys or a desktop to whoever may connect.
function knownSockets(env: Environment): string[] {
  const { XDG_RUNTIME_DIR: runtime, SSH_AUTH_SOCK: agent } = env;
  const own = ['bus', 'docker.sock', 'podman/podman.sock', 'gnupg/S.gpg-agent'].map((name) =>
    join(runtime ?? '/nonexistent', name),
  );
  const system = [
    '/run/docker.sock',
    '/run/podman/podman.sock',
    '/run/containerd/containerd.sock',
    '/run/dbus/system_bus_socket',
    '/run/systemd/private',
  ];
  const ssh = agent !== undefined && isAbsolute(agent) ? [agent] : [];
  return [...system, ...own, ...ssh].filter(isSocket);
}

function isSocket(path: string): boolean {
  try {
    return statSync(path).isSocket();
  } catch {
    // Not there.
    return false;
  }
}

/** The files behind the names of the tools on the user's PATH. */
function realPrograms({ tools }: Sandbox, env: Environment): string[] {
  const directories = (env['PATH'] ?? '').split(':').filter((path) => isAbsolute(path));
  const found = tools
    .flatMap((tool) => directories.map((directory) => join(directory, tool)))
    .filter((path) => existsSync(path));
  return [...new Set(found.map((path) => realpathSync(path)))];
}
