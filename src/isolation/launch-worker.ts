// A thread of its own starts the agent, because a thread that gives up rights (landlock(7), seccomp(2)) never gets them
// back, and what it starts has no more. A second process would cost a second start of Node.

import { parentPort } from 'node:worker_threads';

import { loadLibc } from '../platform/libc.js';
import { landlockAbi } from './landlock.js';
import { type LaunchEvent, type LaunchRequest, launch } from './launch.js';

export type ToLauncher = { type: 'launch'; request: LaunchRequest } | { type: 'release' };
export type FromLauncher = LaunchEvent | { type: 'ready'; landlock: number; problem: string | undefined };

let release = (): void => {};
parentPort?.on('message', (message: ToLauncher) => {
  if (message.type === 'release') release();
  else release = launch(message.request, tell);
});
const loaded = loadLibc();
tell(
  'libc' in loaded
    ? { type: 'ready', landlock: landlockAbi(loaded.libc), problem: undefined }
    : { type: 'ready', landlock: 0, problem: loaded.problem },
);

function tell(event: FromLauncher): void {
  parentPort?.postMessage(event);
}
