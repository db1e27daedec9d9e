// The zygote of a repeater over its life: started early, replaced when the installation is another one, and done without
// when it does not work. Whoever asks gets a fork or starts the program the ordinary way; an agent sees no difference.

import { TurretError } from '../../../src/errors.js';
import { CLI_ZYGOTES_MAX } from '../../../src/protocol/limits.js';
import type { Fork } from './fork.js';
import { Zygote, type ZygoteOptions } from './zygote.js';

export interface WarmCliOptions extends ZygoteOptions {
  /** Gets one line for each thing that is not as it should be. */
  say: (line: string) => void;
}

export class WarmCli {
  /** As the program itself said it; forks of another one are not used. */
  version: string | undefined;
  readonly #options: WarmCliOptions;
  #zygote: Promise<Zygote> | undefined;
  /** Has made a fork. */
  #served: Promise<Zygote> | undefined;
  #starts = 0;
  #problem: string | undefined;

  constructor(options: WarmCliOptions) {
    this.#options = options;
    void this.#launch();
  }

  /** Why there is none; undefined while there is one. */
  async problem(): Promise<string | undefined> {
    const fork = await this.take();
    fork?.discard();
    return fork === undefined ? (this.#problem ?? 'it does not start') : undefined;
  }

  /** A fork to run the next call in; undefined when it has to be started the ordinary way. Never rejects. */
  async take(): Promise<Fork | undefined> {
    // Import takes as long as a call that imports by itself, so that nobody loses by waiting for the first one.
    for (;;) {
      const starting = this.#zygote ?? this.#launch();
      if (starting === undefined) return undefined;
      try {
        const zygote = await starting;
        const ready = await zygote.ready;
        if (this.version !== undefined && ready.version !== this.version)
          throw new TurretError('isolation_unavailable', `it has imported version ${ready.version}`);
        if (zygote.isOf(ready)) {
          const fork = await zygote.take();
          this.#served = starting;
          return fork;
        }
        if (this.#served !== starting)
          throw new TurretError('isolation_unavailable', 'its installation changes, or looks another inside');
        this.#retire(starting);
      } catch (error) {
        this.#failed(starting, error);
      }
    }
  }

  /** With all that it forked. */
  close(): void {
    this.#starts = CLI_ZYGOTES_MAX;
    this.#zygote?.then(
      (zygote) => zygote.close(),
      () => {},
    );
    this.#zygote = undefined;
  }

  #launch(): Promise<Zygote> | undefined {
    if (this.#starts >= CLI_ZYGOTES_MAX) return undefined;
    this.#starts += 1;
    const starting = Zygote.start(this.#options);
    starting.then(
      (zygote) => zygote.over.then(() => this.#failed(starting, new Error(zygote.complaint))),
      () => {}, // Whoever waits for it hears of it.
    );
    this.#zygote = starting;
    return starting;
  }

  /** Its calls go on; it ends when they have. */
  #retire(starting: Promise<Zygote>): void {
    if (this.#zygote !== starting) return;
    this.#zygote = undefined;
    starting.then(
      (zygote) => zygote.retire(),
      () => {}, // It never ran.
    );
  }

  #failed(starting: Promise<Zygote>, error: unknown): void {
    if (this.#zygote !== starting) return;
    this.#retire(starting);
    this.#problem = error instanceof Error ? error.message : String(error);
    const then = this.#starts < CLI_ZYGOTES_MAX ? '' : ', each call is started by itself from now on';
    this.#options.say(`the zygote was given up: ${this.#problem}${then}`);
  }
}
