// One program of a call: streams with back-pressure, signals to its whole group, and nothing of that group left when
// the program, the call or this process ends.

import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { basename } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { TurretError } from '../../src/errors.js';
import { SIGNALS, type SignalName } from '../../src/protocol/codes.js';
import { CLI_OUTPUT_BYTES_MAX, ORPHAN_OUTPUT_MS } from '../../src/protocol/limits.js';
import { type Confinement, type Sandboxed, UNCONFINED, descriptorsOf } from './sandbox/confinement.js';
import { Inside } from './sandbox/inside.js';
import type { Run, RunResult } from './types.js';
import { forgetGroup, startWatchdog, watchGroup } from './watchdog.js';

type Stdio = readonly ('pipe' | 'ignore' | 'inherit')[];

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
export class CliProcess {
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
        this.#over = true;
        this.#inside?.over();
        if (pid !== undefined) forgetGroup(pid);
        resolve(
          sandboxed === undefined ? resultOf(code, signal) : resultInside(code, signal, sandboxed.ownExits),
        );
      });
    });
    // Whoever waits for it may do so later.
    this.ended.catch(() => {});
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

type Streams = Pick<Run, 'needs' | 'signal' | 'stdin' | 'stdout' | 'stderr' | 'onSignal'>;

/**
 * Runs a program to its end and to the end of its output.
 * @param options.handed values the program may read as JSON, on fd 3, 4, …
 * @param options.outputMax bytes on stdout and stderr together, after which the program is killed
 * @throws TurretError `cancelled` when the call was aborted, `repeater_error` when the program cannot be started,
 *   `output_limit`
 */
export async function runCli(
  run: Streams,
  {
    handed = [],
    outputMax = CLI_OUTPUT_BYTES_MAX,
    ...options
  }: CliOptions & { handed?: readonly object[]; outputMax?: number },
): Promise<RunResult> {
  if (run.signal.aborted) throw new TurretError('cancelled', 'the call was cancelled');
  const cli = new CliProcess({
    ...options,
    stdio: [run.needs.stdin ? 'pipe' : 'ignore', 'pipe', 'pipe', ...handed.map(() => 'pipe' as const)],
  });
  const { stdin, stdout, stderr, stdio } = cli.process;
  const output = new Budget(outputMax, () => cli.kill('KILL'));
  const kill = (): void => cli.kill('KILL');
  run.signal.addEventListener('abort', kill, { once: true });
  run.onSignal((signal) => cli.kill(signal));
  try {
    for (const [index, value] of handed.entries()) hand(stdio[3 + index], value);
    feed(run.stdin, stdin);
    const [result] = await Promise.all([
      cli.ended,
      drain(stdout, run.stdout, { cli, output }),
      drain(stderr, run.stderr, { cli, output }),
    ]);
    if (run.signal.aborted) throw new TurretError('cancelled', 'the call was cancelled');
    output.check();
    return result;
  } finally {
    run.signal.removeEventListener('abort', kill);
    kill();
  }
}

function hand(to: Readable | Writable | null | undefined, value: object): void {
  if (!to || !('write' in to)) return;
  // A program that does not need it does not read it.
  to.on('error', () => to.destroy());
  to.end(`${JSON.stringify(value)}\n`);
}

function feed(from: Readable, to: Writable | null): void {
  if (!to) return;
  // A program that does not read its input to the end is not in error; its exit code says how it went. And the input
  // of an agent may never end: the process decides, not the stream.
  pipeline(from, to).catch(() => to.destroy());
}

async function drain(
  from: Readable | null,
  to: Writable,
  { cli, output }: { cli: CliProcess; output: Budget },
): Promise<void> {
  if (!from) return;
  cli.ended.then(
    () => stopWhenSilent(from, to),
    () => from.destroy(),
  );
  try {
    const passed = pipeline(from, to, { end: false });
    from.on('data', (bytes: Buffer) => {
      if (!output.spend(bytes.length)) from.destroy();
    });
    await passed;
  } catch {
    // The reader is gone (`aws … | head`), and the program gets SIGPIPE from its next write, as it would without us.
    // Or the program has ended, and what it wrote has been passed on.
    from.destroy();
  }
}

/**
 * A program that left its group (`setsid`) may hold the output open for ever. What the one we started wrote is there
 * when it ends: once nothing more comes although it would be taken, the rest is not the call's.
 */
function stopWhenSilent(from: Readable, to: Writable): void {
  if (from.closed) return;
  let silent = 0;
  const watch = setInterval(() => {
    silent = to.writableNeedDrain ? 0 : silent + 1;
    // Twice, because a process that was itself stopped for a while finds its timer before its input.
    if (silent === 2) from.destroy();
  }, ORPHAN_OUTPUT_MS);
  from.on('data', () => {
    silent = 0;
  });
  from.once('close', () => clearInterval(watch));
}

/** All that a program may print. What is past it has been passed on by up to one piece. */
class Budget {
  readonly #max: number;
  readonly #spent: () => void;
  #bytes = 0;

  constructor(max: number, spent: () => void) {
    this.#max = max;
    this.#spent = spent;
  }

  /** @returns whether more may come */
  spend(bytes: number): boolean {
    this.#bytes += bytes;
    if (this.#bytes > this.#max) this.#spent();
    return this.#bytes <= this.#max;
  }

  check(): void {
    if (this.#bytes > this.#max)
      throw new TurretError('output_limit', `the command wrote more than ${this.#max} bytes and was ended`);
  }
}

function resultOf(code: number | null, signal: NodeJS.Signals | null): RunResult {
  if (signal === null) return { exit: code ?? 1 };
  const exit = 128 + constants.signals[signal];
  const name = nameOf(signal);
  return name === undefined ? { exit } : { exit, signal: name };
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

const nameOf = (signal: NodeJS.Signals): RunResult['signal'] =>
  [...SIGNALS, 'KILL' as const].find((candidate) => `SIG${candidate}` === signal);
