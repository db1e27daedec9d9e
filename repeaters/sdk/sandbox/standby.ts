// The sandbox that waits for the next call of a repeater: made while nobody waits for it, used by one call, and done
// without when it cannot be had. An agent sees no difference.

import { CLI_STANDBY_DELAY_MS, CLI_STANDBY_FAILURES_MAX } from '../../../src/protocol/limits.js';
import type { Confinement } from './confinement.js';
import { WaitingSandbox } from './waiting-sandbox.js';

export interface StandbyOptions<Place> {
  /** Descriptor of await-call. */
  program: number;
  /** The private directory of the call to come. */
  makePlace: () => Promise<Place>;
  confine: (place: Place) => Confinement;
  /** Gets one line for each thing that is not as it should be. */
  say: (line: string) => void;
}

/** A sandbox and the private directory that it shows, which is now the call's to remove. */
export interface Taken<Place> {
  place: Place;
  sandbox: WaitingSandbox;
}

interface Removable {
  remove(): Promise<void>;
}

export class Standby<Place extends Removable> {
  readonly #options: StandbyOptions<Place>;
  #next: Promise<Taken<Place> | undefined> | undefined;
  #failures = 0;

  constructor(options: StandbyOptions<Place>) {
    this.#options = options;
  }

  /** For one call, which has it alone. @returns undefined when the call has to make its own */
  async take(): Promise<Taken<Place> | undefined> {
    const next = this.#next;
    this.#next = undefined;
    const taken = await next;
    if (taken === undefined || taken.sandbox.isCurrent) return taken;
    await drop(taken);
    return undefined;
  }

  /** Has one made unless there is one, a moment later: the answer to the call that just ended goes first. */
  prepare(): void {
    const make = (): void => {
      if (this.#failures < CLI_STANDBY_FAILURES_MAX) this.#next ??= this.#make();
    };
    setTimeout(make, CLI_STANDBY_DELAY_MS).unref();
  }

  /** None waits any more. */
  async close(): Promise<void> {
    this.#failures = CLI_STANDBY_FAILURES_MAX;
    const left = await this.#next;
    this.#next = undefined;
    if (left !== undefined) await drop(left);
  }

  async #make(): Promise<Taken<Place> | undefined> {
    const { program, makePlace, confine } = this.#options;
    let place: Place | undefined;
    try {
      place = await makePlace();
      const sandbox = await WaitingSandbox.made(confine(place), program);
      if (this.#failures < CLI_STANDBY_FAILURES_MAX) this.#failures = 0;
      return { place, sandbox };
    } catch (error) {
      await place?.remove();
      this.#failures += 1;
      const then = this.#failures < CLI_STANDBY_FAILURES_MAX ? '' : ', each call makes its own from now on';
      this.#options.say(`no sandbox waits for the next call: ${(error as Error).message}${then}`);
      return undefined;
    }
  }
}

async function drop<Place extends Removable>({ sandbox, place }: Taken<Place>): Promise<void> {
  await sandbox.discard();
  await place.remove();
}
