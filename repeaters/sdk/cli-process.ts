// One program of a call: signals to its whole group, and nothing of that group left when the program, the call or this
// process ends.

import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { basename } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { TurretError } from '../../src/errors.js';
import type { SignalName } from '../../src/protocol/codes.js';
import { CLI_OUTPUT_BYTES_MAX } from '../../src/protocol/limits.js';
import { type RunningProgram, type Streams, attend, resultOf } from './running-program.js';
import { Handoff } from './handoff/handoff.js';
import { type Confinement, type Sandboxed, UNCONFINED, descriptorsOf } from './sandbox/confinement.js';
import { Inside } from './sandbox/inside.js';
import type { RunResult } from './types.js';
import { forgetGroup, startWatchdog, watchGroup } from './watchdog.js';

/** A number is a descriptor of this process. */
type Stdio = readonly ('pipe' | 'ignore' | 'inherit' | Writable | number)[];

export interface CliOptions {
  /** Absolute, or a name that is looked up on PATH of `env` when it is not confined. */
  path: string;
  argv: readonly string[];
  cwd: string;
  /** All of it: nothing of this process is added. */
  env: Record<string, string>;
  /** How it is shut in; not at all when left out. */
  confinement?: Confinement;
}

/** A program in a process group of its own, so that everything it starts is reached by the same signal. */
export class CliProcess implements RunningProgram {
  readonly process: ChildProcess;
  /** How it ended. Rejects with TurretError repeater_error when it could not be started. */
  readonly ended: Promise<RunResult>;
  #inside: Inside | undefined;
  #over = false;

  constructor({ path, argv, cwd, env, stdio, confinement = UNCONFINED }: CliOptions & { stdio: Stdio }) {
    const { sandboxed } = confinement;
    const [program, ...words] = [...confinement.words(stdio.length), path, ...argv];
    const failed = (cause: unknown): TurretError =>
      new TurretError('repeater_error', `${JSON.stringify(basename(path))} could not be started`, { cause });
    startWatchdog();
    try {
      const pipes = descriptorsOf(confinement).map(() => 'pipe' as const);
      this.process = spawn(program ?? path, words, { cwd, env, detached: true, stdio: [...stdio, ...pipes] });
    } catch (cause) {
      // Node throws for a command line the kernel finds too long, and only reports what it did not find.
      throw failed(cause);
    }
    if ((this.process.stdio as unknown) === undefined) {
      // Out of descriptors there are no streams either, whatever their types say, and the error is an event.
      this.process.once('error', () => {});
      throw failed(new Error('EMFILE'));
    }
    const { pid } = this.process;
    if (pid !== undefined) watchGroup(pid);
    if (pid !== undefined && sandboxed !== undefined) this.#inside = this.#enter(stdio.length, sandboxed);
    this.ended = new Promise((resolve, reject) => {
      this.process.once('error', (cause) => reject(failed(cause)));
      this.process.once('exit', (code, signal) => {
        // What it left behind would hold our pipes open.
        this.kill('KILL');
        const end = (): void => {
          this.#over = true;
          this.#inside?.over();
          if (pid !== undefined) forgetGroup(pid);
          resolve(
            sandboxed === undefined ? resultOf(code, signal) : resultInside(code, signal, sandboxed.ownExits),
          );
        };
        if (this.#inside === undefined) end();
        else void this.#inside.gone().then(end);
      });
    });
    // Whoever waits for it may do so later.
    this.ended.catch(() => {});
  }

  get stdin(): Writable | null {
    return this.process.stdin;
  }

  get stdout(): Readable | null {
    return this.process.stdout;
  }

  get stderr(): Readable | null {
    return this.process.stderr;
  }

  #enter(fd: number, { filter }: Sandboxed): Inside {
    const toSandbox = this.process.stdio[fd + 1] as Writable | undefined;
    // A sandbox that did not start does not read it.
    toSandbox?.on('error', () => toSandbox.destroy()).end(filter);
    return new Inside(this.process.stdio[fd] as Readable);
  }

  /** To it and to whatever it started. Nothing once it has ended: the number of its group may be another's by then. */
  kill(signal: SignalName | 'KILL'): void {
    if (this.process.pid === undefined || this.#over) return;
    if (this.#inside && signal !== 'KILL') return void this.#inside.signal(signal);
    // When the first process inside dies everything there does, and the sandbox ends after all of it.
    if (this.#inside?.kill() === true) return;
    try {
      process.kill(-this.process.pid, `SIG${signal}`);
    } catch {
      // The group has ended.
    }
  }
}

/**
 * Runs a program to its end and to the end of its output.
 * @param options.handed values the program may read as JSON, on fd 3, 4, …
 * @param options.outputMax as for `attend`
 * @throws TurretError as `attend`, and `repeater_error` when the program cannot be started
 */
export async function runCli(
  run: Streams,
  { handed = [], outputMax, ...options }: CliOptions & { handed?: readonly object[]; outputMax?: number },
): Promise<RunResult> {
  const most = outputMax ?? CLI_OUTPUT_BYTES_MAX;
  const handoff = run.handoff === undefined ? undefined : await Handoff.open(run.handoff, most);
  const start = (): RunningProgram => {
    const cli = new CliProcess({
      ...options,
      stdio: [
        run.needs.stdin ? 'pipe' : 'ignore',
        handoff?.input ?? 'pipe',
        'pipe',
        ...handed.map(() => 'pipe' as const),
      ],
    });
    for (const [index, value] of handed.entries()) hand(cli.process.stdio[3 + index], value);
    return handoff?.carry(cli) ?? cli;
  };
  try {
    return await attend(run, start, most);
  } finally {
    handoff?.kill();
  }
}

function hand(to: Readable | Writable | null | undefined, value: object): void {
  if (!to || !('write' in to)) return;
  // A program that does not need it does not read it.
  to.on('error', () => to.destroy());
  to.end(`${JSON.stringify(value)}\n`);
}

// bubblewrap ends with 128+n where the program inside was ended by signal n.
function resultInside(
  code: number | null,
  signal: NodeJS.Signals | null,
  ownExits: readonly number[],
): RunResult {
  if (code === null || code <= 128 || ownExits.includes(code)) return resultOf(code, signal);
  const [name] = Object.entries(constants.signals).find(([, number]) => number === code - 128) ?? [];
  return name === undefined ? { exit: code } : resultOf(null, name as NodeJS.Signals);
}
