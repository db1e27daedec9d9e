// The process of the real gh: streams with back-pressure, signals, and an end that leaves nothing behind.

import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { pipeline } from 'node:stream/promises';
import { TurretError } from '../../src/errors.js';
import { SIGNALS, type SignalName } from '../../src/protocol/codes.js';
import type { Run, RunResult } from '../sdk/types.js';

const SETPRIV = ['/usr/bin/setpriv', '/bin/setpriv'].find((file) => existsSync(file));

export interface GhProcess {
  gh: string;
  argv: readonly string[];
  cwd: string;
  env: Record<string, string>;
  stdin: boolean;
}

/**
 * Run gh to its end.
 * @throws TurretError `repeater_error` when it cannot be started, `cancelled` when the call was
 */
export async function runGh(run: Run, { gh, argv, cwd, env, stdin }: GhProcess): Promise<RunResult> {
  if (run.signal.aborted) throw new TurretError('cancelled', 'the call was cancelled');
  // When the repeater dies, the kernel kills gh, which then holds nothing but a dummy anyway.
  const wrapped = SETPRIV === undefined ? [gh] : [SETPRIV, '--pdeathsig', 'KILL', '--no-new-privs', gh];
  const [program = gh, ...before] = wrapped;
  // A group of its own, so that a signal reaches whatever gh started.
  const child = spawn(program, [...before, ...argv], {
    cwd,
    env,
    detached: true,
    stdio: [stdin ? 'pipe' : 'ignore', 'pipe', 'pipe'],
  });
  const kill = (signal: SignalName | 'KILL'): void => signalGroup(child, signal);
  const abort = (): void => kill('KILL');
  run.signal.addEventListener('abort', abort, { once: true });
  run.onSignal(kill);
  // What gh may have started and left behind would keep the streams open.
  child.once('exit', abort);
  try {
    const [ended] = await Promise.all([ending(child), output(child, run, abort), input(child, run)]);
    return ended;
  } finally {
    run.signal.removeEventListener('abort', abort);
    if (child.exitCode === null && child.signalCode === null) abort();
  }
}

function signalGroup(child: ChildProcess, signal: SignalName | 'KILL'): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, `SIG${signal}`);
  } catch {
    // The group is gone already.
  }
}

function ending(child: ChildProcess): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => {
      reject(new TurretError('repeater_error', 'gh could not be started', { cause }));
    });
    child.once('exit', (code, signal) => {
      if (signal === null) resolve({ exit: code ?? 1 });
      else resolve({ exit: 128 + constants.signals[signal], ...named(signal) });
    });
  });
}

function named(signal: string): { signal?: SignalName | 'KILL' } {
  const found = ([...SIGNALS, 'KILL'] as const).find((name) => `SIG${name}` === signal);
  return found === undefined ? {} : { signal: found };
}

async function output(child: ChildProcess, run: Run, abort: () => void): Promise<void> {
  const pump = async (from: NodeJS.ReadableStream | null, to: NodeJS.WritableStream): Promise<void> => {
    if (!from) return;
    try {
      await pipeline(from, to, { end: false });
    } catch {
      // Nobody reads any more: the agent closed its end or is gone, and gh has no reason to go on.
      abort();
    }
  };
  await Promise.all([pump(child.stdout, run.stdout), pump(child.stderr, run.stderr)]);
}

async function input(child: ChildProcess, run: Run): Promise<void> {
  if (!child.stdin) return;
  const closed = new Promise<void>((resolve) => {
    child.once('exit', resolve);
    child.once('error', () => {
      resolve();
    });
  });
  // gh may end without reading its input, and an agent's stdin may never end: the process decides.
  const fed = pipeline(run.stdin, child.stdin).catch(() => undefined);
  await Promise.race([fed, closed]);
}
