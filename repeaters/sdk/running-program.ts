// A program of a call that runs, however it was started: its streams with back-pressure, its end, and the end of its output.

import { constants } from 'node:os';
import { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { TurretError } from '../../src/errors.js';
import { SIGNALS, type SignalName } from '../../src/protocol/codes.js';
import {
  CLI_OUTPUT_BYTES_MAX,
  IDLE_OUTPUTS_MAX,
  ORPHAN_OUTPUT_MS,
  REREAD_BYTES,
} from '../../src/protocol/limits.js';
import { OutboundChannel } from '../../src/wire/channels.js';
import { reread } from '../../src/wire/reread.js';
import type { Run, RunResult } from './types.js';

/** Memory that outputs were read into. */
const idle: Buffer[] = [];

export interface RunningProgram {
  /** Null when it has none. */
  readonly stdin: Writable | null;
  readonly stdout: Readable | null;
  readonly stderr: Readable | null;
  /** How it ended; nothing it started is left by then. */
  readonly ended: Promise<RunResult>;
  /** To it and to whatever it started. Nothing once it has ended. */
  kill(signal: SignalName | 'KILL'): void;
}

export type Streams = Pick<Run, 'needs' | 'signal' | 'stdin' | 'stdout' | 'stderr' | 'onSignal' | 'handoff'>;

/**
 * Starts a program and connects it with its call, to its end and to the end of its output.
 * @param start is not called for a call that was aborted before
 * @param outputMax bytes on stdout and stderr together, after which it is killed
 * @throws TurretError `cancelled` when the call was aborted, `output_limit`, what `start` throws and `ended` rejects with
 */
export async function attend(
  run: Streams,
  start: () => RunningProgram,
  outputMax = CLI_OUTPUT_BYTES_MAX,
): Promise<RunResult> {
  checkWanted(run);
  const program = start();
  const kill = (): void => program.kill('KILL');
  const budget = new Budget(outputMax, kill);
  run.signal.addEventListener('abort', kill, { once: true });
  run.onSignal((signal) => program.kill(signal));
  try {
    feed(run.stdin, program.stdin);
    const [result] = await Promise.all([
      program.ended,
      drain(program.stdout, run.stdout, { program, budget }),
      drain(program.stderr, run.stderr, { program, budget }),
    ]);
    checkWanted(run);
    budget.check();
    return result;
  } finally {
    run.signal.removeEventListener('abort', kill);
    kill();
  }
}

function checkWanted({ signal }: Streams): void {
  if (signal.aborted) throw new TurretError('cancelled', 'the call was cancelled');
}

function feed(from: Readable, to: Writable | null): void {
  if (!to) return;
  // A program that does not read its input to the end is not in error; its exit code says how it went. And the input
  // of an agent may never end: the process decides, not the stream.
  pipeline(from, to).catch(() => to.destroy());
}

/** Ends with the output, or when nobody takes more of it, or when no more of it is the call's. */
async function drain(
  output: Readable | null,
  to: Writable,
  { program, budget }: { program: RunningProgram; budget: Budget },
): Promise<void> {
  if (!output) return;
  const memory = idle.pop() ?? Buffer.allocUnsafeSlow(REREAD_BYTES);
  // Others keep what they are given.
  const from = output instanceof Socket && to instanceof OutboundChannel ? reread(output, memory) : output;
  // The reader is gone (`aws … | head`), and the program gets SIGPIPE from its next write, as it would without us.
  const leave = (): void => void from.destroy();
  program.ended.then(() => stopWhenSilent(from, to), leave);
  if (to.destroyed) leave();
  to.once('close', leave);
  from.on('data', (bytes: Buffer) => {
    if (!budget.spend(bytes.length)) return leave();
    to.write(bytes, () => from.resume());
    if (to.writableLength > 0) from.pause();
  });
  // Broken, or ended by us: what the program wrote before has been passed on.
  await finished(from, { writable: false }).catch(() => {});
  to.off('close', leave);
  if (to.writableLength === 0 && idle.length < IDLE_OUTPUTS_MAX) idle.push(memory);
}

/**
 * A program that left its group (`setsid`) may hold the output open for ever. What the one we started wrote is there
 * when it ends: once nothing more comes although it would be taken, the rest is not the call's.
 */
function stopWhenSilent(from: Readable, to: Writable): void {
  if (from.closed) return;
  let silent = 0;
  const watch = setInterval(() => {
    silent = to.writableLength > 0 ? 0 : silent + 1;
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

/** As Node tells how a process ended. */
export function resultOf(code: number | null, signal: NodeJS.Signals | null): RunResult {
  if (signal === null) return { exit: code ?? 1 };
  const exit = 128 + constants.signals[signal];
  const name = nameOf(signal);
  return name === undefined ? { exit } : { exit, signal: name };
}

const nameOf = (signal: NodeJS.Signals): RunResult['signal'] =>
  [...SIGNALS, 'KILL' as const].find((candidate) => `SIG${candidate}` === signal);
