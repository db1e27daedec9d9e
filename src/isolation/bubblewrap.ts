// The bubblewrap command line. Everything is read-only; /tmp, /run and all of HOME are empty but for what is allowed;
// processes, IPC and host name are the agent's own; every capability is dropped. Pure but for looking at what exists.
//
// Who is attacking: the agent, as the same user. What it must not find: credential files, other processes' memory and
// environment, sockets of docker, ssh-agent, D-Bus and of its own daemons from unwrapped runs, Turret's own state.

import { existsSync, lstatSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

import { TurretError } from '../errors.js';
import { AGENT_FILES } from '../protocol/agent-directory.js';
import { homeAllowed } from './home.js';
import { DESCRIPTORS } from './launch.js';
import { packageTree, realProgram } from './package-tree.js';

export interface BubblewrapRequest {
  /** No namespaces of the agent's own inside. */
  strict: boolean;
  /** Whether it has the host's network, or one of its own in which nobody listens. */
  network: boolean;
  /** The workspace: the agent may write here. Absolute, real. */
  cwd: string;
  home: string;
  /** Paths below HOME the user allows in addition, as in turret.yaml. */
  homeAllow: string[];
  /** Absolute path of the agent's program; undefined when that is a shim. */
  program: string | undefined;
  /** On the host; shown as /run/turret. */
  agentDirectory: string;
  /** The broker's socket, bound over the file of that name in there, so that its path on the host can be removed. */
  agentSocket: string;
  tools: string[];
  /** Directories with Turret's own state: never visible. */
  hidden: string[];
  /** Files and directories with keys, and sockets, wherever they lie: nothing is read from them, nobody answers. */
  masked: string[];
  /** Files that decide what the agent may do, or that run with a secret: where the agent can see them it cannot change them. */
  fixed: string[];
  /** The agent's environment; PATH says where real tools may be. */
  env: Record<string, string>;
}

const STANDARD_PATH = [
  '/usr/local/sbin',
  '/usr/local/bin',
  '/usr/sbin',
  '/usr/bin',
  '/sbin',
  '/bin',
  '/opt/homebrew/bin',
  '/snap/bin',
];
export const EMPTIED = ['/tmp', '/run', '/var/tmp', '/home', '/root', '/mnt', '/media', '/srv'];
export const AGENT_DIRECTORY_INSIDE = '/run/turret';
/** Signals of the terminal: the agent handles them; bubblewrap would die of them and take the agent along. */
const TERMINAL_SIGNALS = 'INT,QUIT,HUP';

/**
 * What comes before the agent's command. It is to be started with the descriptors of launch.ts.
 * Throws TurretError isolation_unavailable when the workspace is, or holds, the home directory.
 */
export function bubblewrapCommand(bubblewrap: string, request: BubblewrapRequest): string[] {
  refuseHomeAsWorkspace(request);
  const { read, write } = homeAllowed(request.home, request.homeAllow, request.program);
  const shown = [...write, ...read];
  return [
    '/usr/bin/env',
    `--ignore-signal=${TERMINAL_SIGNALS}`,
    bubblewrap,
    ...[
      '--unshare-user',
      '--unshare-pid',
      '--unshare-ipc',
      '--unshare-uts',
      '--cap-drop',
      'ALL',
      '--die-with-parent',
    ],
    ...(request.network ? [] : ['--unshare-net']),
    ...(request.strict ? ['--disable-userns'] : []),
    ...['--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc'],
    ...emptied(request),
    ...nameResolution(),
    ...write.flatMap((path) => ['--bind', path, path]),
    ...read.flatMap((path) => ['--ro-bind', path, path]),
    ...visible(process.execPath, request.home),
    ...CERTIFICATE_VARIABLES.flatMap((name) => certificates(request.env[name], request.home)),
    ...programAsked(request),
    ...['--ro-bind', request.agentDirectory, AGENT_DIRECTORY_INSIDE],
    // Not there yet when the profile is tried.
    ...['--bind-try', request.agentSocket, join(AGENT_DIRECTORY_INSIDE, AGENT_FILES.socket)],
    ...request.tools.flatMap((tool) => shimOver(tool, request, shown)),
    ...['--bind', request.cwd, request.cwd],
    ...fixed(request, write),
    ...hidden(request, [request.cwd, ...shown]),
    ...masked(request, [request.cwd, ...shown]),
    ...['--remount-ro', '/run', '--chdir', request.cwd],
    ...['--info-fd', `${DESCRIPTORS.info}`, '--block-fd', `${DESCRIPTORS.block}`],
    ...['--seccomp', `${DESCRIPTORS.filter}`, '--'],
    ...['/usr/bin/env', `--default-signal=${TERMINAL_SIGNALS}`],
  ];
}

/** Throws TurretError isolation_unavailable. */
export function refuseHomeAsWorkspace({ home, cwd }: { home: string; cwd: string }): void {
  if (!isWithin(home, cwd)) return;
  throw new TurretError(
    'isolation_unavailable',
    'the working directory is your home directory, where your keys are',
    { hints: ['go into a project directory first (cd), only that is shown to the agent'] },
  );
}

function emptied(request: BubblewrapRequest): string[] {
  const directories = [...EMPTIED, request.home].filter((path) => existsSync(path));
  return [...new Set(directories)].flatMap((path) => ['--tmpfs', path]);
}

function hidden(request: BubblewrapRequest, shown: string[]): string[] {
  return request.hidden
    .filter((path) => existsSync(path))
    .map((path) => realpathSync(path))
    .filter((path) => isShown(path, request, shown))
    .flatMap((path) => ['--tmpfs', path]);
}

// An agent that ran without Turret may have left a daemon behind, with all of its user's rights and a socket among the
// agent's own files. What was asked for by its own name stays; a directory that the workspace lies in cannot be taken away
// from around it. A device without rights as a device is a file that nobody can open: it stands for files and sockets alike.
function masked(request: BubblewrapRequest, shown: string[]): string[] {
  return request.masked
    .map(realPath)
    .filter((path) => path !== undefined)
    .filter((path) => !isWithin(request.cwd, path) && !shown.includes(path) && isShown(path, request, shown))
    .filter((path) => !request.hidden.some((directory) => isWithin(path, directory)))
    .flatMap((path) =>
      lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true
        ? ['--tmpfs', path]
        : ['--ro-bind', '/dev/null', path],
    );
}

// What is not shown anyway need not be hidden: an empty directory would only tell that it exists.
function isShown(path: string, { home }: BubblewrapRequest, shown: string[]): boolean {
  return (
    ![...EMPTIED, home].some((empty) => isWithin(path, empty)) ||
    shown.some((parent) => isWithin(path, parent))
  );
}

// A policy in the workspace would be the agent's for the next session. A mount holds against writing, renaming and removing;
// the directories above the file are mounts for that reason only.
function fixed(request: BubblewrapRequest, writable: string[]): string[] {
  const open = [request.cwd, ...writable];
  const files = fixedWithin(request.fixed, open);
  const above = new Set(files.flatMap((path) => between(path, open)));
  return [
    ...[...above].sort().flatMap((path) => ['--bind', path, path]),
    ...files.flatMap((path) => ['--ro-bind', path, path]),
  ];
}

/** The directories above `path`, below those of `open` that it lies in. */
function between(path: string, open: string[]): string[] {
  const above: string[] = [];
  for (let directory = dirname(path); directory !== '/'; directory = dirname(directory))
    above.push(directory);
  return above.filter(
    (directory) => !open.includes(directory) && open.some((parent) => isWithin(directory, parent)),
  );
}

/** Those that lie where the agent may write. */
export function fixedWithin(files: string[], writable: string[]): string[] {
  return files
    .map(realFile)
    .filter((path) => path !== undefined)
    .filter((path) => writable.some((parent) => isWithin(path, parent)));
}

// systemd-resolved keeps the file that /etc/resolv.conf points to below /run.
export function nameResolution(): string[] {
  try {
    const file = realpathSync('/etc/resolv.conf');
    return file.startsWith('/run/') ? ['--ro-bind', file, file] : [];
  } catch {
    // No resolv.conf: names are resolved some other way or not at all.
    return [];
  }
}

/** Variables that name a file of public certificates: without it the agent's tools fail, or warn at every start. */
const CERTIFICATE_VARIABLES = [
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'REQUESTS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
  'GIT_SSL_CAINFO',
];

function certificates(file: string | undefined, home: string): string[] {
  return file?.startsWith('/') === true && /\.(pem|crt|cer)$/.test(file) && realFile(file) !== undefined
    ? visible(file, home)
    : [];
}

// The shims are run by this node, wherever it is installed.
function visible(program: string, home: string): string[] {
  const hidden = [...EMPTIED, home].some((directory) => isWithin(program, directory));
  return hidden ? ['--ro-bind', program, program] : [];
}

// What the user asks to be run can be run. Below HOME that is home.ts's: a program there may want to update itself.
function programAsked({ program, home }: BubblewrapRequest): string[] {
  if (program === undefined || isWithin(program, home)) return [];
  const tree = packageTree(program);
  if (tree === undefined) return visible(program, home);
  const shown = visible(tree, home);
  // A link stays one: the program looks for its files from where it really is.
  const isThere = isWithin(program, tree) || visible(program, home).length === 0;
  return isThere ? shown : [...shown, '--symlink', realProgram(program), program];
}

// Login shells reset PATH and some agents put theirs in front: the real program's own path is a shim too.
function shimOver(tool: string, request: BubblewrapRequest, shown: string[]): string[] {
  const launcher = join(request.agentDirectory, 'bin', tool);
  const directories = [...(request.env['PATH'] ?? '').split(':'), ...STANDARD_PATH].filter((path) =>
    path.startsWith('/'),
  );
  const targets = new Set<string>();
  for (const directory of directories) {
    const target = realFile(join(directory, tool));
    if (target === undefined || isWithin(target, request.cwd)) continue;
    const emptied = [...EMPTIED, request.home].some((empty) => isWithin(target, empty));
    if (!emptied || shown.some((path) => isWithin(target, path))) targets.add(target);
  }
  return [...targets].flatMap((target) => ['--ro-bind', launcher, target]);
}

function realFile(path: string): string | undefined {
  const real = realPath(path);
  return real !== undefined && statSync(real, { throwIfNoEntry: false })?.isFile() === true
    ? real
    : undefined;
}

/** Undefined when it is not there, any more or for us. */
function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

/** Whether `path` is `directory` or below it. */
export function isWithin(path: string, directory: string): boolean {
  const rest = relative(directory, path);
  return rest !== '..' && !rest.startsWith('../');
}
