// Bounds of one process of a real CLI that the kernel keeps.

import { existsSync } from 'node:fs';
import { CLI_DATA_BYTES_MAX, CLI_FILE_BYTES_MAX, CLI_TASKS_MAX } from '../../../src/protocol/limits.js';

/** Where util-linux puts it. */
export const PRLIMIT = ['/usr/bin/prlimit', '/bin/prlimit'].find((path) => existsSync(path));

/** As Python's module `resource` calls them. For a program whose processes are counted by themselves. */
export const RESOURCE_LIMITS = {
  RLIMIT_CORE: 0,
  RLIMIT_DATA: CLI_DATA_BYTES_MAX,
  RLIMIT_FSIZE: CLI_FILE_BYTES_MAX,
  RLIMIT_NPROC: CLI_TASKS_MAX,
};

/**
 * Words that lower the limits and then run what follows. Memory is what a process may write to (RLIMIT_DATA): Go and
 * Python reserve far more addresses than they use, which RLIMIT_AS would count.
 * @param counted the user's processes are counted in a namespace of the call's own; elsewhere all of them would be
 */
export function resourceWords({ counted }: { counted: boolean }): string[] {
  if (PRLIMIT === undefined) return [];
  const tasks = counted ? [`--nproc=${CLI_TASKS_MAX}`] : [];
  return [
    PRLIMIT,
    '--core=0',
    `--data=${CLI_DATA_BYTES_MAX}`,
    `--fsize=${CLI_FILE_BYTES_MAX}`,
    ...tasks,
    '--',
  ];
}
