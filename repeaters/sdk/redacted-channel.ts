// What a call sends to the agent, without this process's secrets.
// oxlint-disable no-underscore-dangle -- Node's own names of what a stream overrides

import { CHANNEL } from '../../src/protocol/codes.js';
import { REDACTION_HOLD_MS_MAX } from '../../src/protocol/limits.js';
import { OutboundChannel } from '../../src/wire/channels.js';
import type { FrameSocket } from '../../src/wire/frame-socket.js';
import { ownNeedles } from './own-secrets.js';
import { Redactor } from './redactor.js';

/**
 * Written by our timer: somebody may be waiting for the rest of what is no secret after all. An agent that takes nothing for a
 * while, or a long way to the server, makes pauses wherever it wants them: in the middle of a secret nothing goes out for a pause.
 */
const NOTHING_SOON = Buffer.alloc(0);

export class RedactedChannel extends OutboundChannel {
  /** Its agent has sent a signal: where the output ends is no accident any more. */
  isSignalled = false;
  readonly #redactor: Redactor;
  #timer: NodeJS.Timeout | undefined;

  /** @param redact whether anything is looked for */
  constructor(link: { socket: FrameSocket; stream: number; channel: number }, redact = true) {
    super(link);
    // A file stream says how long a file is before it comes.
    const needles = redact ? ownNeedles : () => undefined;
    this.#redactor = new Redactor({ needles, sameLength: link.channel === CHANNEL.FILES });
  }

  /** How many secrets were taken out. */
  get redacted(): number {
    return this.#redactor.count;
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    clearTimeout(this.#timer);
    // What came in between may have made more of a secret of what was held.
    const out =
      chunk === NOTHING_SOON && this.#redactor.isEarly ? this.#redactor.flush() : this.#redactor.push(chunk);
    if (this.#redactor.isEarly && this.#redactor.holds > 0) {
      this.#timer = setTimeout(() => {
        if (!this.writableEnded && !this.destroyed) this.write(NOTHING_SOON);
      }, REDACTION_HOLD_MS_MAX);
    }
    super._write(out, encoding, callback);
  }

  override _final(callback: (error?: Error | null) => void): void {
    clearTimeout(this.#timer);
    const rest = this.isSignalled ? this.#redactor.cut() : this.#redactor.flush();
    super._write(rest, 'buffer' as BufferEncoding, (error) => {
      if (error) callback(error);
      else super._final(callback);
    });
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    clearTimeout(this.#timer);
    super._destroy(error, callback);
  }
}
