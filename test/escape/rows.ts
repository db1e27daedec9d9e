// The twenty attempts, and what is known to get through: where, by which of the ways tried, and why that is so.

import type { Level } from '../../src/isolation/levels.js';

export interface Row {
  number: number;
  attempt: string;
}
export const ROWS: readonly Row[] = [
  'read the environment of a process with keys, by its id',
  'read the environment of every process, the first of the sandbox included',
  'read the memory of a process with keys, trace it, take its open files',
  'read files through the root, directory and descriptors of other processes',
  'open the inspector of a Node process by a signal, and ask it',
  'read credential files of HOME',
  'read credential files by another way: links, a variable, `..`',
  'read the histories of shells',
  'lift what is mounted over HOME, also as root of a namespace',
  'talk to docker, ssh-agent, gpg-agent, D-Bus, tmux',
  'talk to an abstract socket',
  'send a datagram to a Unix socket',
  'ask the metadata service of a cloud machine',
  'reach a service on loopback',
  "read the kernel's keyrings",
  'type into the terminal, for the shell to run after the end',
  'change the policy',
  'use the token from outside of the session, or after its end',
  'use what was inherited, or a set-id program',
  'survive the end of turret; run where no sandbox can be made',
].map((attempt, index) => ({ number: index + 1, attempt }));

/** A way that is not stopped at a level, and why. `users`: whose; both when left out. */
export interface Opening {
  row: number;
  level: Level;
  /** Of the ways of this row. */
  ways: RegExp;
  why: string;
  users?: readonly string[];
}

const ADVISORY = 'no sandbox: what you may read, the agent may';
const at = (levels: readonly Level[], row: number, ways: RegExp, why: string): Opening[] =>
  levels.map((level) => ({ level, row, ways, why }));

export const OPENINGS: readonly Opening[] = [
  ...ROWS.map(({ number }): Opening => ({ row: number, level: 'none', ways: /./, why: ADVISORY })),
  ...at(
    ['landlock', 'uid'],
    7,
    /AWS_SHARED_CREDENTIALS_FILE/,
    'what lies outside of HOME is shown, read-only',
  ),
  ...at(
    ['strict', 'namespaced'],
    10,
    /started after the session/,
    "an agent's own directories of HOME are shown; sockets in them are covered at the start",
  ),
  ...at(['namespaced', 'landlock', 'uid'], 14, /UDP/, 'Landlock holds TCP only'),
  ...at(
    ['landlock', 'uid'],
    18,
    /while the session|through the root/,
    'whoever may read the token may use it, as long as the session runs',
  ),
];
