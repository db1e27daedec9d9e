// Runs inside the sandbox, by itself: no import but Node's own. Tries, in the way an agent would, what the sandbox is to
// stop, and says for each whether it got there. Nothing is changed: a file it manages to write is empty and removed by
// the doctor outside; a connection is opened and closed; nothing is ever sent.
//
// In: attempts.json beside this file. Out: one JSON line on stdout.

import { closeSync, openSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';

export interface AttemptTargets {
  /** In the command line and the environment of a process outside. */
  canary: string;
  /** Files that exist outside. */
  files: string[];
  /** Directories with keys that exist outside and are not empty. */
  keyDirectories: string[];
  /** Sockets that exist outside; a leading NUL is an abstract one. */
  sockets: string[];
  /** A listener outside on 127.0.0.1. */
  port: number;
  /** Directories outside the workspace. */
  directories: string[];
  /** Name of the file to write there. */
  fileName: string;
  /** Programs that must be shims, and what a shim has in it. */
  programs: string[];
  shimMark: string;
  connectMs: number;
}
/** What was reached. Empty and false is what one wants. */
export interface AttemptReport {
  processes: boolean;
  environments: boolean;
  files: string[];
  keyDirectories: string[];
  sockets: string[];
  loopback: boolean;
  /** A route to 169.254.169.254 exists, and its port may be connected to. */
  metadata: boolean;
  written: string[];
  /** Real programs that can be run past the shim. */
  programs: string[];
  /** Capabilities or set-id programs could give rights. */
  privileges: boolean;
  /** The kernel lets a process type into its terminal, and no filter keeps this one from it. */
  terminal: boolean;
}

function reads(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    // Stopped.
    return '';
  }
}

function inAnyProcess(file: 'cmdline' | 'environ', canary: string): boolean {
  return readdirSync('/proc').some(
    (name) => /^\d+$/.test(name) && reads(join('/proc', name, file)).includes(canary),
  );
}

// Opened, since access(2) does not know what Landlock forbids.
function readable(path: string): boolean {
  try {
    closeSync(openSync(path, 'r'));
    return true;
  } catch {
    // Stopped.
    return false;
  }
}

// An empty one in its place is as good as none.
function listed(path: string): boolean {
  try {
    return readdirSync(path).length > 0;
  } catch {
    // Stopped.
    return false;
  }
}

function writes(directory: string, name: string): boolean {
  try {
    writeFileSync(join(directory, name), '', { flag: 'wx' });
    return true;
  } catch {
    // Stopped.
    return false;
  }
}

function connects(
  to: { path: string } | { host: string; port: number },
  milliseconds: number,
): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(to);
    const end = (reached: boolean): void => {
      socket.destroy();
      resolve(reached);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
    setTimeout(() => end(false), milliseconds).unref();
  });
}

const METADATA_PORT = 80;

/** Whether connecting to this port is forbidden to us, whoever listens there: asked of our own machine. */
function isPortClosed(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const end = (closed: boolean): void => {
      socket.destroy();
      resolve(closed);
    };
    socket.once('connect', () => end(false));
    socket.once('error', ({ code }: NodeJS.ErrnoException) => end(code === 'EACCES' || code === 'EPERM'));
  });
}

/** From /proc/net/route, as little-endian hexadecimal words: destination, flags (1 up, 0x200 reject), mask. */
export function hasRoute(table: string, address: [number, number, number, number]): boolean {
  const wanted = (address[0] | (address[1] << 8) | (address[2] << 16) | (address[3] << 24)) >>> 0;
  return table
    .split('\n')
    .slice(1)
    .some((line) => {
      const [, destination, , flags, , , , mask] = line
        .trim()
        .split(/\s+/)
        .map((word) => Number.parseInt(word, 16));
      if (destination === undefined || flags === undefined || mask === undefined) return false;
      return (flags & 0x201) === 1 && (wanted & mask) >>> 0 === destination >>> 0;
    });
}

/** Not empty when a capability is held, or a set-id program could give one. */
function hasPrivileges(status: string): boolean {
  const capabilities = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  return capabilities === undefined || /[^0]/.test(capabilities) || !/^NoNewPrivs:\s*1$/m.test(status);
}

export async function attemptAll(targets: AttemptTargets): Promise<AttemptReport> {
  const { canary, connectMs } = targets;
  const sockets: string[] = [];
  for (const path of targets.sockets) if (await connects({ path }, connectMs)) sockets.push(path);
  return {
    processes: inAnyProcess('cmdline', canary),
    environments: inAnyProcess('environ', canary),
    files: targets.files.filter(readable),
    keyDirectories: targets.keyDirectories.filter(listed),
    sockets,
    loopback: await connects({ host: '127.0.0.1', port: targets.port }, connectMs),
    metadata:
      hasRoute(reads('/proc/net/route'), [169, 254, 169, 254]) && !(await isPortClosed(METADATA_PORT)),
    written: targets.directories.filter((directory) => writes(directory, targets.fileName)),
    programs: targets.programs.filter((path) => readable(path) && !reads(path).startsWith(targets.shimMark)),
    privileges: hasPrivileges(reads('/proc/self/status')),
    terminal:
      reads('/proc/sys/dev/tty/legacy_tiocsti').trim() !== '0' &&
      !/^Seccomp:\s*2$/m.test(reads('/proc/self/status')),
  };
}

if (process.argv[2] === 'attempt') {
  const targets = JSON.parse(
    readFileSync(new URL('attempts.json', import.meta.url), 'utf8'),
  ) as AttemptTargets;
  process.stdout.write(`${JSON.stringify(await attemptAll(targets))}\n`);
}
