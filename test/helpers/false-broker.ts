// A broker that holds its key and keeps no rule: it proves itself when it is told to, then says what a test wants.

import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type Server, type Socket, createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { sign, signingKey } from '../../src/crypto/ed25519.js';
import { FRAME } from '../../src/protocol/codes.js';
import { type Frame, FrameDecoder, PREFACE, encodeFrame } from '../../src/protocol/frames.js';
import { encodeControl } from '../../src/protocol/json.js';
import { sidOf } from '../../src/token/identity.js';
import { formatToken } from '../../src/token/token.js';
import { brokerMessage, toBase64url, transcript } from '../../src/wire/handshake.js';
import { NATIVE_SHIM } from './native-shim.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Where in a conversation it begins to be false. */
export type Moment = 'preface' | 'hello' | 'welcome' | 'call';
export interface Play {
  from: Moment;
  /** Said in place of what belongs there; after it the connection ends when `ends`. */
  say: Uint8Array[];
  ends?: boolean;
}

export function frame(type: number, payload: Uint8Array | object, rest: Partial<Frame> = {}): Buffer {
  const bytes = payload instanceof Uint8Array ? payload : encodeControl(payload);
  return encodeFrame({ type, flags: 0, channel: 0, stream: 0, ...rest, payload: bytes });
}

/** A header alone, for a payload that never comes. */
export function header(type: number, length: number, { flags = 0, version = 1, stream = 0 } = {}): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.set([version, type, flags, 0]);
  bytes.writeUInt32BE(stream, 4);
  bytes.writeUInt32BE(length, 8);
  return bytes;
}

export class FalseBroker {
  /** Has `agent.sock`, `token`, and the shims `bin/loop` (native) and `node/loop`. */
  readonly directory = mkdtempSync('/tmp/tsf-');
  readonly #seed = randomBytes(32);
  readonly #key = signingKey(this.#seed);
  readonly #server: Server;
  play: Play = { from: 'call', say: [] };

  constructor() {
    const sid = sidOf(this.#key.publicKey);
    writeFileSync(
      join(this.directory, 'token'),
      formatToken({ kind: 'session', seed: randomBytes(32), sid }),
      { mode: 0o400 },
    );
    for (const name of ['bin', 'node']) mkdirSync(join(this.directory, name));
    copyFileSync(NATIVE_SHIM, join(this.directory, 'bin/loop'));
    const node = `#!${process.execPath}\n${readFileSync(join(ROOT, 'dist/shim.cjs'), 'utf8')}`;
    writeFileSync(join(this.directory, 'node/loop'), node, { mode: 0o755 });
    this.#server = createServer((socket) => this.#talk(socket, this.play)).listen(
      join(this.directory, 'agent.sock'),
    );
  }

  close(): void {
    this.#server.close();
    rmSync(this.directory, { recursive: true, force: true });
  }

  #talk(socket: Socket, play: Play): void {
    const decoder = new FrameDecoder({ preface: true });
    decoder.authenticated = true;
    let hello: Buffer = Buffer.alloc(0);
    let answer: Buffer = Buffer.alloc(0);
    const honest: Record<number, [Moment, () => Buffer[]]> = {
      [FRAME.HELLO]: ['hello', () => [Buffer.from(PREFACE), frame(FRAME.HELLO, answer)]],
      [FRAME.AUTH]: ['welcome', () => [frame(FRAME.WELCOME, this.#welcome(hello, answer))]],
      [FRAME.CALL]: ['call', () => []],
    };
    answer = encodeControl({
      ...{ version: 1, nonce: toBase64url(randomBytes(32)), broker_pub: toBase64url(this.#key.publicKey) },
      ...{ max_frame: 65_536, max_streams: 128, window: 524_288 },
    });
    socket.on('error', () => {}); // the shim ends when it has had enough
    socket.on('data', (chunk: Buffer) => {
      for (const { type, payload } of decoder.push(chunk)) {
        if (type === FRAME.HELLO) hello = Buffer.from(payload);
        const [moment, say] = honest[type] ?? [];
        const isNow = moment === play.from || (moment === 'hello' && play.from === 'preface');
        if (say === undefined) continue;
        if (!isNow) socket.write(Buffer.concat(say()));
        else socket.write(Buffer.concat(play.from === 'hello' ? [PREFACE, ...play.say] : play.say));
        if (isNow && play.ends === true) socket.end();
      }
    });
  }

  #welcome(hello: Buffer, answer: Buffer): object {
    const sig = toBase64url(sign(this.#seed, brokerMessage(transcript(hello, answer))));
    return { sig, session: '', label: '', exp_ms: 1, tools: ['loop'], repeaters: [], level: 'none' };
  }
}
