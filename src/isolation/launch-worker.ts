// A thread of its own starts the agent, because a thread that gives up rights (landlock(7), seccomp(2)) never gets them
// back, and what it starts has no more. Where confine.c can do that a thread is not needed.

import { parentPort } from 'node:worker_threads';

import { TurretError } from '../errors.js';
import { loadLibc } from '../platform/libc.js';
import { landlockAbi, restrictThread } from './landlock.js';
import { type LaunchEvent, type LaunchRequest, launch } from './launch.js';

export type ToLaunchWorker = { type: 'launch'; request: LaunchRequest } | { type: 'release' };
export type FromLaunchWorker = LaunchEvent | { type: 'ready'; landlock: number; problem: string | undefined };

let release = (): void => {};
parentPort?.on('message', (message: ToLaunchWorker) => {
  if (message.type === 'release') release();
  else release = launchRestricted(message.request);
});
const loaded = loadLibc();
tell(
  'libc' in loaded
    ? { type: 'ready', landlock: landlockAbi(loaded.libc), problem: undefined }
    : { type: 'ready', landlock: 0, problem: loaded.problem },
);

function launchRestricted(request: LaunchRequest): () => void {
  try {
    restrict(request);
    return launch(request, tell);
  } catch (error) {
    const hints = error instanceof TurretError ? error.hints : [];
    tell({ type: 'failed', message: (error as Error).message, hints });
    return () => {};
  }
}

function restrict({ landlock, filter, bubblewrap }: LaunchRequest): void {
  if (landlock === undefined && (filter === undefined || bubblewrap)) return;
  if ('problem' in loaded) throw new TurretError('isolation_unavailable', loaded.problem);
  // Landlock lets a program look into whatever gave up the same rights: this thread, and through it all memory of this process.
  if (!bubblewrap && loaded.libc.closeMemory() !== 0)
    throw new TurretError('isolation_unavailable', "the kernel did not close this process's memory");
  if (landlock !== undefined) restrictThread(loaded.libc, landlock);
  if (filter === undefined || bubblewrap) return;
  if (loaded.libc.noNewPrivileges() !== 0 || loaded.libc.installFilter(filter) !== 0)
    throw new TurretError('isolation_unavailable', 'the kernel refused the system call filter');
}

function tell(event: FromLaunchWorker): void {
  parentPort?.postMessage(event);
}
