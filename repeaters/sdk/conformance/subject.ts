// The repeater under test: its process, its fd 3 as raw frames, everything it ever wrote. It is taken to be wrong until it
// has shown otherwise, so every wait has an end and nothing it says is believed.

import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { FRAME } from '../../../src/protocol/codes.js';
import { type Frame, FrameDecoder, PREFACE, encodeFrame } from '../../../src/protocol/frames.js';
import { encodeControl, parseControl } from '../../../src/protocol/json.js';
import { REPEATER_START_MS_MAX } from '../../../src/protocol/limits.js';
import type { JsonObject } from '../../../src/protocol/messages.js';
import type { RepeaterSecrets } from '../types.js';

/** The repeater did what the protocol does not allow, or not what it demands. */
export class Misbehaviour extends Error {}

export interface SubjectOptions {
  command: readonly string[];
  secrets: RepeaterSecrets;
  /** Where it is started. */
  directory: string;
  /** Time for one answer. */
  answerMs: number;
}

const BROKER_FD = 3;
const SECRETS_FD = 4;

export class Subject {
  readonly hello: JsonObject = {};
  readonly register: JsonObject = {};
  /** Every byte it wrote anywhere, for the search for the secret. */
  readonly written: Buffer[] = [];
  /** Resolves when its end of fd 3 is closed. */
  readonly closed: Promise<void>;
  readonly exited: Promise<void>;
  readonly #options: SubjectOptions;
  readonly #process: ChildProcess;
  readonly #socket: Socket;
  readonly #inbox: Frame[] = [];
  #wake: () => void = () => {};
  #broken: Misbehaviour | undefined;
  #ended = false;

  private constructor(options: SubjectOptions) {
    this.#options = options;
    const [program = '', ...words] = options.command;
    this.#process = spawn(program, words, {
      cwd: options.directory,
      env: { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: options.secrets.directory, LC_ALL: 'C.UTF-8' },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
    });
    const { stdout, stderr, stdio } = this.#process;
    for (const stream of [stdout, stderr]) stream?.on('data', (chunk: Buffer) => this.written.push(chunk));
    this.#socket = stdio[BROKER_FD] as Socket;
    const secrets = stdio[SECRETS_FD] as Writable;
    for (const pipe of [this.#socket, secrets]) pipe.on('error', () => pipe.destroy());
    secrets.end(JSON.stringify(options.secrets));
    this.closed = new Promise((resolve) => {
      const over = (): void => {
        this.#ended = true;
        this.#wake();
        resolve();
      };
      this.#socket.on('end', over);
      this.#socket.on('close', over);
    });
    this.exited = new Promise((resolve) => {
      this.#process.once('exit', () => resolve());
      this.#process.once('error', (error) => {
        this.#break(`it cannot be started: ${error.message}`);
        resolve();
      });
    });
    const decoder = new FrameDecoder({ preface: true });
    decoder.authenticated = true;
    this.#socket.on('data', (chunk: Buffer) => this.#read(decoder, chunk));
  }

  /** Started, greeted and registered. Throws Misbehaviour. */
  static async start(options: SubjectOptions): Promise<Subject> {
    const subject = new Subject(options);
    const startMs = Math.min(REPEATER_START_MS_MAX, 3 * options.answerMs);
    try {
      subject.sendRaw(PREFACE);
      const hello = await subject.next('HELLO', (frame) => frame.type < 0x80, startMs);
      if (hello.type !== FRAME.HELLO || hello.stream !== 0)
        throw new Misbehaviour('its first frame is not HELLO');
      Object.assign(subject.hello, control(hello));
      subject.control(FRAME.HELLO, 0, { version: 1, conformance: 'unknown keys are ignored' });
      const register = await subject.next('REGISTER', (frame) => frame.type < 0x80, startMs);
      if (register.type !== FRAME.REGISTER || register.stream !== 0)
        throw new Misbehaviour('its second frame is not REGISTER');
      Object.assign(subject.register, control(register));
      subject.control(FRAME.REGISTERED, 0, { accepted: [], refused: [] });
      return subject;
    } catch (error) {
      subject.kill();
      throw error;
    }
  }

  send(frame: Partial<Frame> & { type: number }): void {
    this.sendRaw(encodeFrame({ flags: 0, channel: 0, stream: 0, payload: new Uint8Array(0), ...frame }));
  }

  sendRaw(bytes: Uint8Array): void {
    if (!this.#socket.destroyed && !this.#socket.writableEnded) this.#socket.write(bytes);
  }

  control(type: number, stream: number, value: object): void {
    this.send({ type, stream, payload: encodeControl(value) });
  }

  /** The first frame that is wanted, taken out of what came; others stay. Throws Misbehaviour when none comes. */
  async next(what: string, wanted: (frame: Frame) => boolean, ms = this.#options.answerMs): Promise<Frame> {
    const giveUpAt = performance.now() + ms;
    for (;;) {
      const frame = this.take(wanted);
      if (frame !== undefined) return frame;
      if (this.#broken !== undefined) throw this.#broken;
      if (this.#ended) throw new Misbehaviour(`it closed fd 3 before ${what}`);
      const left = giveUpAt - performance.now();
      if (left <= 0) throw new Misbehaviour(`no ${what} within ${ms} ms`);
      await this.#news(left);
    }
  }

  /** The first frame that is wanted and has come already. */
  take(wanted: (frame: Frame) => boolean): Frame | undefined {
    const at = this.#inbox.findIndex(wanted);
    return at < 0 ? undefined : this.#inbox.splice(at, 1)[0];
  }

  /** Closes our end, as a broker that is gone. */
  hangUp(): void {
    this.#socket.end();
  }

  kill(): void {
    this.#socket.destroy();
    try {
      if (this.#process.pid !== undefined) process.kill(-this.#process.pid, 'SIGKILL');
    } catch {
      // Gone already.
    }
  }

  /** Whether `event` happens in time. */
  async within(event: Promise<void>, ms: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), ms);
    });
    const won = await Promise.race([event.then(() => true), late]);
    clearTimeout(timer);
    return won;
  }

  #read(decoder: FrameDecoder, chunk: Buffer): void {
    this.written.push(chunk);
    try {
      if (this.#broken === undefined) this.#inbox.push(...decoder.push(chunk));
    } catch (error) {
      this.#break(`it sent what is no frame: ${(error as Error).message}`);
    }
    this.#wake();
  }

  #break(message: string): void {
    this.#broken ??= new Misbehaviour(message);
    this.#wake();
  }

  #news(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** JSON of a control frame. Throws Misbehaviour when it is not I-JSON. */
export function control(frame: Frame): JsonObject {
  try {
    return parseControl(frame.payload);
  } catch (error) {
    throw new Misbehaviour(`a control payload that cannot be read: ${(error as Error).message}`);
  }
}
