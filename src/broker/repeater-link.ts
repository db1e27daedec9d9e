// The broker's end of one repeater: registration, even streams, PING. A repeater is a separate process that holds one
// credential; it is believed about its own actions and about nothing else.

import type { Socket } from 'node:net';

import { TurretError } from '../errors.js';
import { ERROR_CODES, FLAG, FRAME } from '../protocol/codes.js';
import type { Frame } from '../protocol/frames.js';
import { encodeControl, parseControl } from '../protocol/json.js';
import {
  CANCEL_GRACE_MS,
  CONTROL_BYTES_MAX,
  PING_MS,
  PING_MISSES_MAX,
  REPEATER_START_MS_MAX,
  REREAD_BYTES,
  RESOLVE_MS_MAX,
} from '../protocol/limits.js';
import type { JsonObject, Register, ResolveCall, RunCall } from '../protocol/messages.js';
import { FrameSocket } from '../wire/frame-socket.js';
import { reread } from '../wire/reread.js';
import { errorFromWire } from '../wire/wire-errors.js';
import { parseRegister } from './registration.js';

/** Of all links: what is read is taken apart and copied before the next one reads. */
const MEMORY = Buffer.allocUnsafeSlow(REREAD_BYTES);

export interface LinkHandlers {
  registered(register: Register): void;
  lost(): void;
}

/** Where frames of one stream go, until its END. */
export interface LinkStream {
  frame(frame: Frame): void;
  /** The repeater died or broke the protocol. */
  lost(error: TurretError): void;
}

export class RepeaterLink {
  readonly name: string;
  readonly ready: Promise<Register>;
  readonly #socket: FrameSocket;
  readonly #streams = new Map<number, LinkStream>();
  #resolveReady!: (register: Register) => void;
  #rejectReady!: (error: TurretError) => void;
  #nextStream = 2;
  #lastStream = 0;
  #pings = 0;
  #timer: NodeJS.Timeout;
  #greeted = false;
  #registered = false;
  #inside = 0;
  readonly #queue: (() => void)[] = [];

  constructor(name: string, socket: Socket, handlers: LinkHandlers) {
    this.name = name;
    this.ready = new Promise((resolve, reject) => {
      this.#resolveReady = resolve;
      this.#rejectReady = reject;
    });
    this.ready.catch(() => {});
    this.#socket = new FrameSocket(reread(socket, MEMORY), {
      frame: (frame) => this.#frame(frame, handlers),
      close: () => this.#lost(handlers),
    });
    this.#socket.authenticated();
    this.#socket.sendPreface();
    this.#timer = setTimeout(() => this.#socket.destroy(), REPEATER_START_MS_MAX);
  }

  get alive(): boolean {
    return !this.#socket.closed;
  }

  /** Phase one: what would this be? Rejects with the repeater's refusal, or repeater_crashed, or deadline_exceeded. */
  resolve(call: ResolveCall): Promise<JsonObject> {
    return new Promise((resolve, reject) => {
      const stream = this.#open({
        frame: (frame) => {
          if (frame.type !== FRAME.END) return;
          finish();
          const end = parseControl(frame.payload);
          if (end['ok'] === true) resolve((end['result'] ?? {}) as JsonObject);
          else reject(errorFromWire((end['error'] ?? {}) as JsonObject));
        },
        lost: (error) => {
          finish();
          reject(error);
        },
      });
      const timer = setTimeout(() => {
        this.#streams.delete(stream);
        reject(
          new TurretError(
            'deadline_exceeded',
            `the repeater "${this.name}" took too long to understand the request`,
          ),
        );
      }, RESOLVE_MS_MAX);
      const finish = () => {
        clearTimeout(timer);
        this.#streams.delete(stream);
      };
      this.#socket.sendControl(FRAME.CALL, stream, call);
    });
  }

  /** Phase two: decided and recorded. Frames of the call go to `to` until END; returns the stream id. */
  run(call: RunCall, to: LinkStream): number {
    // It died while the call waited for its turn: nothing of this call ever ran.
    if (!this.alive)
      throw new TurretError('repeater_unavailable', `the repeater "${this.name}" died before the call began`);
    const payload = encodeControl(call);
    if (payload.length > CONTROL_BYTES_MAX)
      throw new TurretError('frame_too_large', 'the call is too large to be passed on');
    const stream = this.#open(to);
    this.#socket.send({ type: FRAME.CALL, stream, payload });
    return stream;
  }

  /** Stop, please; and after a grace the stream is dead whatever the repeater does. */
  cancel(stream: number, reason: string): void {
    if (!this.#streams.has(stream)) return;
    this.#socket.sendControl(FRAME.CANCEL, stream, { reason });
    const timer = setTimeout(() => {
      if (!this.#streams.delete(stream)) return;
      const payload = Buffer.alloc(4);
      payload.writeUInt32BE(ERROR_CODES.cancelled);
      this.#socket.send({ type: FRAME.RESET, stream, payload });
    }, CANCEL_GRACE_MS);
    timer.unref();
  }

  /** Waits until the repeater has room for one more call; the returned function gives the room back. */
  async enter(): Promise<() => void> {
    const { concurrency } = await this.ready;
    if (this.#inside >= concurrency) await new Promise<void>((resolve) => this.#queue.push(resolve));
    else this.#inside += 1;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      const next = this.#queue.shift();
      if (next === undefined) this.#inside -= 1;
      else next();
    };
  }

  send(frame: Partial<Frame> & { type: number }): void {
    this.#socket.send(frame);
  }

  sendControl(type: number, stream: number, value: object): void {
    this.#socket.sendControl(type, stream, value);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#socket.destroy();
  }

  #open(to: LinkStream): number {
    const stream = this.#nextStream;
    this.#nextStream += 2;
    this.#lastStream = stream;
    this.#streams.set(stream, to);
    if (!this.alive) queueMicrotask(() => to.lost(crashed(this.name)));
    return stream;
  }

  #frame(frame: Frame, handlers: LinkHandlers): void {
    if (frame.type >= 0x80) return;
    if (frame.stream === 0) return this.#connectionFrame(frame, handlers);
    if (frame.stream > this.#lastStream || frame.stream % 2 === 1) {
      throw new TurretError('protocol_error', 'the repeater answers a call nobody made');
    }
    const stream = this.#streams.get(frame.stream);
    if (frame.type === FRAME.END) this.#streams.delete(frame.stream);
    stream?.frame(frame);
  }

  #connectionFrame(frame: Frame, handlers: LinkHandlers): void {
    if (frame.type === FRAME.HELLO && !this.#greeted) {
      this.#greeted = true;
      if (parseControl(frame.payload)['role'] !== 'repeater')
        throw new TurretError('protocol_error', 'not a repeater');
      this.#socket.sendControl(FRAME.HELLO, 0, { version: 1 });
    } else if (frame.type === FRAME.REGISTER && this.#greeted && !this.#registered) {
      const { register, refused } = parseRegister(this.name, parseControl(frame.payload));
      this.#registered = true;
      clearTimeout(this.#timer);
      this.#timer = setInterval(() => this.#ping(), PING_MS);
      this.#timer.unref();
      handlers.registered(register);
      const accepted = register.actions.map((action) => action.name);
      this.#socket.send({ type: FRAME.REGISTERED, payload: encodeControl({ accepted, refused }) });
      this.#resolveReady(register);
    } else if (frame.type === FRAME.PING) {
      if ((frame.flags & FLAG.ACK) !== 0) this.#pings = 0;
      else this.#socket.send({ type: FRAME.PING, flags: FLAG.ACK, payload: frame.payload });
    } else {
      throw new TurretError('protocol_error', 'that frame does not belong here');
    }
  }

  #ping(): void {
    if (this.#pings >= PING_MISSES_MAX) return this.#socket.destroy();
    this.#pings += 1;
    this.#socket.send({ type: FRAME.PING, payload: Buffer.alloc(8) });
  }

  #lost(handlers: LinkHandlers): void {
    clearTimeout(this.#timer);
    const error = crashed(this.name);
    this.#rejectReady(error);
    for (const stream of this.#streams.values()) stream.lost(error);
    this.#streams.clear();
    for (const next of this.#queue.splice(0)) next();
    handlers.lost();
  }
}

function crashed(name: string): TurretError {
  return new TurretError('repeater_crashed', `the repeater "${name}" died`, {
    hints: ['the call may or may not have taken effect; look before you repeat it'],
  });
}
