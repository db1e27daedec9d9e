// Starts one program shut in, from the thread that gave its rights up before. Runs in launch-worker.ts.
//
// bubblewrap is talked to over three descriptors: it reads the system call filter from one, names the first process of
// the sandbox on another, and waits on the third, when everything is mounted, until it may go on.

import type { Duplex } from 'node:stream';

import { execa } from 'execa';

import { TurretError } from '../errors.js';
import { loadLibc } from '../platform/libc.js';
import { CAPTURED_BYTES_MAX } from '../protocol/limits.js';
import { type LandlockRules, restrictThread } from './landlock.js';

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
  try {
    restrict(request);
    return start(request, tell);
  } catch (error) {
    const hints = error instanceof TurretError ? error.hints : [];
    // Out of descriptors there are no streams either, whatever their types say.
    const message = error instanceof TypeError ? 'EMFILE: too many open files' : (error as Error).message;
    tell({ type: 'failed', message, hints });
    return () => {};
  }
}

function restrict({ landlock, filter, bubblewrap }: LaunchRequest): void {
  if (landlock === undefined && (filter === undefined || bubblewrap)) return;
  const loaded = loadLibc();
  if ('problem' in loaded) throw new TurretError('isolation_unavailable', loaded.problem);
  // Landlock lets a program look into whatever gave up the same rights: this thread, and through it all memory of this process.
  if (!bubblewrap && loaded.libc.closeMemory() !== 0)
    throw new TurretError('isolation_unavailable', "the kernel did not close this process's memory");
  if (landlock !== undefined) restrictThread(loaded.libc, landlock);
  if (filter === undefined || bubblewrap) return;
  if (loaded.libc.noNewPrivileges() !== 0 || loaded.libc.installFilter(filter) !== 0)
    throw new TurretError('isolation_unavailable', 'the kernel refused the system call filter');
}

function start(request: LaunchRequest, tell: (event: LaunchEvent) => void): () => void {
  const [file = '', ...args] = request.command;
  const [stdin, stdout, stderr] = request.stdio;
  const pipes = request.bubblewrap ? Object.keys(DESCRIPTORS).map(() => 'pipe' as const) : [];
  const child = execa(file, args, {
    env: request.env,
    extendEnv: false,
    ...(request.cwd === undefined ? {} : { cwd: request.cwd }),
    stdio: [stdin, stdout === 'capture' ? 'pipe' : stdout, stderr === 'capture' ? 'pipe' : stderr, ...pipes],
    reject: false,
    buffer: {
      stdout: true,
      stderr: true,
      ...Object.fromEntries(pipes.map((_, index) => [`fd${index + 3}`, false])),
    },
    maxBuffer: CAPTURED_BYTES_MAX,
    cleanup: false,
    stripFinalNewline: false,
  });
  if (child.pid !== undefined) tell({ type: 'started', pid: child.pid });
  void child.then(({ exitCode, signal, stdout, stderr, originalMessage }) => {
    if (child.pid === undefined)
      tell({ type: 'failed', message: originalMessage ?? 'it cannot be started', hints: [] });
    else
      tell({
        type: 'exit',
        code: exitCode ?? null,
        signal: signal ?? null,
        stdout: stdout ?? '',
        stderr: stderr ?? '',
      });
  });
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

function readInfo(info: Duplex, tell: (event: LaunchEvent) => void): void {
  let text = '';
  info.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  info.on('end', () => {
    const init = Number(/"child-pid":\s*(\d+)/.exec(text)?.[1]);
    const pidNamespace = /"pid-namespace":\s*(\d+)/.exec(text)?.[1] ?? '';
    if (init > 0) tell({ type: 'sandbox', init, pidNamespace });
  });
}
