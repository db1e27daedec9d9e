// A thread that is stopped while it loads a library takes the whole process along, one time in some.

import { EventEmitter } from 'node:events';

import { afterEach, expect, it, vi } from 'vitest';

import { LaunchThread } from '../../../src/isolation/launch-thread.js';

class FakeThread extends EventEmitter {
  static last: FakeThread;
  terminate = vi.fn<() => void>();
  unref = vi.fn<() => void>();
  constructor() {
    super();
    FakeThread.last = this;
  }
}

afterEach(() => vi.restoreAllMocks());

function start(): { thread: LaunchThread; worker: FakeThread } {
  vi.spyOn(process, 'getBuiltinModule').mockReturnValue({ Worker: FakeThread });
  return { thread: new LaunchThread(), worker: FakeThread.last };
}

it('is ended once it has loaded what it needs, and not before', async () => {
  const { thread, worker } = start();
  thread.end();
  await Promise.resolve();
  expect(worker.terminate).not.toHaveBeenCalled();
  worker.emit('message', { type: 'ready', landlock: 7, problem: undefined });
  await vi.waitFor(() => expect(worker.terminate).toHaveBeenCalledOnce());
});

it('is ended when it could not start', async () => {
  const { thread, worker } = start();
  thread.end();
  worker.emit('error', new Error('no memory'));
  await vi.waitFor(() => expect(worker.terminate).toHaveBeenCalledOnce());
});
