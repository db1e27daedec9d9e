// Starts programs shut in, one after the other, and tells how they fare.

import { TurretError } from '../errors.js';
import type { LandlockSupport } from './landlock.js';
import type { LaunchEvent, LaunchRequest } from './launch.js';
import { LaunchHere, findConfine } from './launch-here.js';
import { LaunchThread } from './launch-thread.js';

/** From where. */
export interface Launching {
  /** What of Landlock it can use. */
  landlock(): Promise<LandlockSupport>;
  launch(request: LaunchRequest, tell: (event: LaunchEvent) => void): Promise<void>;
  /** Lets the one that was launched go on. */
  release(): void;
  end(): void;
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

/** One at a time: what a launch gave up may stay given up for the next one of the same launcher. */
export class Launcher {
  readonly #from: Launching;

  /** @param bubblewrap it shuts in what is started; files and system calls need not be given up besides */
  constructor({ bubblewrap }: { bubblewrap: boolean }) {
    const confine = bubblewrap ? findConfine() : undefined;
    this.#from = confine === undefined ? new LaunchThread() : new LaunchHere(confine);
  }

  /** Rejects with TurretError isolation_unavailable when nothing could start a program. */
  async landlock(): Promise<LandlockSupport> {
    try {
      return await this.#from.landlock();
    } catch (error) {
      throw error instanceof TurretError
        ? error
        : cannotStart({ message: (error as Error).message, hints: [] });
    }
  }

  /** Rejects with TurretError isolation_unavailable when the program cannot be started. */
  async start(request: LaunchRequest): Promise<Launched> {
    const news = new News();
    await this.#from.launch(request, (event) => news.tell(event));
    const exit = news.of('exit');
    const { pid } = await news.of('started');
    return {
      pid,
      // It may end before it says so: a profile that does not work.
      sandbox: request.bubblewrap
        ? await Promise.race([news.of('sandbox'), exit.then(() => undefined)])
        : undefined,
      release: async () => {
        this.#from.release();
        await Promise.race([news.of('running'), exit]);
      },
      exit,
    };
  }

  end(): void {
    this.#from.end();
  }
}

type Told<Type extends LaunchEvent['type']> = Extract<LaunchEvent, { type: Type }>;

/** What is told of one program. Each thing is told once, and may be waited for before or after that. */
class News {
  readonly #told = new Map<LaunchEvent['type'], LaunchEvent>();
  #waiting: {
    type: LaunchEvent['type'];
    resolve: (event: LaunchEvent) => void;
    reject: (error: Error) => void;
  }[] = [];

  of<Type extends LaunchEvent['type']>(type: Type): Promise<Told<Type>> {
    const wanted = new Promise<LaunchEvent>((resolve, reject) => {
      this.#waiting.push({ type, resolve, reject });
      this.#settle();
    }) as Promise<Told<Type>>;
    wanted.catch(() => {}); // that it cannot be started is told to whoever waits for the start
    return wanted;
  }

  tell(event: LaunchEvent): void {
    this.#told.set(event.type, event);
    this.#settle();
  }

  #settle(): void {
    const failed = this.#told.get('failed') as Told<'failed'> | undefined;
    this.#waiting = this.#waiting.filter(({ type, resolve, reject }) => {
      const event = this.#told.get(type);
      if (event !== undefined) resolve(event);
      else if (failed !== undefined) reject(cannotStart(failed));
      return event === undefined && failed === undefined;
    });
  }
}

function cannotStart({ message, hints }: Omit<Told<'failed'>, 'type'>): TurretError {
  // Nothing is missing then that could be installed.
  if (message.includes('EMFILE'))
    return new TurretError('isolation_unavailable', 'too few files may be open at a time', {
      hints: ['ulimit -n 1024'],
    });
  return new TurretError('isolation_unavailable', `the agent cannot be started: ${message}`, { hints });
}
