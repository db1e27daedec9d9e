// Where the calls of a repeater run: each in a private directory of its own, and in a sandbox that was made before it,
// while nobody waited for it. That one is used by one call, and done without when it cannot be had: an agent sees no
// difference.

import { CLI_STANDBY_DELAY_MS, CLI_STANDBY_FAILURES_MAX } from '../../../src/protocol/limits.js';
import { runCli } from '../cli-process.js';
import { attend } from '../running-program.js';
import type { Run, RunResult } from '../types.js';
import type { Confinement } from './confinement.js';
import { WaitingSandbox, type WaitingRequest } from './waiting-sandbox.js';

export interface StandbyOptions<Place> {
  /** Descriptor of await-call; undefined when no sandbox is to wait. */
  program: number | undefined;
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

/** For one call. */
export interface Here<Place> {
  place: Place;
  /** Runs a program there, as `runCli` does. */
  runHere: (program: WaitingRequest) => Promise<RunResult>;
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

  /**
   * One call, in a private directory that is removed when it ends.
   * @param own makes the directory for a call that needs another than most do
   * @throws what `work` and `makePlace` throw
   */
  async call<T>(run: Run, work: (here: Here<Place>) => Promise<T>, own?: () => Promise<Place>): Promise<T> {
    // Another directory, input or output would have to be there from the beginning.
    const isUsual = own === undefined && !run.needs.stdin && run.handoff === undefined;
    const taken = isUsual ? await this.take() : undefined;
    const place = taken?.place ?? (await (own ?? this.#options.makePlace)());
    try {
      return await work({ place, runHere: (program) => this.#run(run, { place, program, taken }) });
    } finally {
      await taken?.sandbox.discard();
      await place.remove();
      // A call that is given up may be the last thing of its session.
      if (!run.signal.aborted) this.prepare();
    }
  }

  async #run(
    run: Run,
    { place, program, taken }: { place: Place; program: WaitingRequest; taken: Taken<Place> | undefined },
  ): Promise<RunResult> {
    const started = run.signal.aborted ? undefined : await taken?.sandbox.start(program);
    if (started !== undefined) return attend(run, () => started);
    return runCli(run, { ...program, confinement: this.#options.confine(place) });
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
    const { program } = this.#options;
    if (program === undefined) return;
    const make = (): void => {
      if (this.#failures < CLI_STANDBY_FAILURES_MAX) this.#next ??= this.#make(program);
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

  async #make(program: number): Promise<Taken<Place> | undefined> {
    const { makePlace, confine } = this.#options;
    let place: Place | undefined;
    try {
      place = await makePlace();
      const sandbox = await WaitingSandbox.made(confine(place), program);
      if (this.#failures < CLI_STANDBY_FAILURES_MAX) this.#failures = 0;
      return { place, sandbox };
    } catch (error) {
      // What stays goes with the session.
      await place?.remove().catch(() => {});
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
