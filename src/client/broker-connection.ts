// The client's end of TRT/1: prove the token, be shown the broker's proof, make signed calls.
// Used by shims and commands. The broker is trusted only after its key matched the sid in the token *and* signed our nonce.

import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';

import { type SigningKey, sign, signingKey, verify, verifyingKey } from '../crypto/ed25519.js';
import { TurretError } from '../errors.js';
import { FLAG, FRAME } from '../protocol/codes.js';
import type { Frame } from '../protocol/frames.js';
import { encodeControl, parseControl } from '../protocol/json.js';
import { BROKER_ANSWER_MS_MAX, CONTROL_BYTES_MAX, HANDSHAKE_MS_MAX } from '../protocol/limits.js';
import type { AgentCall, JsonObject } from '../protocol/messages.js';
import { kidOf, sidOf } from '../token/identity.js';
import { type Token } from '../token/token.js';
import { FrameSocket } from '../wire/frame-socket.js';
import {
  NONCE_BYTES,
  SIGNATURE_BYTES,
  authMessage,
  brokerMessage,
  callMessage,
  encodeSignedCall,
  fromBase64url,
  toBase64url,
  transcript,
} from '../wire/handshake.js';
import { ClientCall } from './client-call.js';
import type { BrokerAddress } from './locate.js';
import { errorFromWire } from '../wire/wire-errors.js';
import { brokerGone } from './broker-errors.js';

/** Time before a client that was turned away tries again. */
const TURNED_AWAY_MS = 50;

export interface ConnectOptions {
  address: BrokerAddress;
  token: Token;
  /** Shown in the audit log: program and version. */
  client: string;
  /** The connection is over. */
  lost?: () => void;
}

export class BrokerConnection {
  readonly #socket: FrameSocket;
  readonly #key: SigningKey;
  readonly #transcript: Buffer;
  readonly #calls = new Map<number, ClientCall>();
  /** What the broker says of this session. */
  readonly welcome: JsonObject;
  #nextStream = 1;
  #counter = 0n;
  #lost: TurretError | undefined;

  private constructor(
    socket: FrameSocket,
    key: SigningKey,
    hash: Buffer,
    { welcome, lost }: { welcome: JsonObject; lost: (() => void) | undefined },
  ) {
    this.#socket = socket;
    this.#key = key;
    this.#transcript = hash;
    this.welcome = welcome;
    socket.handle({
      frame: (frame) => this.#frame(frame),
      close: (error) => {
        this.#lose(error);
        lost?.();
      },
    });
  }

  /** Rejects with TurretError broker_gone, broker_untrusted, unauthenticated, token_revoked or token_expired. */
  static async open(options: ConnectOptions): Promise<BrokerConnection> {
    const until = performance.now() + BROKER_ANSWER_MS_MAX;
    for (;;) {
      const inbox = new Inbox(options.address);
      try {
        return await BrokerConnection.#greet(inbox, options);
      } catch (error) {
        inbox.socket.destroy();
        // One of a crowd: the broker had no room for one more and read nothing, or was done with waiting for a process
        // that had no processor. A broker that died takes no connection.
        if (!(inbox.turnedAway || inbox.wasSlow) || performance.now() > until) throw error;
        await new Promise((resolve) => setTimeout(resolve, TURNED_AWAY_MS));
      } finally {
        inbox.done();
      }
    }
  }

  static async #greet(inbox: Inbox, options: ConnectOptions): Promise<BrokerConnection> {
    const key = signingKey(options.token.seed);
    const kid = toBase64url(kidOf(key.publicKey));
    const hello = encodeControl({
      role: options.token.kind === 'admin' ? 'admin' : 'agent',
      versions: [1],
      nonce: toBase64url(randomBytes(NONCE_BYTES)),
      kid,
      client: options.client,
    });
    inbox.socket.sendPreface();
    inbox.socket.send({ type: FRAME.HELLO, payload: hello });
    const helloServer = await inbox.next(FRAME.HELLO);
    const hash = transcript(hello, helloServer.payload);
    const brokerKey = fromBase64url('broker_pub', parseControl(helloServer.payload)['broker_pub'], 32);
    if (!sidOf(brokerKey).equals(options.token.sid)) throw untrusted();
    inbox.socket.sendControl(FRAME.AUTH, 0, {
      kid,
      sig: toBase64url(sign(key, authMessage(hash))),
    });
    // Past the limit for strangers: it names every tool of the session.
    inbox.socket.authenticated();
    const welcome = parseControl((await inbox.next(FRAME.WELCOME)).payload);
    const signature = fromBase64url('sig', welcome['sig'], SIGNATURE_BYTES);
    if (!verify(verifyingKey(brokerKey), brokerMessage(hash), signature)) throw untrusted();
    return new BrokerConnection(inbox.socket, key, hash, { welcome, lost: options.lost });
  }

  /** Sends a signed CALL. The result arrives on the ClientCall. Throws TurretError invalid_params when it fits in no frame. */
  call(request: AgentCall | JsonObject): ClientCall {
    const stream = this.#nextStream;
    this.#nextStream += 2;
    this.#counter += 1n;
    const json = encodeControl(request);
    const signature = sign(this.#key, callMessage(this.#transcript, stream, this.#counter, json));
    const payload = encodeSignedCall(this.#counter, signature, json);
    if (payload.length > CONTROL_BYTES_MAX) throw tooLong();
    const call = new ClientCall(this.#socket, stream, () => this.#calls.delete(stream));
    this.#calls.set(stream, call);
    this.#socket.send({
      type: FRAME.CALL,
      flags: FLAG.SIGNED,
      stream,
      payload,
    });
    if (this.#lost !== undefined) call.lose(this.#lost);
    return call;
  }

  close(): void {
    this.#socket.end();
  }

  #frame(frame: Frame): void {
    if (frame.stream !== 0) {
      // Frames of a call that is over may still be on their way: dropped.
      this.#calls.get(frame.stream)?.frame(frame);
    } else if (frame.type === FRAME.PING && (frame.flags & FLAG.ACK) === 0) {
      this.#socket.send({ type: FRAME.PING, flags: FLAG.ACK, payload: frame.payload });
    } else if (frame.type === FRAME.FATAL) {
      this.#lose(errorFromWire(parseControl(frame.payload)));
    }
  }

  #lose(error: TurretError | undefined): void {
    // A connection that breaks and one that ends mean the same to whoever waits for the call.
    this.#lost ??= error === undefined || error.cause !== undefined ? brokerGone() : error;
    for (const call of this.#calls.values()) call.lose(this.#lost);
  }
}

/** Frames of the handshake, one awaited at a time, all within the time a broker has to answer. */
class Inbox {
  readonly socket: FrameSocket;
  readonly #startedMs = performance.now();
  readonly #timer: NodeJS.Timeout;
  #waiting:
    | { type: number; resolve: (frame: Frame) => void; reject: (error: TurretError) => void }
    | undefined;
  #lost: TurretError | undefined;
  /** The connection was taken, and closed before anything came. */
  turnedAway = false;

  constructor(address: BrokerAddress) {
    const socket = connect(address);
    let silent = false;
    socket.once('connect', () => (silent = true));
    this.socket = new FrameSocket(socket, {
      frame: (frame) => {
        silent = false;
        this.#frame(frame);
      },
      close: (error) => {
        // What spoke, and in no way of ours, will not come round.
        this.turnedAway = silent && (error === undefined || error.cause !== undefined);
        this.#fail(error ?? brokerGone());
      },
    });
    // Its answer may be there already when this process was kept waiting itself.
    const late = (): void => this.#fail(brokerGone('it does not answer'));
    this.#timer = setTimeout(() => setImmediate(late), BROKER_ANSWER_MS_MAX);
  }

  /** It has taken so long that a broker gives up. */
  get wasSlow(): boolean {
    return performance.now() - this.#startedMs >= HANDSHAKE_MS_MAX;
  }

  next(type: number): Promise<Frame> {
    return new Promise((resolve, reject) => {
      if (this.#lost !== undefined) reject(this.#lost);
      else this.#waiting = { type, resolve, reject };
    });
  }

  done(): void {
    clearTimeout(this.#timer);
  }

  #frame(frame: Frame): void {
    if (frame.type >= 0x80) return;
    if (frame.type === FRAME.FATAL) return this.#fail(errorFromWire(parseControl(frame.payload)));
    if (this.#waiting?.type !== frame.type)
      throw new TurretError('protocol_error', 'unexpected frame in the handshake');
    const { resolve } = this.#waiting;
    this.#waiting = undefined;
    resolve(frame);
  }

  #fail(error: TurretError): void {
    this.#lost ??= error.code === 'internal' || error.cause !== undefined ? brokerGone() : error;
    this.#waiting?.reject(this.#lost);
    this.#waiting = undefined;
  }
}

function tooLong(): TurretError {
  return new TurretError('invalid_params', 'the command line is too long', {
    hints: ['give long text in a file or on standard input'],
  });
}

function untrusted(): TurretError {
  return new TurretError(
    'broker_untrusted',
    'the process behind the socket is not the broker of this token',
    {
      hints: ['somebody else may be listening there; start a new `turret run`'],
    },
  );
}
