// One child process of a call: streams with back-pressure, signals to its whole group, and nothing of it left when the
// call or this process ends.

import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { TurretError } from '../../src/errors.js';
import { SIGNALS, type SignalName } from '../../src/protocol/codes.js';
import type { Run, RunResult } from '../sdk/types.js';

/** A repeater that is killed cannot clean up: the kernel does, and set-id programs gain nothing. */
const SETPRIV = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path));

export interface ChildOptions {
  /** Absolute. */
  path: string;
  argv: string[];
  cwd: string;
  env: Record<string, string>;
}

type Streams = Pick<Run, 'needs' | 'signal' | 'stdin' | 'stdout' | 'stderr' | 'onSignal'>;

/**
 * Runs to the end of the process and of its output.
 * @throws TurretError `cancelled` when the call was aborted, `repeater_error` when the program cannot be started
 */
export async function runChild({ path, argv, cwd, env }: ChildOptions, run: Streams): Promise<RunResult> {
  if (run.signal.aborted) throw new TurretError('cancelled', 'the call was cancelled');
  const command = SETPRIV
    ? [SETPRIV, '--pdeathsig', 'KILL', '--no-new-privs', '--', path, ...argv]
    : [path, ...argv];
  const [program = path, ...words] = command;
  // Detached: a process group of its own, so that everything the CLI starts is reached by the same signal.
  const child = spawn(program, words, {
    cwd,
    env,
    detached: true,
    stdio: [run.needs.stdin ? 'pipe' : 'ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<RunResult>((resolve, reject) => {
    child.once('error', (cause) =>
      reject(new TurretError('repeater_error', 'the aws program could not be started', { cause })),
    );
    child.once('exit', (code, signal) => resolve(toResult(code, signal)));
  });
  const kill = (): void => killGroup(child, 'SIGKILL');
  run.signal.addEventListener('abort', kill, { once: true });
  run.onSignal((signal) => killGroup(child, `SIG${signal}`));
  try {
    feed(run.stdin, child.stdin);
    const [result] = await Promise.all([
      ended,
      drain(child.stdout, run.stdout),
      drain(child.stderr, run.stderr),
    ]);
    if (run.signal.aborted) throw new TurretError('cancelled', 'the call was cancelled');
    return result;
  } finally {
    run.signal.removeEventListener('abort', kill);
    kill();
  }
}

function feed(from: Readable, to: Writable | null): void {
  if (!to) return;
  // A program that does not read its input to the end is not in error; its exit code says how it went.
  pipeline(from, to).catch(() => to.destroy());
}

async function drain(from: Readable | null, to: Writable): Promise<void> {
  if (!from) return;
  try {
    await pipeline(from, to, { end: false });
  } catch {
    // The reader is gone (`aws … | head`). The program gets SIGPIPE from its next write, as it would without us.
    from.destroy();
  }
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The group has ended.
  }
}

function toResult(code: number | null, signal: NodeJS.Signals | null): RunResult {
  if (signal === null) return { exit: code ?? 1 };
  const exit = 128 + constants.signals[signal];
  const name = [...SIGNALS, 'KILL' as const].find(
    (name): name is SignalName | 'KILL' => `SIG${name}` === signal,
  );
  return name === undefined ? { exit } : { exit, signal: name };
}
