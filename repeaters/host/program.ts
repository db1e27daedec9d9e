// How the operator's program is started: where its manifest is, with an environment built from nothing.

import { resolve } from 'node:path';
import type { CliOptions } from '../sdk/cli-process.js';

export interface Program {
  /** Its first word is a path, from `directory`, or a name that is looked up in the system's directories. */
  command: readonly string[];
  /** Where it runs. */
  directory: string;
  /** Its HOME: private, removed at the end of the session. */
  home: string;
}

export function startOf({ command, directory, home }: Program): CliOptions {
  const [program = '', ...argv] = command;
  return {
    path: program.includes('/') ? resolve(directory, program) : program,
    argv,
    cwd: directory,
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: home, LC_ALL: 'C.UTF-8' },
  };
}
