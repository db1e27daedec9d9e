// The bubblewrap command line of a real CLI: namespaces of its own, no capability, and a file system of the program, the
// libraries it needs and the call's private place. An agent's sandbox (src/isolation) shows a machine to work on; this one
// shows what one program needs to run once.

import { cliFilter } from '../../../src/isolation/seccomp/cli-filter.js';
import type { Confinement, Sandboxed } from './confinement.js';
import type { CliNetwork } from './network.js';
import { programFiles, systemFiles } from './program-files.js';
import { PRLIMIT, resourceWords } from './resources.js';
import { View } from './view.js';

const NAMESPACES = [
  '--unshare-user',
  '--unshare-pid',
  '--unshare-ipc',
  '--unshare-uts',
  '--unshare-cgroup-try',
];
const HARDENED = [
  // The session is for signals (inside.ts), and keeps it from any terminal.
  ...['--new-session', '--die-with-parent', '--cap-drop', 'ALL'],
  ...['--proc', '/proc', '--dev', '/dev', '--remount-ro', '/dev'],
];

/**
 * A zygote makes the namespaces of its forks itself. What it may do for that it may do to nothing but its own view: no
 * other namespace belongs to its user namespace. SETFCAP is what the kernel wants to see before root is mapped to root.
 * The devices are bubblewrap's but for terminals, whose mount would cost a second user namespace, without rights in the first.
 */
const HARDENED_FOR_FORKS = [
  ...['--new-session', '--die-with-parent', '--cap-drop', 'ALL'],
  ...['--cap-add', 'CAP_SYS_ADMIN', '--cap-add', 'CAP_SETFCAP'],
  ...['--proc', '/proc', '--tmpfs', '/dev'],
  ...['null', 'zero', 'full', 'random', 'urandom', 'tty'].flatMap((name) => [
    ...['--dev-bind', `/dev/${name}`, `/dev/${name}`],
  ]),
  ...['--symlink', '/proc/self/fd', '/dev/fd', '--dir', '/dev/shm'],
  ...['stdin', 'stdout', 'stderr'].flatMap((name, fd) => [
    '--symlink',
    `/proc/self/fd/${fd}`,
    `/dev/${name}`,
  ]),
  ...['--remount-ro', '/dev', '--remount-ro', '/'],
];

/** Where a name is turned into an address. */
const NAME_SERVICE = ['/etc/resolv.conf', '/etc/services'];

export interface SandboxOptions {
  /** Absolute path of a root-owned bubblewrap. */
  bubblewrap: string;
  /** The program that is run, absolute, without links. */
  program: string;
  /** PATH where its interpreter is looked for. */
  path: string;
  /** Of its own, or that of this process; absent: none at all, and Unix sockets are the only ones there are. */
  network: CliNetwork | 'shared' | undefined;
  ownExits: readonly number[];
}

/** What a call needs besides; all paths are absolute, and the same inside. */
export interface CallView {
  /** The private directory of the call: all it may write to, but for what is `writable`. */
  place: string;
  readable?: readonly string[];
  writable?: readonly string[];
  /** Programs that the program itself starts. */
  programs?: readonly string[];
}

/** How a zygote is started, and what it needs to shut in its forks as tightly as a program of its own is. */
export interface ForkConfinement {
  /** Come before its interpreter. */
  words: readonly string[];
  filter: Buffer;
}

/** One sandbox for each call of one program. Looks at its installation once, when made. */
export class CliSandbox {
  readonly #enter: readonly string[];
  readonly #view = new View();
  readonly #sandboxed: Omit<Sandboxed, 'shown'>;

  constructor({ bubblewrap, program, path, network, ownExits }: SandboxOptions) {
    const limits = PRLIMIT === undefined ? [] : [PRLIMIT];
    const names = network === 'shared' ? NAME_SERVICE : [];
    for (const file of [...systemFiles(), ...limits, ...programFiles(program, path), ...names])
      this.#view.show(file);
    this.#enter = [
      ...(typeof network === 'object' ? network.enter : []),
      bubblewrap,
      ...NAMESPACES,
      ...(network === undefined ? ['--unshare-net'] : []),
    ];
    // Each kind of injector is one kind of socket; the CLI can make no other.
    const sockets = network === undefined ? 'unix' : network === 'shared' ? 'inet' : 'tcp';
    const filter = cliFilter(process.arch, { sockets });
    // Which is also what keeps it from namespaces of its own.
    if (filter === undefined) this.#enter = [...this.#enter, '--disable-userns'];
    this.#sandboxed = { filter, ownExits };
  }

  /**
   * @param of.calls the directory of all private places, without links in its path; the zygote sees it, a fork its own place only
   * @returns undefined on a machine whose forks would be without a filter
   */
  confineForks({
    calls,
    readable,
  }: {
    calls: string;
    readable: readonly string[];
  }): ForkConfinement | undefined {
    const { filter } = this.#sandboxed;
    if (filter === undefined) return undefined;
    const view = new View(this.#view);
    for (const file of readable) view.show(file);
    view.share(calls);
    return { words: [...this.#enter, ...view.words, ...HARDENED_FOR_FORKS, '--'], filter };
  }

  confine({ place, readable = [], writable = [], programs = [] }: CallView): Confinement {
    const view = new View(this.#view);
    for (const file of [...programs, ...readable]) view.show(file);
    for (const file of [...writable, place]) view.share(file);
    return {
      words: (fd) => [
        ...this.#enter,
        ...view.words,
        ...HARDENED,
        ...['--remount-ro', '/', '--info-fd', String(fd)],
        ...(this.#sandboxed.filter === undefined ? [] : ['--seccomp', String(fd + 1)]),
        '--',
        ...resourceWords({ counted: true }),
      ],
      sandboxed: { ...this.#sandboxed, shown: view.sources },
    };
  }
}
