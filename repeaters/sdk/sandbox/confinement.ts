// How a program of a call is started so that it cannot get out: the words in front of its own, and what goes with them.
// The one seam between who starts programs and how they are shut in.
//
// Who is attacking: the agent, through the arguments, files and answers it makes the real CLI read. When it has won, it
// runs code as the CLI does. What that code must not reach: files and processes of the user, other calls, any address but
// its own injector's.

import { existsSync } from 'node:fs';

/** For one call. */
export interface Confinement {
  /**
   * Come before the program's absolute path and its arguments.
   * @param fd number of the first descriptor that is the sandbox's (`descriptorsOf`)
   */
  words(fd: number): readonly string[];
  /** Absent: the program runs in the namespaces of this process, and the words use no descriptors. */
  sandboxed?: Sandboxed;
}

export interface Sandboxed {
  /** A seccomp program, as the kernel takes it; undefined where its machine code is not known. */
  filter: Buffer | undefined;
  /** Exit codes above 128 that the program ends with by itself. Every other one stands for a signal that ended it. */
  ownExits: readonly number[];
  /** Files and directories of this machine that are mounted in it to be read. */
  shown: readonly string[];
}

/** On `info` the sandbox says which its first process is (JSON, `child-pid`), from `filter` it reads the filter. */
export function descriptorsOf({ sandboxed }: Confinement): ('info' | 'filter')[] {
  if (sandboxed === undefined) return [];
  return sandboxed.filter === undefined ? ['info'] : ['info', 'filter'];
}

const SETPRIV = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path));

/** A repeater that is killed cannot clean up: the kernel does, and set-id programs gain nothing. */
export const UNCONFINED: Confinement = {
  words: () => (SETPRIV === undefined ? [] : [SETPRIV, '--pdeathsig', 'KILL', '--no-new-privs', '--']),
};
