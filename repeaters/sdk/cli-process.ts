// One program of a call: streams with back-pressure, signals to its whole group, and nothing of that group left when
// the program, the call or this process ends.

import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { basename } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { TurretError } from '../../src/errors.js';
import { SIGNALS, type SignalName } from '../../src/protocol/codes.js';
import { ORPHAN_OUTPUT_MS } from '../../src/protocol/limits.js';
import type { Run, RunResult } from './types.js';
import { forgetGroup, watchGroup } from './watchdog.js';

/** A repeater that is killed cannot clean up: the kernel does, and set-id programs gain nothing. */
const SETPRIV = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path));

export interface CliOptions {
  /** Absolute, or a name that is looked up on PATH of `env`. */
  path: string;
  argv: readonly string[];
  cwd: string;
  /** All of it: nothing of this process is added. */
  env: Record<string, string>;
}

/** A program in a process group of its own, so that everything it starts is reached by the same signal. */
export class CliProcess {
  readonly process: ChildProcess;
  /** How it ended. Rejects with TurretError repeater_error when it could not be started. */
  readonly ended: Promise<RunResult>;
  #over = false;

  constructor({ path, argv, cwd, env, stdio }: CliOptions & { stdio: StdioOptions }) {
    const [program, ...words] = SETPRIV
      ? [SETPRIV, '--pdeathsig', 'KILL', '--no-new-privs', '--', path, ...argv]
      : [path, ...argv];
    const failed = (cause: unknown): TurretError =>
      new TurretError('repeater_error', `${JSON.stringify(basename(path))} could not be started`, { cause });
    try {
      this.process = spawn(program, words, { cwd, env, detached: true, stdio });
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
    this.ended = new Promise((resolve, reject) => {
      this.process.once('error', (cause) => reject(failed(cause)));
      this.process.once('exit', (code, signal) => {
        // What it left behind would hold our pipes open.
        this.kill('KILL');
        this.#over = true;
        if (pid !== undefined) forgetGroup(pid);
        resolve(resultOf(code, signal));
      });
    });
    // Whoever waits for it may do so later.
    this.ended.catch(() => {});
  }

  /** To it and to whatever it started. Nothing once it has ended: the number of its group may be another's by then. */
  kill(signal: SignalName | 'KILL'): void {
    if (this.process.pid === undefined || this.#over) return;
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
 * @throws TurretError `cancelled` when the call was aborted, `repeater_error` when the program cannot be started
 */
export async function runCli(
  run: Streams,
  { handed = [], ...options }: CliOptions & { handed?: readonly object[] },
): Promise<RunResult> {
  if (run.signal.aborted) throw new TurretError('cancelled', 'the call was cancelled');
  const cli = new CliProcess({
    ...options,
    stdio: [run.needs.stdin ? 'pipe' : 'ignore', 'pipe', 'pipe', ...handed.map(() => 'pipe' as const)],
  });
  const { stdin, stdout, stderr, stdio } = cli.process;
  const kill = (): void => cli.kill('KILL');
  run.signal.addEventListener('abort', kill, { once: true });
  run.onSignal((signal) => cli.kill(signal));
  try {
    for (const [index, value] of handed.entries()) hand(stdio[3 + index], value);
    feed(run.stdin, stdin);
    const [result] = await Promise.all([
      cli.ended,
      drain(stdout, run.stdout, cli),
      drain(stderr, run.stderr, cli),
    ]);
    if (run.signal.aborted) throw new TurretError('cancelled', 'the call was cancelled');
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

async function drain(from: Readable | null, to: Writable, cli: CliProcess): Promise<void> {
  if (!from) return;
  cli.ended.then(
    () => stopWhenSilent(from, to),
    () => from.destroy(),
  );
  try {
    await pipeline(from, to, { end: false });
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

function resultOf(code: number | null, signal: NodeJS.Signals | null): RunResult {
  if (signal === null) return { exit: code ?? 1 };
  const exit = 128 + constants.signals[signal];
  const name = [...SIGNALS, 'KILL' as const].find((candidate) => `SIG${candidate}` === signal);
  return name === undefined ? { exit } : { exit, signal: name };
}
