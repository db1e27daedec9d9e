// One connection from the agent's side. Until `principal` is set the peer is anybody; every CALL is verified again.
// What is not in the table of its state is refused.

import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';

import { sign, verify, type SigningKey } from '../crypto/ed25519.js';
import { TurretError } from '../errors.js';
import { ERROR_CODES, FLAG, FRAME } from '../protocol/codes.js';
import type { Frame } from '../protocol/frames.js';
import { encodeControl, parseControl } from '../protocol/json.js';
import {
  AUTH_FAILURE_DELAY_MS,
  CONNECTION_STREAMS_MAX,
  DATA_BYTES_MAX,
  HANDSHAKE_MS_MAX,
  WINDOW_BYTES,
} from '../protocol/limits.js';
import type { End, JsonObject } from '../protocol/messages.js';
import { parseText } from '../protocol/parse.js';
import { FrameSocket } from '../wire/frame-socket.js';
import {
  NONCE_BYTES,
  SIGNATURE_BYTES,
  authMessage,
  brokerMessage,
  callMessage,
  fromBase64url,
  splitSignedCall,
  toBase64url,
  transcript,
} from '../wire/handshake.js';
import { errorToWire } from '../wire/wire-errors.js';
import type { CallStream } from './context.js';
import type { KeyRing, Principal } from './keys.js';
import type { PeerCheck } from './peer-check.js';
import type { Signatures, SignedRequest, Unchecked } from './signatures.js';

export interface ConnectionContext {
  keys: KeyRing;
  peers: PeerCheck;
  signatures: Pick<Signatures, 'check'>;
  brokerKey: SigningKey;
  brokerPublicKey: Uint8Array;
  welcome(principal: Principal): JsonObject;
  open(connection: AgentConnection, stream: number, request: SignedRequest): CallStream;
  authenticated(principal: Principal, client: string): void;
  refused(error: TurretError, client: string): void;
  /** Throws when it has too many connections. */
  admit(principal: Principal): void;
  gone(connection: AgentConnection): void;
}

/** What is signed ends with the hash of the JSON. */
const DIGEST_BYTES = 32;
/** What a peer is told although it is not let in: nothing of it helps to guess a proof. */
const TOLD = ['token_revoked', 'token_expired', 'audit_unavailable', 'too_many_streams'] as const;

type State = 'hello' | 'auth' | 'ready' | 'failed';

export class AgentConnection {
  principal: Principal | undefined;
  readonly #context: ConnectionContext;
  readonly peer: Socket;
  readonly #socket: FrameSocket;
  readonly #streams = new Map<number, CallStream>();
  readonly #timer: NodeJS.Timeout;
  #state: State = 'hello';
  #helloClient: Uint8Array = new Uint8Array(0);
  #transcript: Buffer = Buffer.alloc(0);
  #client = '';
  #lastStream = -1;
  #lastCounter = 0n;
  #unchecked: Unchecked | undefined;

  constructor(socket: Socket, context: ConnectionContext, over: () => void) {
    this.#context = context;
    this.peer = socket;
    // What it sent may be there already when this process was kept waiting itself.
    this.#timer = setTimeout(() => setImmediate(() => this.#late()), HANDSHAKE_MS_MAX);
    this.#socket = new FrameSocket(socket, {
      frame: (frame) => this.#frame(frame),
      close: () => {
        clearTimeout(this.#timer);
        this.#socket.guard(() => this.#checkNow());
        for (const stream of this.#streams.values()) stream.abandon();
        this.#streams.clear();
        this.#context.gone(this);
        over();
      },
    });
  }

  send(frame: Partial<Frame> & { type: number }): void {
    this.#socket.send(frame);
  }

  sendControl(type: number, stream: number, value: object): void {
    this.#socket.sendControl(type, stream, value);
  }

  /** The only way a call ends. */
  end(stream: number, end: End): void {
    if (this.#streams.delete(stream)) this.#socket.sendControl(FRAME.END, stream, end);
  }

  /** Cuts every stream and the connection; nothing that waits to be sent is sent. Returns how many calls that ended. */
  cut(why: 'token_revoked' | 'draining', message: string): number {
    const code = Buffer.alloc(4);
    code.writeUInt32BE(ERROR_CODES[why]);
    const flooded = this.#socket.backlog > 0;
    const asked = this.#unchecked;
    // It is recorded with the others: nobody asks unseen.
    if (asked?.key.verify(asked.message, asked.signature)) this.#socket.guard(() => this.#open(asked));
    for (const [stream, call] of this.#streams) {
      call.cut();
      if (!flooded) this.#socket.send({ type: FRAME.RESET, stream, payload: code });
    }
    const cut = this.#streams.size;
    this.#streams.clear();
    if (flooded) this.#socket.destroy();
    else if (why === 'draining') this.#goAway(message);
    else this.#socket.fatal(why, message);
    return cut;
  }

  #goAway(reason: string): void {
    const last_stream = Math.max(this.#lastStream, 0);
    this.#socket.sendControl(FRAME.GOAWAY, 0, { last_stream, code: 0, reason, drain_ms: 0 });
    this.#socket.end();
  }

  #late(): void {
    if (this.#state !== 'ready') this.#socket.fatal('unauthenticated', 'the handshake took too long');
  }

  #frame(frame: Frame): void {
    if (frame.type >= 0x80) return;
    switch (this.#state) {
      case 'hello':
        if (frame.type === FRAME.HELLO && frame.stream === 0) return this.#hello(frame.payload);
        break;
      case 'auth':
        if (frame.type === FRAME.AUTH && frame.stream === 0) return this.#auth(frame.payload);
        break;
      case 'ready':
        return this.#ready(frame);
      case 'failed':
        return;
    }
    throw new TurretError('protocol_error', 'that frame does not belong here');
  }

  #hello(payload: Uint8Array): void {
    const hello = parseControl(payload);
    const versions = hello['versions'];
    if (!Array.isArray(versions) || !versions.includes(1)) {
      throw new TurretError('version_unsupported', 'this broker speaks TRT/1 only');
    }
    if (hello['role'] !== 'agent' && hello['role'] !== 'admin')
      throw new TurretError('protocol_error', 'unknown role');
    fromBase64url('nonce', hello['nonce'], NONCE_BYTES);
    this.#client = parseText('client', hello['client'] ?? '', 64);
    this.#helloClient = Uint8Array.from(payload);
    const helloServer = encodeControl({
      version: 1,
      nonce: toBase64url(randomBytes(NONCE_BYTES)),
      broker_pub: toBase64url(this.#context.brokerPublicKey),
      max_frame: DATA_BYTES_MAX,
      max_streams: CONNECTION_STREAMS_MAX,
      window: WINDOW_BYTES,
    });
    this.#transcript = transcript(this.#helloClient, helloServer);
    this.#state = 'auth';
    this.#socket.cork(() => {
      this.#socket.sendPreface();
      this.#socket.send({ type: FRAME.HELLO, payload: helloServer });
    });
  }

  #auth(payload: Uint8Array): void {
    try {
      const auth = parseControl(payload);
      const hello = parseControl(this.#helloClient);
      const kid = parseText('kid', auth['kid'], 64);
      if (kid !== hello['kid'])
        throw new TurretError('unauthenticated', 'the key changed during the handshake');
      const principal = this.#context.keys.find(kid);
      const role = principal.kind === 'admin' ? 'admin' : 'agent';
      const signature = fromBase64url('sig', auth['sig'], SIGNATURE_BYTES);
      if (hello['role'] !== role || !verify(principal.key, authMessage(this.#transcript), signature)) {
        throw new TurretError('unauthenticated', 'the proof of the token does not hold');
      }
      this.#context.peers.check(this.peer, principal);
      // Only the holder of a token is told what became of it.
      this.#context.keys.check(principal);
      this.#context.admit(principal);
      this.#accept(principal);
    } catch (error) {
      this.#refuse(
        error instanceof TurretError ? error : new TurretError('internal', 'the handshake failed'),
      );
    }
  }

  #accept(principal: Principal): void {
    clearTimeout(this.#timer);
    this.#context.authenticated(principal, this.#client);
    this.principal = principal;
    this.#state = 'ready';
    this.#socket.authenticated();
    this.#socket.sendControl(FRAME.WELCOME, 0, {
      sig: toBase64url(sign(this.#context.brokerKey, brokerMessage(this.#transcript))),
      ...this.#context.welcome(principal),
    });
  }

  // Late and always the same, whatever was wrong with the proof: nothing to learn by trying.
  #refuse(error: TurretError): void {
    this.#state = 'failed';
    this.#context.refused(error, this.#client);
    const told = TOLD.find((code) => code === error.code);
    setTimeout(() => {
      if (told === undefined) this.#socket.fatal('unauthenticated', 'not authenticated');
      else this.#socket.fatal(told, error.message, error.hints[0]);
    }, AUTH_FAILURE_DELAY_MS);
  }

  #ready(frame: Frame): void {
    // In the order they came, whatever is checked where.
    this.#checkNow();
    if (frame.stream !== 0) {
      if (frame.type === FRAME.CALL) return this.#call(frame);
      // A stream that is over may still have frames on the way; one that never was is a mistake.
      if (frame.stream > this.#lastStream)
        throw new TurretError('protocol_error', 'frame on a stream that was never opened');
      return this.#streams.get(frame.stream)?.frame(frame);
    }
    if (frame.type !== FRAME.PING) throw new TurretError('protocol_error', 'that frame does not belong here');
    if (frame.payload.length !== 8) throw new TurretError('protocol_error', 'PING is eight bytes');
    // A peer that asks and never reads would have us keep every answer.
    if (this.#socket.backlog > WINDOW_BYTES) return;
    if ((frame.flags & FLAG.ACK) === 0)
      this.#socket.send({ type: FRAME.PING, flags: FLAG.ACK, payload: frame.payload });
  }

  #call(frame: Frame): void {
    if (frame.stream % 2 === 0 || frame.stream <= this.#lastStream) {
      throw new TurretError('protocol_error', 'stream ids are odd and only grow');
    }
    this.#lastStream = frame.stream;
    if ((frame.flags & FLAG.SIGNED) === 0) throw new TurretError('unauthenticated', 'a call must be signed');
    const { counter, signature, json } = splitSignedCall(frame.payload);
    // The log keeps it as a JSON number; one it cannot keep exactly would let the caller disown the call.
    if (counter > BigInt(Number.MAX_SAFE_INTEGER))
      throw new TurretError('protocol_error', 'the counter of a call is too large');
    if (counter <= this.#lastCounter) throw new TurretError('replay', 'the counter of a call must grow');
    const { key } = this.principal as Principal;
    const message = callMessage(this.#transcript, frame.stream, counter, json);
    const call = { stream: frame.stream, counter, json, key, message, signature };
    this.#unchecked = call;
    this.#context.signatures.check(call, (holds) =>
      this.#socket.guard(() => {
        if (this.#unchecked === call) this.#checked(call, holds);
      }),
    );
  }

  #checkNow(): void {
    const call = this.#unchecked;
    if (call !== undefined) this.#checked(call, call.key.verify(call.message, call.signature));
  }

  #checked(call: Unchecked, holds: boolean): void {
    this.#unchecked = undefined;
    if (!holds) throw new TurretError('unauthenticated', 'the signature of the call does not hold');
    this.#lastCounter = call.counter;
    try {
      this.#context.keys.check(this.principal as Principal);
      if (this.#streams.size >= CONNECTION_STREAMS_MAX)
        throw new TurretError('too_many_streams', 'too many calls at once');
      this.#open(call);
    } catch (error) {
      if (error instanceof TurretError && error.code === 'protocol_error') throw error;
      this.#socket.sendControl(FRAME.END, call.stream, { ok: false, error: errorToWire(error) });
    }
  }

  #open({ stream, counter, json, message, signature }: Unchecked): void {
    this.#unchecked = undefined;
    const digest = message.subarray(-DIGEST_BYTES);
    const request = { object: parseControl(json), digest, counter, transcript: this.#transcript, signature };
    this.#streams.set(stream, this.#context.open(this, stream, request));
  }
}
