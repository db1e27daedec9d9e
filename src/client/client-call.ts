// One call as its caller sees it: channels as streams, one status, one end.

import { TurretError } from '../errors.js';
import { CHANNEL, FLAG, FRAME, type SignalName } from '../protocol/codes.js';
import type { Frame } from '../protocol/frames.js';
import { parseControl } from '../protocol/json.js';
import type { End, JsonObject, Needs } from '../protocol/messages.js';
import { InboundChannel, OutboundChannel } from '../wire/channels.js';
import type { FrameSocket } from '../wire/frame-socket.js';
import { errorFromWire } from '../wire/wire-errors.js';
import { errorFromReset } from './broker-errors.js';

export type Finished = Extract<End, { ok: true }>;

export class ClientCall {
  readonly stdin: OutboundChannel;
  readonly filesOut: OutboundChannel;
  readonly stdout: InboundChannel;
  readonly stderr: InboundChannel;
  readonly filesIn: InboundChannel;
  /** Resolves when the call was allowed and runs; never when it is refused. */
  readonly running: Promise<Needs>;
  /** Resolves with the tool's own end; rejects with the TurretError that prevented or broke it. */
  readonly finished: Promise<Finished>;
  readonly #socket: FrameSocket;
  readonly #stream: number;
  readonly #over: () => void;
  #resolveRunning!: (needs: Needs) => void;
  #resolveFinished!: (end: Finished) => void;
  #rejectFinished!: (error: TurretError) => void;

  constructor(socket: FrameSocket, stream: number, over: () => void) {
    this.#socket = socket;
    this.#stream = stream;
    this.#over = over;
    const link = (channel: number) => ({ socket, stream, channel });
    this.stdin = new OutboundChannel(link(CHANNEL.STDIN));
    this.filesOut = new OutboundChannel(link(CHANNEL.FILES));
    this.stdout = new InboundChannel(link(CHANNEL.STDOUT));
    this.stderr = new InboundChannel(link(CHANNEL.STDERR));
    this.filesIn = new InboundChannel(link(CHANNEL.FILES));
    this.running = new Promise((resolve) => {
      this.#resolveRunning = resolve;
    });
    this.finished = new Promise((resolve, reject) => {
      this.#resolveFinished = resolve;
      this.#rejectFinished = reject;
    });
    // A caller that only looks at `running` must not die of an unhandled rejection.
    this.finished.catch(() => {});
  }

  signal(signal: SignalName): void {
    this.#socket.sendControl(FRAME.SIGNAL, this.#stream, { signal });
  }

  resize(size: { cols: number; rows: number }): void {
    const payload = Buffer.alloc(4);
    payload.writeUInt16BE(Math.min(size.cols, 0xffff), 0);
    payload.writeUInt16BE(Math.min(size.rows, 0xffff), 2);
    this.#socket.send({ type: FRAME.RESIZE, stream: this.#stream, payload });
  }

  cancel(reason: string): void {
    this.#socket.sendControl(FRAME.CANCEL, this.#stream, { reason });
  }

  /** A frame of this stream. Throws TurretError when the broker breaks the protocol. */
  frame(frame: Frame): void {
    switch (frame.type) {
      case FRAME.DATA:
        return this.#inbound(frame.channel).accept(frame.payload, (frame.flags & FLAG.FIN) !== 0);
      case FRAME.CREDIT:
        return (frame.channel === CHANNEL.FILES ? this.filesOut : this.stdin).addCredit(frame.payload);
      case FRAME.STATUS:
        return this.#status(parseControl(frame.payload));
      case FRAME.END:
        return this.#end(parseControl(frame.payload));
      case FRAME.RESET:
        return this.lose(errorFromReset(frame.payload));
      default:
        if (frame.type < 0x80) throw new TurretError('protocol_error', 'unexpected frame on a call');
    }
  }

  /** The connection is gone, or the call was reset. */
  lose(error: TurretError): void {
    this.#close();
    this.#rejectFinished(error);
  }

  #status(status: JsonObject): void {
    // The broker has proved itself, so its shapes are taken as they are.
    if (status['state'] === 'handoff')
      throw new TurretError('protocol_error', 'output handed over in a way that nobody asked for');
    if (status['state'] === 'running') this.#resolveRunning(status['needs'] as unknown as Needs);
  }

  #end(end: JsonObject): void {
    this.#close();
    if (end['ok'] === true) this.#resolveFinished(end as unknown as Finished);
    else this.#rejectFinished(errorFromWire((end['error'] ?? {}) as JsonObject));
  }

  #inbound(channel: number): InboundChannel {
    if (channel === CHANNEL.STDOUT) return this.stdout;
    if (channel === CHANNEL.STDERR) return this.stderr;
    if (channel === CHANNEL.FILES) return this.filesIn;
    throw new TurretError('protocol_error', 'data on an unknown channel');
  }

  #close(): void {
    this.#over();
    for (const channel of [this.stdout, this.stderr, this.filesIn]) channel.finish();
    for (const channel of [this.stdin, this.filesOut]) channel.destroy();
  }
}
