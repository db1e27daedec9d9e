// Many calls at once, from a process that costs next to nothing: test/bench/load.c.

import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';

import { outcome } from '../helpers/broker-session.js';
import { compiled } from './compiled.js';

export interface LoadResult {
  readonly callsPerSecond: number;
  /** Of 99 calls in 100 no more than this. */
  readonly p99Ms: number;
}

/**
 * Sends on each socket its frames, one when the last was answered by a frame of type `answer`. Nobody else may read the
 * sockets. The frames have to be as many for each of them.
 */
export async function load(
  sockets: readonly Socket[],
  frames: readonly (readonly Buffer[])[],
  answer: number,
): Promise<LoadResult> {
  const words = [answer, sockets.length, frames[0]?.length ?? 0].map(String);
  const child = spawn(compiled('load'), words, { stdio: ['pipe', 'pipe', 'inherit', ...sockets] });
  child.stdin?.end(Buffer.concat(frames.flat()));
  const { code, stdout } = await outcome(child);
  const [all = 0, ...each] = stdout.toString().trim().split('\n').map(Number);
  if (code !== 0) throw new Error(`the calls were not answered: ${code}`);
  each.sort((one, two) => one - two);
  return {
    callsPerSecond: each.length / (all / 1e9),
    p99Ms: (each[Math.floor(each.length * 0.99)] ?? Number.NaN) / 1e6,
  };
}

/** This process reads no more from it. What it has not read is for whoever gets the descriptor. */
export function stopReading(socket: Socket): void {
  (socket as unknown as { _handle: { readStop(): void } })._handle.readStop();
}
