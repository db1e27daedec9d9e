// Profile line: one long-lived program, one call at a time, one JSON object per line on its fd 3. Back-pressure is the
// socket buffer's: who does not read is not written to, and who is not read from waits.

import { TurretError } from '../../src/errors.js';
import type { RegisteredAction } from '../../src/protocol/messages.js';
import type { Run, RunResult } from '../sdk/types.js';
import type { HostConfig } from './host-config.js';
import type { Wanted } from './host.js';
import { LineChild } from './line-child.js';

export class LineRepeater {
  readonly #config: HostConfig;
  readonly #place: { home: string; secrets: Record<string, string> };
  #child: LineChild | undefined;
  #registered: string | undefined;
  #turn: Promise<void> = Promise.resolve();
  #nextStream = 2;

  constructor(config: HostConfig, place: { home: string; secrets: Record<string, string> }) {
    this.#config = config;
    this.#place = place;
  }

  /** Its actions: of the manifest, or as the program registers them. Throws TurretError repeater_error. */
  async start(): Promise<RegisteredAction[]> {
    const child = new LineChild(this.#config, this.#place);
    try {
      const actions = await child.registered;
      // What was approved was approved for what it first said it was.
      this.#registered ??= JSON.stringify(actions);
      if (JSON.stringify(actions) !== this.#registered) {
        throw new TurretError(
          'repeater_error',
          'the program registers other actions than when the session began',
        );
      }
      this.#child = child;
      return actions;
    } catch (error) {
      child.kill();
      throw error;
    }
  }

  /** Waits for its turn. Throws TurretError cancelled, repeater_crashed, repeater_error or what the program answered. */
  async run(run: Run, wanted: Wanted): Promise<RunResult> {
    const before = this.#turn;
    let release = (): void => {};
    const served = new Promise<void>((resolve) => {
      release = resolve;
    });
    // Whoever gave up waiting must still be waited for, with those before him.
    this.#turn = before.then(() => served);
    try {
      await Promise.race([before, aborted(run.signal)]);
      if (run.signal.aborted) throw new TurretError('cancelled', 'the call was cancelled before its turn');
      const child = await this.#living();
      const stream = this.#nextStream;
      this.#nextStream += 2;
      return await child.perform(run, { stream, ...wanted });
    } finally {
      release();
    }
  }

  async #living(): Promise<LineChild> {
    if (this.#child?.alive !== true) await this.start();
    return this.#child as LineChild;
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
