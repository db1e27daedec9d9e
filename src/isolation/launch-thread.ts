// The thread that starts programs shut in (launch-worker.ts), seen from the thread that keeps its rights.

import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';

import { installed } from '../installation.js';
import type { LandlockSupport } from './landlock.js';
import type { LaunchEvent, LaunchRequest } from './launch.js';
import type { FromLaunchWorker, ToLaunchWorker } from './launch-worker.js';
import type { Launching } from './launcher.js';

export class LaunchThread implements Launching {
  readonly #worker: Worker;
  readonly #ready: Promise<LandlockSupport>;
  #tell: (event: LaunchEvent) => void = () => {};

  constructor() {
    // Not where it is not needed: reading it is a part of what a thread costs.
    const { Worker: Thread } = process.getBuiltinModule('node:worker_threads');
    this.#worker = new Thread(installed('dist/src/isolation/launch-worker.js'), {
      // What we were started with is ours, not the agent's.
      execArgv: [],
      // The descriptors it opens are closed by it; Node would only warn of those it did not see being opened.
      trackUnmanagedFds: false,
    });
    this.#ready = this.#start();
    this.#ready.catch(() => {}); // whoever asks hears of it
  }

  landlock(): Promise<LandlockSupport> {
    return this.#ready;
  }

  async launch(request: LaunchRequest, tell: (event: LaunchEvent) => void): Promise<void> {
    await this.#ready;
    this.#tell = tell;
    this.#worker.ref();
    this.#send({ type: 'launch', request });
  }

  release(): void {
    this.#send({ type: 'release' });
  }

  // Not while it starts: a library that is being loaded when its thread is stopped ends the whole process.
  end(): void {
    const stop = (): void => void this.#worker.terminate();
    this.#ready.then(stop, stop);
  }

  async #start(): Promise<LandlockSupport> {
    const [first] = (await once(this.#worker, 'message')) as [FromLaunchWorker];
    if (first.type !== 'ready') throw new Error('the thread that starts the agent began with something else');
    this.#worker.on('message', (event: LaunchEvent) => this.#pass(event));
    this.#worker.on('error', ({ message }: Error) => this.#pass({ type: 'failed', message, hints: [] }));
    this.#worker.unref(); // idle now
    return { abi: first.landlock, problem: first.problem };
  }

  #pass(event: LaunchEvent): void {
    if (event.type === 'exit' || event.type === 'failed') this.#worker.unref();
    this.#tell(event);
  }

  #send(message: ToLaunchWorker): void {
    this.#worker.postMessage(message);
  }
}
