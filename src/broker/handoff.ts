// Standard output of one call that goes from the repeater's side straight to the caller: where nobody asked for it to be looked
// through and no budget counts it. Told and recorded here, and cut by CANCEL like all that a repeater does.

import { TurretError } from '../errors.js';
import { FRAME } from '../protocol/codes.js';
import type { Frame } from '../protocol/frames.js';
import { encodeControl, parseControl } from '../protocol/json.js';
import type { JsonObject } from '../protocol/messages.js';
import { parseHandoff } from '../protocol/parse.js';
import type { Outlet } from './relay.js';

export class Handoff {
  #state: 'not allowed' | 'allowed' | 'taken' = 'not allowed';
  #bytes = 0;

  /** The caller would take it, and no budget counts it. */
  allow(): void {
    this.#state = 'allowed';
  }

  /** For the repeater's CALL. */
  get asked(): { handoff?: true } {
    return this.#state === 'allowed' ? { handoff: true } : {};
  }

  /** STATUS of the repeater: where the caller finds it. Throws TurretError protocol_error, also for a second one. */
  announce({ payload }: Frame, to: Outlet): void {
    if (this.#state !== 'allowed')
      throw new TurretError('protocol_error', 'output handed over that nobody asked for');
    const place = parseHandoff(parseControl(payload));
    this.#state = 'taken';
    to.send({
      type: FRAME.STATUS,
      stream: to.stream,
      payload: encodeControl({ state: 'handoff', ...place }),
    });
  }

  /** How many bytes the repeater says it were: for the log only. */
  ended({ handed_off }: JsonObject): void {
    const isCount = typeof handed_off === 'number' && Number.isSafeInteger(handed_off) && handed_off > 0;
    if (this.#state === 'taken' && isCount) this.#bytes = handed_off;
  }

  /** Of `call.finished`, beside what passed here. */
  recorded(passed: number): { out: number; handoff?: true } {
    return { out: passed + this.#bytes, ...(this.#state === 'taken' ? { handoff: true } : {}) };
  }
}
