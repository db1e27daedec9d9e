// The bubblewrap command line. Everything is read-only; /tmp, /run and all of HOME are empty but for what is allowed;
// processes, IPC and host name are the agent's own; every capability is dropped. Pure but for looking at what exists.
//
// Who is attacking: the agent, as the same user. What it must not find: credential files, other processes' memory and
// environment, sockets of docker, ssh-agent, D-Bus and of its own daemons from unwrapped runs, Turret's own state.

import { existsSync, lstatSync, realpathSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';

import { TurretError } from '../errors.js';
import { AGENT_FILES } from '../protocol/agent-directory.js';
import { type Decisive, held, refuseLinks } from './held.js';
import { homeAllowed } from './home.js';
import { DESCRIPTORS } from './launch.js';
import { packageTree, realProgram } from './package-tree.js';
import { isWithin, linksTo, realPath, realPlace } from '../platform/paths.js';

export interface BubblewrapRequest extends Decisive {
  /** No namespaces of the agent's own inside. */
  strict: boolean;
  /** Whether it has the host's network, or one of its own in which nobody listens. */
  network: boolean;
  /** The workspace: the agent may write here. Absolute, real. */
  cwd: string;
  /** Absolute, real: HOME itself may be a link to it. */
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
  /** The agent's environment; PATH says where real tools may be. */
  env: Record<string, string>;
}

/** With the places that are empty inside. */
type Planned = BubblewrapRequest & { empty: string[] };

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
const EMPTIED = ['/tmp', '/run', '/var/tmp', '/home', '/root', '/mnt', '/media', '/srv'];
/** Whoever has a home there has one of the system's. */
const SYSTEM = ['/usr', '/bin', '/sbin', '/lib', '/lib64', '/etc', '/dev', '/proc', '/sys'];
export const AGENT_DIRECTORY_INSIDE = '/run/turret';
/** Signals of the terminal: the agent handles them; bubblewrap would die of them and take the agent along. */
const TERMINAL_SIGNALS = 'INT,QUIT,HUP';

/**
 * What comes before the agent's command. It is to be started with the descriptors of launch.ts.
 * Throws TurretError isolation_unavailable when the workspace is, or holds, the home directory.
 */
export function bubblewrapCommand(bubblewrap: string, asked: BubblewrapRequest): string[] {
  refuseHomeAsWorkspace(asked);
  const request: Planned = { ...asked, empty: emptiedPlaces(asked.home) };
  const { read, write, caches } = homeAllowed(request.home, request.homeAllow, request.program);
  // What one session left there as a link would be what the next one is shown.
  refuseLinks([...write, ...read], [request.cwd, ...write]);
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
    ...caches.flatMap(({ kept, shown: path }) => ['--bind', kept, path]),
    ...write.flatMap((path) => ['--bind', path, path]),
    ...read.flatMap((path) => ['--ro-bind', path, path]),
    ...visible(process.execPath, request),
    ...CERTIFICATE_VARIABLES.flatMap((name) => certificates(request.env[name], request)),
    ...programAsked(request),
    ...['--ro-bind', request.agentDirectory, AGENT_DIRECTORY_INSIDE],
    // Not there yet when the profile is tried.
    ...['--bind-try', request.agentSocket, join(AGENT_DIRECTORY_INSIDE, AGENT_FILES.socket)],
    ...request.tools.flatMap((tool) => shimOver(tool, request, shown)),
    ...['--bind', request.cwd, request.cwd],
    ...held(request, [request.cwd, ...write]),
    ...hidden(request, [request.cwd, ...shown]),
    ...masked(request, [request.cwd, ...shown]),
    ...['--remount-ro', '/run', '--chdir', request.cwd],
    ...['--info-fd', `${DESCRIPTORS.info}`, '--block-fd', `${DESCRIPTORS.block}`],
    ...['--seccomp', `${DESCRIPTORS.filter}`, '--'],
    ...['/usr/bin/env', `--default-signal=${TERMINAL_SIGNALS}`],
  ];
}

/** Of HOME, what nobody works in: a link that one session left in its workspace may lead the next one there. */
const KEYS = ['.aws', '.azure', '.config/gcloud', '.config/gh', '.docker', '.gnupg', '.kube', '.ssh'];

/** Throws TurretError isolation_unavailable. */
export function refuseHomeAsWorkspace({ home, cwd }: { home: string; cwd: string }): void {
  const keys = KEYS.find((name) => isWithin(cwd, realPlace(join(home, name))));
  if (keys === undefined && !isWithin(home, cwd)) return;
  throw new TurretError(
    'isolation_unavailable',
    `the working directory ${keys === undefined ? `${home === cwd ? 'is' : 'holds'} your home directory` : `is ~/${keys}`}, where your keys are`,
    { hints: ['go into a project directory first (cd), only that is shown to the agent'] },
  );
}

/** What is empty inside, by its real path: /home may be a link to another disk, or a home to another place. */
export function emptiedPlaces(home: string): string[] {
  const places = [...EMPTIED, home, ...homeOfAccount()].map(realPath);
  return [...new Set(places.filter((path) => path !== undefined))];
}

/** HOME may say something else. */
function homeOfAccount(): string[] {
  try {
    const { homedir } = userInfo();
    return SYSTEM.some((path) => isWithin(path, homedir) || isWithin(homedir, path)) ? [] : [homedir];
  } catch {
    // A user in no password file.
    return [];
  }
}

function emptied({ home, env, empty }: Planned): string[] {
  // The links by which HOME is reached, where they would be gone with what is emptied.
  const lost = linksTo(env['HOME'] ?? home).filter(({ link }) =>
    empty.some((place) => isWithin(link, place)),
  );
  return [
    ...empty.flatMap((path) => ['--tmpfs', path]),
    ...lost.flatMap(({ link, target }) => ['--symlink', target, link]),
  ];
}

function hidden(request: Planned, shown: string[]): string[] {
  return request.hidden
    .filter((path) => existsSync(path))
    .map((path) => realpathSync(path))
    .filter((path) => isShown(path, request, shown))
    .flatMap((path) => ['--tmpfs', path]);
}

// An agent that ran without Turret may have left a daemon behind, with all of its user's rights and a socket among the
// agent's own files. What was asked for by its own name stays; a directory that the workspace lies in cannot be taken away
// from around it. A device without rights as a device is a file that nobody can open: it stands for files and sockets alike.
function masked(request: Planned, shown: string[]): string[] {
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
function isShown(path: string, { empty }: Planned, shown: string[]): boolean {
  return !empty.some((place) => isWithin(path, place)) || shown.some((parent) => isWithin(path, parent));
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

function certificates(file: string | undefined, request: Planned): string[] {
  return file?.startsWith('/') === true && /\.(pem|crt|cer)$/.test(file) && realFile(file) !== undefined
    ? visible(file, request)
    : [];
}

// The shims are run by this node, wherever it is installed.
function visible(program: string, { empty }: Planned): string[] {
  return empty.some((place) => isWithin(program, place)) ? ['--ro-bind', program, program] : [];
}

// What the user asks to be run can be run. Below HOME that is home.ts's: a program there may want to update itself.
function programAsked(request: Planned): string[] {
  const { program, home } = request;
  if (program === undefined || isWithin(program, home)) return [];
  const tree = packageTree(program);
  if (tree === undefined) return visible(program, request);
  const shown = visible(tree, request);
  // A link stays one: the program looks for its files from where it really is.
  const isThere = isWithin(program, tree) || visible(program, request).length === 0;
  return isThere ? shown : [...shown, '--symlink', realProgram(program), program];
}

// Login shells reset PATH and some agents put theirs in front: the real program's own path is a shim too.
function shimOver(tool: string, request: Planned, shown: string[]): string[] {
  const launcher = join(request.agentDirectory, 'bin', tool);
  const directories = [...(request.env['PATH'] ?? '').split(':'), ...STANDARD_PATH].filter((path) =>
    path.startsWith('/'),
  );
  const targets = new Set<string>();
  for (const directory of directories) {
    const target = realFile(join(directory, tool));
    if (target === undefined || isWithin(target, request.cwd)) continue;
    if (isShown(target, request, shown)) targets.add(target);
  }
  return [...targets].flatMap((target) => ['--ro-bind', launcher, target]);
}

function realFile(path: string): string | undefined {
  const real = realPath(path);
  return real !== undefined && statSync(real, { throwIfNoEntry: false })?.isFile() === true
    ? real
    : undefined;
}
