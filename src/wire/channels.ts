// The two ends of one channel of one stream, as Node streams. DATA only flows against credit the receiver gave, and
// the receiver gives credit when its own reader took the bytes: back-pressure from end to end, one window of buffer.

import { Readable, Writable } from 'node:stream';

import { TurretError } from '../errors.js';
import { FLAG, FRAME } from '../protocol/codes.js';
import { CREDIT_BYTES_MAX, DATA_BYTES_MAX, WINDOW_BYTES } from '../protocol/limits.js';
import { readCredit } from './credit.js';
import type { FrameSocket } from './frame-socket.js';

/** Bytes from the peer. `push` what arrives; reading it returns credit in steps of half a window. */
export class InboundChannel extends Readable {
  readonly #link: { socket: FrameSocket; stream: number; channel: number };
  #window = WINDOW_BYTES;
  #ended = false;
  bytes = 0;

  constructor(link: { socket: FrameSocket; stream: number; channel: number }) {
    super({ highWaterMark: WINDOW_BYTES });
    this.#link = link;
  }

  /** A DATA frame. Throws TurretError flow_control when the peer sends more than it has credit for. */
  accept(payload: Uint8Array, fin: boolean): void {
    if (this.#ended) throw new TurretError('protocol_error', 'data after the end of its channel');
    this.#window -= payload.length;
    if (this.#window < 0) throw new TurretError('flow_control', 'data beyond the credit given');
    this.bytes += payload.length;
    if (payload.length > 0 && !this.destroyed) this.push(payload);
    if (this.destroyed) this.#giveBack();
    if (fin) {
      this.#ended = true;
      if (!this.destroyed) this.push(null);
    }
  }

  /** No more will come: what is buffered can still be read. */
  finish(): void {
    if (this.#ended) return;
    this.#ended = true;
    if (!this.destroyed) this.push(null);
  }

  override _read(): void {
    this.#giveBack();
  }

  // `_read` is asked before bytes leave the buffer. A peer that has used its whole window would then never hear of it.
  override read(size?: number): Buffer | null {
    const taken = super.read(size) as Buffer | null;
    if (taken !== null) this.#giveBack();
    return taken;
  }

  // What the peer sent and nobody still has to read from our buffer was taken by the reader.
  #giveBack(): void {
    const taken = WINDOW_BYTES - this.#window - (this.destroyed ? 0 : this.readableLength);
    if (taken < WINDOW_BYTES / 2 || this.#ended) return;
    const payload = Buffer.alloc(4);
    payload.writeUInt32BE(taken);
    this.#window += taken;
    const { socket, stream, channel } = this.#link;
    socket.send({ type: FRAME.CREDIT, stream, channel, payload });
  }
}

/** Bytes to the peer. Writes wait for credit; `end()` sends FIN. */
export class OutboundChannel extends Writable {
  readonly #link: { socket: FrameSocket; stream: number; channel: number };
  #credit = WINDOW_BYTES;
  #waiting: (() => void) | undefined;
  bytes = 0;

  constructor(link: { socket: FrameSocket; stream: number; channel: number }) {
    super({ highWaterMark: DATA_BYTES_MAX });
    this.#link = link;
  }

  /** A CREDIT frame. Throws TurretError flow_control on an increment no receiver may give. */
  addCredit(payload: Uint8Array): void {
    this.#credit += readCredit(payload);
    if (this.#credit > CREDIT_BYTES_MAX) throw new TurretError('flow_control', 'credit overflow');
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#sendFrom(chunk, 0, callback);
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#link.socket.send({ ...this.#address(), flags: FLAG.FIN });
    callback();
  }

  #sendFrom(chunk: Buffer, from: number, callback: (error?: Error | null) => void): void {
    let at = from;
    this.#link.socket.cork(() => {
      while (at < chunk.length && this.#credit > 0) {
        const payload = chunk.subarray(at, at + Math.min(DATA_BYTES_MAX, this.#credit));
        this.#link.socket.send({ ...this.#address(), payload });
        this.#credit -= payload.length;
        this.bytes += payload.length;
        at += payload.length;
      }
    });
    if (at === chunk.length) callback();
    else this.#waiting = () => this.#sendFrom(chunk, at, callback);
  }

  #address(): { type: number; stream: number; channel: number } {
    return { type: FRAME.DATA, stream: this.#link.stream, channel: this.#link.channel };
  }
}
