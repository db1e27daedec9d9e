// The thread that starts programs shut in, seen from the thread that has kept its rights.

import { EventEmitter, once } from 'node:events';
import { Worker } from 'node:worker_threads';

import { installed } from '../installation.js';
import { TurretError } from '../errors.js';
import type { LaunchEvent, LaunchRequest } from './launch.js';
import type { FromLauncher, ToLauncher } from './launch-worker.js';

export interface LandlockSupport {
  /** Version of the kernel's interface; 0: none, or no way to it. */
  abi: number;
  /** Why there is no way to it. */
  problem: string | undefined;
}

export type LaunchedExit = Extract<LaunchEvent, { type: 'exit' }>;

/** A program that was started. It waits, with everything mounted or about to be, until it is released. */
export interface Launched {
  pid: number;
  /** With bubblewrap: the first process of the sandbox and the number of its process namespace. */
  sandbox: { init: number; pidNamespace: string } | undefined;
  /** Lets the program go on; resolves when it has. */
  release(): Promise<void>;
  exit: Promise<LaunchedExit>;
}

/** One at a time: what a launch gave up stays given up for the next one of the same launcher. */
export class Launcher {
  readonly #worker: Worker;
  readonly #events = new EventEmitter();
  readonly #ready: Promise<LandlockSupport>;

  constructor() {
    this.#worker = new Worker(installed('dist/src/isolation/launch-worker.js'), {
      // What we were started with is ours, not the agent's.
      execArgv: [],
      // The descriptors it opens are closed by it; Node would only warn of those it did not see being opened.
      trackUnmanagedFds: false,
    });
    this.#worker.on('message', (event: FromLauncher) => this.#events.emit(event.type, event));
    this.#worker.on('error', (error: Error) =>
      this.#events.emit('failed', { type: 'failed', message: error.message, hints: [] }),
    );
    this.#ready = this.#next('ready').then(({ landlock, problem }) => {
      this.#worker.unref(); // idle now
      return { abi: landlock, problem };
    });
    this.#ready.catch(() => {}); // whoever asks hears of it
  }

  landlock(): Promise<LandlockSupport> {
    return this.#ready;
  }

  /** Rejects with TurretError isolation_unavailable when the program cannot be started. */
  async start(request: LaunchRequest): Promise<Launched> {
    await this.#ready;
    this.#worker.ref();
    const exit = this.#next('exit');
    exit.catch(() => {}); // also told to whoever waits for the start
    void exit.finally(() => this.#worker.unref()).catch(() => {});
    const running = this.#next('running');
    running.catch(() => {});
    const sandbox = request.bubblewrap ? this.#next('sandbox') : undefined;
    sandbox?.catch(() => {});
    const started = this.#next('started');
    this.#send({ type: 'launch', request });
    const { pid } = await started;
    return {
      pid,
      // It may end before it says so: a profile that does not work.
      sandbox: await Promise.race([sandbox, exit.then(() => undefined)]),
      release: async () => {
        this.#send({ type: 'release' });
        await Promise.race([running, exit]);
      },
      exit,
    };
  }

  end(): void {
    void this.#worker.terminate();
  }

  #send(message: ToLauncher): void {
    this.#worker.postMessage(message);
  }

  async #next<Type extends FromLauncher['type']>(type: Type): Promise<Extract<FromLauncher, { type: Type }>> {
    const abort = new AbortController();
    const failed = once(this.#events, 'failed', { signal: abort.signal }).then(([event]) => {
      const { message, hints } = event as Extract<FromLauncher, { type: 'failed' }>;
      throw new TurretError('isolation_unavailable', `the agent cannot be started: ${message}`, { hints });
    });
    try {
      const wanted = once(this.#events, type, { signal: abort.signal });
      const [event] = (await Promise.race([wanted, failed])) as [Extract<FromLauncher, { type: Type }>];
      return event;
    } finally {
      abort.abort();
      failed.catch(() => {});
    }
  }
}
