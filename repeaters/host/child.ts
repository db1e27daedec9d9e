// A process of the operator's program: an environment built from nothing, a group of its own, and nothing of it left
// when the call, or this process, ends.

import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { resolve } from 'node:path';
import { TurretError } from '../../src/errors.js';
import { SIGNALS, type SignalName } from '../../src/protocol/codes.js';
import type { RunResult } from '../sdk/types.js';
import { forgetGroup, watchGroup } from './watchdog.js';

const SETPRIV = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path));

export interface ChildOptions {
  command: readonly string[];
  /** Where it runs. */
  directory: string;
  /** Its HOME: private, removed at the end of the session. */
  home: string;
  stdio: StdioOptions;
}

export class Child {
  readonly process: ChildProcess;
  /** How it ended. Rejects with TurretError repeater_error when it could not be started. */
  readonly ended: Promise<RunResult>;

  constructor({ command, directory, home, stdio }: ChildOptions) {
    const [program = '', ...words] = command;
    const path = program.includes('/') ? resolve(directory, program) : program;
    // The kernel ends it when this process dies without being asked, and set-id programs gain nothing.
    const wrapped =
      SETPRIV === undefined ? [path] : [SETPRIV, '--pdeathsig', 'KILL', '--no-new-privs', '--', path];
    const [first = path, ...before] = wrapped;
    this.process = spawn(first, [...before, ...words], {
      cwd: directory,
      env: { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: home, LC_ALL: 'C.UTF-8' },
      detached: true,
      stdio,
    });
    const { pid } = this.process;
    if (pid !== undefined) watchGroup(pid);
    this.ended = new Promise((resolveEnded, reject) => {
      this.process.once('error', (cause) => {
        reject(
          new TurretError('repeater_error', `${JSON.stringify(program)} could not be started`, { cause }),
        );
      });
      this.process.once('exit', (code, signal) => {
        // What it left behind would hold our pipes open.
        this.kill('KILL');
        if (pid !== undefined) forgetGroup(pid);
        resolveEnded(resultOf(code, signal));
      });
    });
    this.ended.catch(() => {});
  }

  /** To it and to whatever it started. */
  kill(signal: SignalName | 'KILL'): void {
    if (this.process.pid === undefined) return;
    try {
      process.kill(-this.process.pid, `SIG${signal}`);
    } catch {
      // The group has ended.
    }
  }
}

function resultOf(code: number | null, signal: NodeJS.Signals | null): RunResult {
  if (signal === null) return { exit: code ?? 1 };
  const exit = 128 + constants.signals[signal];
  const name = [...SIGNALS, 'KILL' as const].find((candidate) => `SIG${candidate}` === signal);
  return name === undefined ? { exit } : { exit, signal: name };
}
