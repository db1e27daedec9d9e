// The sandbox of a repeater of one's own. Everything is read-only; HOME, /tmp and /run are empty but for its own directory
// and what its manifest names; processes, IPC and host name are its own; every capability is dropped.
//
// Who is attacking: nobody yet. The program holds a credential and reads what an agent chose; if that makes it do what the
// agent wants, this is what it can reach.

import { existsSync, realpathSync, statSync } from 'node:fs';

import { emptiedPlaces, nameResolution } from './bubblewrap.js';
import { isWithin } from '../platform/paths.js';

export interface RepeaterSandboxRequest {
  /** Absolute paths it may see, and change. */
  read: string[];
  write: string[];
  net: boolean;
  /** Of whoever it runs as. */
  home: string;
  /** Its own, private. */
  directory: string;
  /** Where it starts: empty inside unless it is among the paths. */
  cwd: string;
  /** Of sockets for output that is handed over, writable; absent where none is. */
  streams?: string;
  /** Directories with Turret's state: never visible. */
  hidden: string[];
  /** Files that decide what agents and repeaters may do: never writable. */
  fixed: string[];
}

/** What the program is started with. `filterFd`: where bubblewrap finds the system call filter. */
export function repeaterSandbox(
  bubblewrap: string,
  request: RepeaterSandboxRequest,
  filterFd: number | undefined,
): string[] {
  const { net, directory, streams, cwd } = request;
  const empty = emptiedPlaces(request.home).filter((path) => path !== '/');
  return [
    bubblewrap,
    ...['--unshare-user', '--unshare-pid', '--unshare-ipc', '--unshare-uts', '--cap-drop', 'ALL'],
    ...(net ? [] : ['--unshare-net']),
    '--die-with-parent',
    ...(filterFd === undefined ? [] : ['--seccomp', String(filterFd)]),
    ...['--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc'],
    ...empty.flatMap((path) => ['--tmpfs', path]),
    ...(net ? nameResolution() : []),
    ...['--dir', cwd],
    ...bound(request),
    ...hidden(request, empty),
    ...[directory, ...(streams === undefined ? [] : [streams])].flatMap((path) => ['--bind', path, path]),
    // What is written where nothing stays must fail, not get lost.
    ...empty.filter((path) => !path.endsWith('/tmp')).flatMap((path) => ['--remount-ro', path]),
    ...['--chdir', cwd, '--'],
  ];
}

// A path inside another one comes after it, and is what its own line says.
function bound({ read, write, fixed }: RepeaterSandboxRequest): string[] {
  const kinds: ['--ro-bind' | '--bind', string][] = [
    ...read.map((path): ['--ro-bind', string] => ['--ro-bind', path]),
    ...write.map((path): ['--bind', string] => ['--bind', path]),
    ...fixed
      .filter((path) => isFile(path) && write.some((parent) => isWithin(path, parent)))
      .map((path): ['--ro-bind', string] => ['--ro-bind', path]),
  ];
  return kinds
    .sort(([, one], [, other]) => one.split('/').length - other.split('/').length)
    .flatMap(([kind, path]) => [kind, path, path]);
}

// A directory is held against agents; of its own its manifest says what it may write.
function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function hidden({ read, write, hidden: directories }: RepeaterSandboxRequest, empty: string[]): string[] {
  const shown = [...read, ...write];
  return directories
    .filter((path) => existsSync(path))
    .map((path) => realpathSync(path))
    .filter(
      (path) =>
        !empty.some((parent) => isWithin(path, parent)) || shown.some((parent) => isWithin(path, parent)),
    )
    .flatMap((path) => ['--tmpfs', path]);
}
