// Frames of one running call, both ways. Credit is passed through from end to end, so what the broker holds of a
// channel never passes one window; it only counts, and cuts whoever sends more than was asked for.

import { TurretError } from '../errors.js';
import { CHANNEL, FLAG, FRAME } from '../protocol/codes.js';
import type { Frame } from '../protocol/frames.js';
import { WINDOW_BYTES } from '../protocol/limits.js';
import type { Needs } from '../protocol/messages.js';
import { readCredit } from '../wire/credit.js';

/** Where a direction's frames go, with the stream id they have there. */
export interface Outlet {
  send(frame: Partial<Frame> & { type: number }): void;
  stream: number;
}

/** One direction: DATA that passes here, against CREDIT that came the other way. */
export class Relay {
  readonly #channels: ReadonlySet<number>;
  readonly #credit = new Map<number, number>();
  readonly #ended = new Set<number>();
  bytes = 0;

  constructor(channels: readonly number[]) {
    this.#channels = new Set(channels);
    for (const channel of channels) this.#credit.set(channel, WINDOW_BYTES);
  }

  /** DATA on its way. Throws protocol_error or flow_control. */
  data(frame: Frame, to: Outlet): void {
    const credit = this.#credit.get(frame.channel);
    if (this.#ended.has(frame.channel))
      throw new TurretError('protocol_error', 'data after the end of its channel');
    if (credit === undefined)
      throw new TurretError('protocol_error', 'data on a channel this side does not have');
    if (credit < frame.payload.length) throw new TurretError('flow_control', 'data beyond the credit given');
    this.#credit.set(frame.channel, credit - frame.payload.length);
    this.bytes += frame.payload.length;
    if ((frame.flags & FLAG.FIN) !== 0) this.#ended.add(frame.channel);
    to.send({ ...frame, stream: to.stream });
  }

  /** CREDIT for this direction, from its receiver. Same errors. */
  addCredit(frame: Frame, to: Outlet): void {
    if (!this.#channels.has(frame.channel))
      throw new TurretError('protocol_error', 'credit for a channel of the other side');
    const credit = (this.#credit.get(frame.channel) ?? 0) + readCredit(frame.payload);
    // A receiver that allows what was never sent and then reads nothing would have us hold all of it.
    if (credit > WINDOW_BYTES) throw new TurretError('flow_control', 'credit for bytes that were never sent');
    this.#credit.set(frame.channel, credit);
    to.send({ ...frame, stream: to.stream });
  }
}

/** What a caller may send once its call runs: what was asked of it. The repeater must not have to cope with more. */
export function callerChannels(needs: Needs): number[] {
  const files = needs.files.some(({ use }) => use !== 'write');
  return [...(needs.stdin ? [CHANNEL.STDIN] : []), ...(files ? [CHANNEL.FILES] : [])];
}
/** What the repeater may send. */
export const REPEATER_CHANNELS = [CHANNEL.STDOUT, CHANNEL.STDERR, CHANNEL.FILES] as const;
/** Control frames of the caller that are passed on as they are. */
export const CALLER_CONTROL: ReadonlySet<number> = new Set([FRAME.SIGNAL, FRAME.RESIZE, FRAME.CANCEL]);
