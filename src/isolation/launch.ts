// Starts one program shut in. What it is to do without it has not been given yet: a thread gave that up before
// (launch-worker.ts), or the first program of the command does (confine.c).
//
// bubblewrap is talked to over three descriptors: it reads the system call filter from one, names the first process of
// the sandbox on another, and waits on the third, when everything is mounted, until it may go on.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Duplex, Readable } from 'node:stream';

import { CAPTURED_BYTES_MAX } from '../protocol/limits.js';
import type { LandlockRules } from './landlock.js';

/** Where bubblewrap finds them: `--info-fd`, `--block-fd`, `--seccomp`. */
export const DESCRIPTORS = { info: 3, block: 4, filter: 5 } as const;

export type Output = 'ignore' | 'inherit' | 'capture';

export interface LaunchRequest {
  command: string[];
  env: Record<string, string>;
  cwd?: string;
  /** For 0, 1 and 2; what is captured comes with the exit. */
  stdio: ['ignore' | 'inherit', Output, Output];
  /** Rights given up before; the thread never gets them back. */
  landlock?: LandlockRules;
  /** A system call filter: bubblewrap installs it, or without bubblewrap the thread does, for itself too. */
  filter?: Uint8Array;
  bubblewrap: boolean;
}

export type LaunchEvent =
  | { type: 'started'; pid: number }
  /** The first process of the sandbox, and the number of its process namespace. The program waits for `release`. */
  | { type: 'sandbox'; init: number; pidNamespace: string }
  /** Everything is mounted; the program runs. */
  | { type: 'running' }
  | { type: 'exit'; code: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string }
  | { type: 'failed'; message: string; hints: string[] };

/** Reports to `tell`; `failed` and `exit` are the last. Returns what lets the program go on. */
export function launch(request: LaunchRequest, tell: (event: LaunchEvent) => void): () => void {
  const [file = '', ...args] = request.command;
  const [stdin, stdout, stderr] = request.stdio;
  const pipes = request.bubblewrap ? Object.keys(DESCRIPTORS).map(() => 'pipe' as const) : [];
  const child = spawn(file, args, {
    env: request.env,
    ...(request.cwd === undefined ? {} : { cwd: request.cwd }),
    stdio: [stdin, stdout === 'capture' ? 'pipe' : stdout, stderr === 'capture' ? 'pipe' : stderr, ...pipes],
  });
  child.on('error', ({ message }) => {
    if (child.pid === undefined) tell({ type: 'failed', message, hints: [] });
  });
  if (child.pid === undefined) return () => {};
  tell({ type: 'started', pid: child.pid });
  void endOf(child).then((end) => tell({ type: 'exit', ...end }));
  const [info, block, filter] = child.stdio.slice(3) as unknown as Duplex[];
  if (info === undefined || block === undefined || filter === undefined) {
    queueMicrotask(() => tell({ type: 'running' }));
    return () => {};
  }
  for (const pipe of [info, block, filter]) pipe.on('error', () => pipe.destroy());
  filter.end(request.filter);
  readInfo(info, tell);
  // It is closed on the other side once it has been read, and it is read when everything is mounted.
  block.on('end', () => tell({ type: 'running' })).resume();
  return () => void block.write('x');
}

async function endOf(child: ChildProcess): Promise<Omit<Extract<LaunchEvent, { type: 'exit' }>, 'type'>> {
  const exit = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const said = Promise.all([child.stdout, child.stderr].map(captured));
  const [code, signal] = await exit;
  const [stdout = '', stderr = ''] = await said;
  return { code, signal, stdout, stderr };
}

/** What comes until the end, or until there is too much of it. */
async function captured(from: Readable | null): Promise<string> {
  let text = '';
  if (from === null) return text;
  from.setEncoding('utf8').on('data', (piece: string) => {
    if (text.length < CAPTURED_BYTES_MAX) text += piece;
  });
  await once(from, 'close');
  return text;
}

function readInfo(info: Duplex, tell: (event: LaunchEvent) => void): void {
  let text = '';
  info.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  info.on('end', () => {
    const init = Number(/"child-pid":\s*(\d+)/.exec(text)?.[1]);
    const pidNamespace = /"pid-namespace":\s*(\d+)/.exec(text)?.[1] ?? '';
    if (init > 0) tell({ type: 'sandbox', init, pidNamespace });
  });
}
