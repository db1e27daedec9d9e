// TRT/1 by hand, for what no honest client sends.

import { randomBytes } from 'node:crypto';
import { type Socket, connect } from 'node:net';

import { type SigningKey, sign, signingKey } from '../../src/crypto/ed25519.js';
import { FLAG, FRAME } from '../../src/protocol/codes.js';
import { type Frame, FrameDecoder, PREFACE, encodeFrame } from '../../src/protocol/frames.js';
import { encodeControl, parseControl } from '../../src/protocol/json.js';
import type { JsonObject } from '../../src/protocol/messages.js';
import { kidOf } from '../../src/token/identity.js';
import { parseToken } from '../../src/token/token.js';
import {
  authMessage,
  callMessage,
  encodeSignedCall,
  toBase64url,
  transcript,
} from '../../src/wire/handshake.js';

export class RawClient {
  readonly socket: Socket;
  readonly frames: Frame[] = [];
  transcript: Buffer = Buffer.alloc(0);
  closed = false;
  #key: SigningKey = signingKey(new Uint8Array(32));
  #waiting: (() => void)[] = [];

  /** @param address a path, or host and port */
  constructor(address: string | { path: string } | { host: string; port: number }) {
    const decoder = new FrameDecoder({ preface: true });
    decoder.authenticated = true;
    this.socket = connect(typeof address === 'string' ? { path: address } : address);
    this.socket.on('data', (chunk: Buffer) => {
      for (const frame of decoder.push(chunk)) this.frames.push(frame);
      this.#wake();
    });
    this.socket.on('error', () => {});
    this.socket.on('close', () => {
      this.closed = true;
      this.#wake();
    });
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  send(frame: Partial<Frame> & { type: number }): void {
    this.socket.write(encodeFrame({ flags: 0, channel: 0, stream: 0, payload: new Uint8Array(0), ...frame }));
  }

  /** Everything sent by `write` leaves in one piece: the other side sees none of it without the rest. */
  atOnce(write: () => void): void {
    this.socket.cork();
    write();
    this.socket.uncork();
  }

  bytes(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }

  /** The first frame of that type, or undefined when the connection ends without one. */
  async frame(type: number, from = 0): Promise<Frame | undefined> {
    for (;;) {
      const found = this.frames.slice(from).find((frame) => frame.type === type);
      if (found !== undefined || this.closed) return found;
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
  }

  async json(type: number, from = 0): Promise<JsonObject | undefined> {
    const frame = await this.frame(type, from);
    return frame === undefined ? undefined : parseControl(frame.payload);
  }

  /** Everything up to AUTH, with parts changed. */
  async greet(
    token: string,
    changes: { seed?: Uint8Array; kid?: string; role?: string } = {},
  ): Promise<void> {
    this.#key = signingKey(changes.seed ?? parseToken(token).seed);
    const kid = changes.kid ?? toBase64url(kidOf(signingKey(parseToken(token).seed).publicKey));
    const hello = encodeControl({
      role: changes.role ?? 'agent',
      versions: [1],
      nonce: toBase64url(randomBytes(32)),
      kid,
      client: 'raw',
    });
    this.bytes(PREFACE);
    this.send({ type: FRAME.HELLO, payload: hello });
    const answer = await this.frame(FRAME.HELLO);
    if (answer === undefined) throw new Error('no HELLO');
    this.transcript = transcript(hello, answer.payload);
    this.send({
      type: FRAME.AUTH,
      payload: encodeControl({ kid, sig: toBase64url(sign(this.#key, authMessage(this.transcript))) }),
    });
  }

  call(
    stream: number,
    counter: bigint,
    request: object,
    changes: { signed?: Uint8Array; flags?: number } = {},
  ): void {
    this.bytes(this.encodeCall(stream, counter, request, changes));
  }

  /** The frame that `call` sends. */
  encodeCall(
    stream: number,
    counter: bigint,
    request: object,
    changes: { signed?: Uint8Array; flags?: number } = {},
  ): Buffer {
    const json = encodeControl(request);
    const message = callMessage(this.transcript, stream, counter, changes.signed ?? json);
    const flags = changes.flags ?? FLAG.SIGNED;
    const payload = encodeSignedCall(counter, sign(this.#key, message), json);
    return encodeFrame({ type: FRAME.CALL, flags, channel: 0, stream, payload });
  }
}
