// Frames over one real socket. Broker, client and repeaters all use this; what the frames mean is theirs.

import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

import { TurretError } from '../errors.js';
import { ERROR_CODES, FRAME, type WireErrorName } from '../protocol/codes.js';
import { type Frame, FrameDecoder, PREFACE, encodeFrame, reuse } from '../protocol/frames.js';
import { encodeControl } from '../protocol/json.js';

export interface FrameHandlers {
  /** Throwing a TurretError here ends the connection with FATAL. */
  frame(frame: Frame): void;
  /** Called once; `error` says why when it was not the peer's orderly end. */
  close(error: TurretError | undefined): void;
}

const NOTHING = new Uint8Array(0);

export class FrameSocket {
  readonly #socket: Duplex;
  readonly #decoder = new FrameDecoder({ preface: true });
  #handlers: FrameHandlers;
  #closed = false;
  #prefaceSent = false;

  constructor(socket: Duplex, handlers: FrameHandlers) {
    this.#socket = socket;
    this.#handlers = handlers;
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', (error) =>
      this.#close(new TurretError('broker_gone', 'the connection broke', { cause: error })),
    );
    socket.on('close', () => this.#close(undefined));
    socket.on('end', () => socket.end());
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Bytes accepted but not yet taken by the kernel. */
  get backlog(): number {
    return this.#socket.writableLength;
  }

  /** The handshake is over: larger frames are fine from here on. */
  authenticated(): void {
    this.#decoder.authenticated = true;
  }

  handle(handlers: FrameHandlers): void {
    this.#handlers = handlers;
  }

  /** Both sides send it before anything else; asking twice sends it once. */
  sendPreface(): void {
    if (this.#closed || this.#prefaceSent) return;
    this.#prefaceSent = true;
    this.#socket.write(PREFACE);
  }

  send(frame: Partial<Frame> & { type: number }): void {
    if (this.#closed) return;
    const bytes = encodeFrame({ flags: 0, channel: 0, stream: 0, payload: NOTHING, ...frame });
    // The kernel has a copy then; a stream in its place may have none.
    this.#socket.write(bytes, () => this.#socket instanceof Socket && reuse(bytes));
  }

  sendControl(type: number, stream: number, value: object): void {
    this.send({ type, stream, payload: encodeControl(value) });
  }

  /** Several frames as one write to the kernel. */
  cork(write: () => void): void {
    this.#socket.cork();
    write();
    this.#socket.uncork();
  }

  /** Says why, then ends the connection. */
  fatal(name: WireErrorName, message: string, hint?: string): void {
    if (this.#closed) return;
    this.sendPreface(); // a peer that broke off before the handshake can still read why
    this.sendControl(FRAME.FATAL, 0, {
      code: ERROR_CODES[name],
      name,
      message,
      ...(hint === undefined ? {} : { hint }),
    });
    this.end();
    this.#close(new TurretError(name, message));
  }

  /** Sends what is waiting, then closes; destroys the socket when the peer does not take it within a second. */
  end(): void {
    this.#socket.end();
    const timer = setTimeout(() => this.#socket.destroy(), 1_000);
    timer.unref();
    this.#socket.once('close', () => clearTimeout(timer));
  }

  destroy(): void {
    this.#socket.destroy();
    this.#close(undefined);
  }

  #read(chunk: Buffer): void {
    if (this.#closed) return;
    this.guard(() => {
      for (const frame of this.#decoder.push(chunk)) {
        this.#handlers.frame(frame);
        if (this.#closed) return;
      }
    });
  }

  /** For what is done about a frame later: a TurretError ends the connection as one that `frame` throws. */
  guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof TurretError)) throw error;
      this.fatal(error.code in ERROR_CODES ? (error.code as WireErrorName) : 'internal', error.message);
    }
  }

  #close(error: TurretError | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#handlers.close(error);
  }
}
