// One process of a line program. Trusted with its own credential and with nothing else: a line it should not send ends it.

import { randomInt } from 'node:crypto';
import type { Writable } from 'node:stream';
import type { Socket } from 'node:net';
import { TurretError } from '../../src/errors.js';
import { CHANNEL } from '../../src/protocol/codes.js';
import { CANCEL_GRACE_MS, REPEATER_START_MS_MAX } from '../../src/protocol/limits.js';
import type { JsonObject, RegisteredAction } from '../../src/protocol/messages.js';
import { errorFromWire } from '../../src/wire/wire-errors.js';
import { CliProcess } from '../sdk/cli-process.js';
import type { Run, RunResult } from '../sdk/types.js';
import { drained } from './drained.js';
import { type HostConfig, readActions } from './host-config.js';
import type { Wanted } from './host.js';
import { dataMessages, dataOf, encodeMessage, readMessages } from './lines.js';
import { startOf } from './program.js';

const LINES_FD = 3;
const SECRETS_FD = 4;

interface Current {
  stream: number;
  run: Run;
  settle: { resolve(result: RunResult): void; reject(error: unknown): void };
}

export class LineChild {
  /** The actions it serves. Rejects with TurretError repeater_error when it says none in time. */
  readonly registered: Promise<RegisteredAction[]>;
  readonly #child: CliProcess;
  readonly #socket: Socket;
  #resolveRegistered!: (actions: RegisteredAction[]) => void;
  #current: Current | undefined;
  #alive = true;

  constructor(config: HostConfig, { home, secrets }: { home: string; secrets: Record<string, string> }) {
    // stdout is nobody's: the protocol is on fd 3, and stderr goes to the repeater's log, by us, who look it through.
    const { command, directory } = config;
    this.#child = new CliProcess({
      ...startOf({ command, directory, home }),
      stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
    });
    this.#child.process.stderr?.on('data', (said: Buffer) => process.stderr.write(said));
    this.#socket = this.#child.process.stdio[LINES_FD] as Socket;
    const secretsPipe = this.#child.process.stdio[SECRETS_FD] as Writable;
    for (const pipe of [this.#socket, secretsPipe]) pipe.on('error', () => pipe.destroy());
    secretsPipe.end(`${JSON.stringify(secrets)}\n`);
    const said = new Promise<RegisteredAction[]>((resolve) => {
      this.#resolveRegistered = resolve;
    });
    if (config.actions.length > 0) this.#resolveRegistered(config.actions);
    const failed = Promise.all([this.#child.ended, this.#read(config.actions.length > 0)]).then(() => {
      throw new TurretError('repeater_error', 'the program ended without registering an action');
    });
    this.registered = withinTime(Promise.race([said, failed]));
    failed.catch((error: unknown) => this.#lose(error));
    // Whoever stumbles over a message that does not exist yet should do so on the first day.
    this.#send({ t: 'X-GREASE', g: randomInt(2 ** 32) });
  }

  get alive(): boolean {
    return this.#alive;
  }

  kill(): void {
    this.#alive = false;
    this.#child.kill('KILL');
  }

  /** One call; the caller sees to it that there is one at a time. Throws what the program answered, or what it died of. */
  async perform(run: Run, { stream, action, params }: Wanted & { stream: number }): Promise<RunResult> {
    if (run.signal.aborted) throw new TurretError('cancelled', 'the call was cancelled');
    const ended = new Promise<RunResult>((resolve, reject) => {
      this.#current = { stream, run, settle: { resolve, reject } };
    });
    let grace: NodeJS.Timeout | undefined;
    const cancel = (): void => {
      this.#send({ t: 'CANCEL', s: stream });
      grace = setTimeout(() => this.kill(), CANCEL_GRACE_MS / 2);
    };
    run.signal.addEventListener('abort', cancel, { once: true });
    run.onSignal((signal) => this.#send({ t: 'SIGNAL', s: stream, signal }));
    run.onResize((size) => this.#send({ t: 'RESIZE', s: stream, ...size }));
    this.#send({ t: 'CALL', s: stream, call: run.call, action: action.name, params, stdin: run.needs.stdin });
    try {
      if (run.needs.stdin) void this.#feed(stream, run);
      return await ended;
    } finally {
      clearTimeout(grace);
      run.signal.removeEventListener('abort', cancel);
      this.#current = undefined;
    }
  }

  async #feed(stream: number, run: Run): Promise<void> {
    try {
      for await (const chunk of run.stdin) {
        for (const message of dataMessages(stream, CHANNEL.STDIN, chunk as Buffer)) {
          if (this.#current?.stream !== stream) return;
          if (!this.#send(message)) await drained(this.#socket);
        }
      }
      if (this.#current?.stream === stream) this.#send({ t: 'DATA', s: stream, c: CHANNEL.STDIN, fin: true });
    } catch {
      // The caller or the program is gone; whichever it is says so itself.
    }
  }

  #send(message: object): boolean {
    return !this.#socket.destroyed && this.#socket.write(encodeMessage(message));
  }

  async #read(registered: boolean): Promise<void> {
    let known = registered;
    try {
      for await (const message of readMessages(this.#socket)) {
        if (message['t'] === 'REGISTER' && !known) {
          known = true;
          this.#resolveRegistered(readActions(message['actions']));
        } else if (known) {
          await this.#message(message);
        } else {
          throw new TurretError('protocol_error', 'the first line of the program is not REGISTER');
        }
      }
    } finally {
      // Its fd 3 is closed or it said something wrong: either way nobody can talk to it any more.
      this.kill();
    }
  }

  async #message(message: JsonObject): Promise<void> {
    const type = message['t'];
    if (typeof type !== 'string') throw new TurretError('protocol_error', 'a line without t');
    if (type.startsWith('X-')) return;
    if (type !== 'DATA' && type !== 'END')
      throw new TurretError('protocol_error', `unknown message ${JSON.stringify(type)}`);
    const current = this.#current;
    if (current === undefined || message['s'] !== current.stream) {
      throw new TurretError('protocol_error', 'a line for a call that is over or never was');
    }
    if (type === 'DATA') await this.#data(current, message);
    else this.#end(current, message);
  }

  async #data({ run }: Current, message: JsonObject): Promise<void> {
    const channel = message['c'] ?? CHANNEL.STDOUT;
    if (channel !== CHANNEL.STDOUT && channel !== CHANNEL.STDERR)
      throw new TurretError('protocol_error', 'DATA on an unknown channel');
    const to = channel === CHANNEL.STDOUT ? run.stdout : run.stderr;
    if (to.writableEnded) throw new TurretError('protocol_error', 'data after the end of its channel');
    const bytes = dataOf(message);
    // A caller that has gone takes nothing; the program hears of it by CANCEL.
    if (to.destroyed) return;
    if (bytes.length > 0 && !to.write(bytes)) await drained(to);
    if (message['fin'] === true) to.end();
  }

  #end({ settle }: Current, message: JsonObject): void {
    // From here on a second END of this call is a line for a call that is over.
    this.#current = undefined;
    const { ok, exit, error } = message;
    if (ok === true && typeof exit === 'number' && Number.isInteger(exit) && exit >= 0 && exit <= 255)
      return settle.resolve({ exit });
    if (ok === false && error !== null && typeof error === 'object' && !Array.isArray(error))
      return settle.reject(errorFromWire(error));
    settle.reject(new TurretError('repeater_error', 'the program gave no proper end'));
    throw new TurretError('protocol_error', 'END without exit or error');
  }

  #lose(cause: unknown): void {
    this.kill();
    if (cause instanceof TurretError) process.stderr.write(`turret: ${cause.message}\n`);
    const { settle, run } = this.#current ?? {};
    if (run?.signal.aborted === true)
      return settle?.reject(new TurretError('cancelled', 'the call was cancelled'));
    settle?.reject(
      new TurretError('repeater_crashed', 'the program of this repeater ended in the middle of a call', {
        cause,
      }),
    );
  }
}

async function withinTime<T>(registered: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new TurretError('repeater_error', 'the program did not register in time')),
      REPEATER_START_MS_MAX / 2,
    );
  });
  try {
    return await Promise.race([registered, late]);
  } finally {
    clearTimeout(timer);
  }
}
