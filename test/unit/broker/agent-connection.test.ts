// The broker's side of one agent connection against a peer who knows the protocol and breaks it. Raw frames over a real
// socket pair; the peer holds a valid token, which is all an agent has.

import { once } from 'node:events';
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AgentConnection } from '../../../src/broker/agent-connection.js';
import { KeyRing } from '../../../src/broker/keys.js';
import { PeerCheck } from '../../../src/broker/peer-check.js';
import { type Signed, type SignedRequest, Signatures } from '../../../src/broker/signatures.js';
import { sign, signingKey } from '../../../src/crypto/ed25519.js';
import { FLAG, FRAME } from '../../../src/protocol/codes.js';
import { type Frame, FrameDecoder, PREFACE, encodeFrame } from '../../../src/protocol/frames.js';
import { parseControl } from '../../../src/protocol/json.js';
import { kidOf } from '../../../src/token/identity.js';
import {
  authMessage,
  callMessage,
  encodeSignedCall,
  toBase64url,
  transcript,
} from '../../../src/wire/handshake.js';

const token = signingKey(Buffer.alloc(32, 1));
const stranger = signingKey(Buffer.alloc(32, 2));
const broker = signingKey(Buffer.alloc(32, 3));
const kid = toBase64url(kidOf(token.publicKey));

let server: Server;
let peer: Peer;
let opened: SignedRequest[];
let cut: number;
let connection: AgentConnection;
let signatures: Pick<Signatures, 'check'>;

/** Sends whatever it is told to. */
class Peer {
  readonly socket: Socket;
  readonly frames: Frame[] = [];
  transcript: Buffer = Buffer.alloc(0);
  readonly closed: Promise<unknown>;
  #wake = (): void => {};

  constructor(socket: Socket) {
    this.socket = socket;
    const decoder = new FrameDecoder({ preface: true });
    decoder.authenticated = true;
    socket.on('data', (chunk: Buffer) => {
      this.frames.push(...decoder.push(chunk));
      this.#wake();
    });
    this.closed = once(socket, 'close');
    socket.on('close', () => this.#wake());
    socket.on('error', () => {});
  }

  send(type: number, stream: number, payload: Uint8Array | object, flags = 0): void {
    const bytes = payload instanceof Uint8Array ? payload : Buffer.from(JSON.stringify(payload));
    this.socket.write(encodeFrame({ type, flags, channel: 0, stream, payload: bytes }));
  }

  async next(): Promise<Frame | undefined> {
    while (this.frames.length === 0 && !this.socket.closed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.frames.shift();
  }

  /** Name of the error the connection ends with; '' when it does not say. */
  async fatal(): Promise<unknown> {
    for (let frame = await this.next(); frame !== undefined; frame = await this.next()) {
      if (frame.type === FRAME.FATAL) return parseControl(frame.payload)['name'];
    }
    return '';
  }

  async greet(role = 'agent'): Promise<void> {
    const hello = Buffer.from(
      JSON.stringify({ role, versions: [1], nonce: toBase64url(Buffer.alloc(32, 9)), kid, client: 'test' }),
    );
    this.socket.write(PREFACE);
    this.send(FRAME.HELLO, 0, hello);
    const answer = await this.next();
    this.transcript = transcript(hello, answer?.payload ?? Buffer.alloc(0));
  }

  authenticate(key = token, hash = this.transcript): void {
    this.send(FRAME.AUTH, 0, { kid, sig: toBase64url(sign(key, authMessage(hash))) });
  }

  async open(): Promise<void> {
    await this.greet();
    this.authenticate();
    if ((await this.next())?.type !== FRAME.WELCOME) throw new Error('not let in');
  }

  call(
    stream: number,
    counter: bigint,
    { json = '{"action":"echo.say","params":{}}', signedStream = stream } = {},
  ): void {
    const signature = sign(token, callMessage(this.transcript, signedStream, counter, Buffer.from(json)));
    this.send(FRAME.CALL, stream, encodeSignedCall(counter, signature, Buffer.from(json)), FLAG.SIGNED);
  }

  /** Everything sent before has been looked at. */
  async settled(): Promise<void> {
    this.send(FRAME.PING, 0, Buffer.from('settled!'));
    for (let frame = await this.next(); frame?.type !== FRAME.PING; frame = await this.next()) {
      if (frame === undefined) throw new Error('the connection ended');
    }
  }
}

beforeEach(async () => {
  opened = [];
  cut = 0;
  signatures = new Signatures();
  const keys = new KeyRing(
    Buffer.alloc(10, 7),
    [{ public_key: toBase64url(token.publicKey), kind: 'session', label: 'test', lifetime_ms: 60_000 }],
    () => 0,
  );
  server = createServer((socket) => {
    const context = {
      keys,
      peers: new PeerCheck(),
      signatures,
      brokerKey: broker,
      brokerPublicKey: broker.publicKey,
      welcome: () => ({ session: 'test' }),
      open: (_connection: AgentConnection, _stream: number, request: SignedRequest) => {
        opened.push(request);
        return { frame: () => {}, abandon: () => {}, cut: () => (cut += 1) };
      },
      authenticated: () => {},
      refused: () => {},
      gone: () => {},
      admit: () => {},
    };
    connection = new AgentConnection(socket, context, () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  peer = new Peer(connect((server.address() as AddressInfo).port, '127.0.0.1'));
});
afterEach(() => {
  peer.socket.destroy();
  server.close();
});

describe('the handshake of an agent', () => {
  it('ends for the wrong key, another transcript, and another role, always with the same words', async () => {
    const attacks = [
      async () => {
        await peer.greet();
        peer.authenticate(stranger);
      },
      async () => {
        await peer.greet();
        peer.authenticate(token, Buffer.alloc(32));
      },
      async () => {
        await peer.greet('admin');
        peer.authenticate();
      },
    ];
    for (const attack of attacks) {
      await attack();
      expect(await peer.fatal()).toBe('unauthenticated');
      await peer.closed;
      peer = new Peer(connect((server.address() as AddressInfo).port, '127.0.0.1'));
    }
  });

  it('cannot be skipped, done out of order or done twice', async () => {
    await peer.greet();
    peer.call(1, 1n);
    expect(await peer.fatal()).toBe('protocol_error');
    for (const frame of [FRAME.HELLO, FRAME.AUTH, FRAME.REGISTER, FRAME.WELCOME]) {
      peer = new Peer(connect((server.address() as AddressInfo).port, '127.0.0.1'));
      await peer.open();
      peer.send(frame, 0, {});
      expect(await peer.fatal()).toBe('protocol_error');
    }
    expect(opened).toEqual([]);
  });
});

describe('calls of an agent', () => {
  beforeEach(() => peer.open());

  it('are opened when stream and counter grow and the signature is of these bytes', async () => {
    peer.call(1, 1n);
    peer.call(7, 5n);
    await peer.settled();
    expect(opened.map(({ counter }) => counter)).toEqual([1n, 5n]);
  });

  it.each([
    ['a stream used twice', 'protocol_error', () => [peer.call(1, 1n), peer.call(1, 2n)]],
    ['a smaller stream', 'protocol_error', () => [peer.call(3, 1n), peer.call(1, 2n)]],
    ['an even stream', 'protocol_error', () => [peer.call(2, 1n)]],
    ['the connection as stream', 'protocol_error', () => [peer.call(0, 1n)]],
    ['the same counter', 'replay', () => [peer.call(1, 1n), peer.call(3, 1n)]],
    ['counter 0', 'replay', () => [peer.call(1, 0n)]],
    ['a signature for another stream', 'unauthenticated', () => [peer.call(3, 1n, { signedStream: 1 })]],
    ['no signature', 'unauthenticated', () => [peer.send(FRAME.CALL, 1, { action: 'echo.say' })]],
    [
      'a payload too short for a signature',
      'protocol_error',
      () => [peer.send(FRAME.CALL, 1, Buffer.alloc(71), FLAG.SIGNED)],
    ],
    [
      'a key twice, signed',
      'protocol_error',
      () => [peer.call(1, 1n, { json: '{"action":"a","action":"b"}' })],
    ],
    ['data on a stream that never was', 'protocol_error', () => [peer.send(FRAME.DATA, 9, Buffer.from('x'))]],
    ['PING of seven bytes', 'protocol_error', () => [peer.send(FRAME.PING, 0, Buffer.alloc(7))]],
    ['an END of its own', 'protocol_error', () => [peer.send(FRAME.END, 0, { ok: true, exit: 0 })]],
  ])('with %s end the connection with %s', async (_what, error, attack) => {
    attack();
    expect(await peer.fatal()).toBe(error);
    expect(opened.length).toBeLessThanOrEqual(1);
  });

  it('have counters that the log can keep: a larger one could never be proved', async () => {
    peer.call(1, 2n ** 53n - 1n);
    await peer.settled();
    expect(opened.length).toBe(1);
    peer.call(3, 2n ** 53n);
    expect(await peer.fatal()).toBe('protocol_error');
    expect(opened.length).toBe(1);
  });
});

describe('calls whose signatures are being checked on another thread', () => {
  let asked: { signed: Signed; done: (holds: boolean) => void }[];

  beforeEach(async () => {
    asked = [];
    signatures = { check: (signed, done) => asked.push({ signed, done }) };
    peer.socket.destroy();
    peer = new Peer(connect((server.address() as AddressInfo).port, '127.0.0.1'));
    await peer.open();
  });

  it('are opened once, before any frame that came after them', async () => {
    peer.call(1, 1n);
    peer.call(3, 2n);
    await peer.settled();
    for (const { done } of asked) done(true);
    expect(opened.map(({ counter }) => counter)).toEqual([1n, 2n]);
  });

  it('end the connection when they are forged, whatever comes after them, and a late answer opens nothing', async () => {
    peer.call(3, 1n, { signedStream: 1 });
    peer.send(FRAME.PING, 0, Buffer.from('settled!'));
    expect(await peer.fatal()).toBe('unauthenticated');
    for (const { done } of asked) done(true);
    expect(opened).toEqual([]);
  });

  it('end the connection when the answer is no', async () => {
    peer.call(1, 1n);
    await vi.waitFor(() => expect(asked.length).toBe(1));
    asked[0]?.done(false);
    expect(await peer.fatal()).toBe('unauthenticated');
    expect(opened).toEqual([]);
  });

  it('are opened, and so recorded, when the caller hangs up before the answer', async () => {
    peer.call(1, 1n);
    peer.socket.end();
    await vi.waitFor(() => expect(opened.length).toBe(1));
  });

  it('are opened and cut at once, and so recorded, when the connection is cut for a revoked token', async () => {
    peer.call(1, 1n);
    await vi.waitFor(() => expect(asked.length).toBe(1));
    connection.cut('token_revoked', 'the token was revoked');
    asked[0]?.done(true);
    expect(await peer.fatal()).toBe('token_revoked');
    expect([opened.length, cut]).toEqual([1, 1]);
  });
});
