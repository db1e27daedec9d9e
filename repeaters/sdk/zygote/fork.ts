// One fork of a zygote: shut in, it waits to be told what to run, and then it is a program like any other.

import { constants } from 'node:os';
import type { Socket } from 'node:net';
import { TurretError } from '../../../src/errors.js';
import type { SignalName } from '../../../src/protocol/codes.js';
import { CLI_FORK_MS_MAX } from '../../../src/protocol/limits.js';
import { type RunningProgram, resultOf } from '../running-program.js';
import type { RunResult } from '../types.js';
import type { ForkStreams } from './door.js';

/** What execve would be given. */
export interface ForkRequest {
  argv: readonly string[];
  /** Absolute, as the fork sees it. */
  cwd: string;
  /** All of it, but for what the import of the program sets. */
  env: Readonly<Record<string, string>>;
  /** Without, it reads /dev/null. */
  stdin: boolean;
}

export class Fork {
  /** The private directory of its call: its path here, and where the fork sees it. */
  readonly place: string;
  readonly inside: string;
  readonly #streams: ForkStreams;
  readonly #ended: Promise<RunResult>;
  #waits = true;

  private constructor(streams: ForkStreams, { place, inside }: { place: string; inside: string }) {
    this.#streams = streams;
    this.place = place;
    this.inside = inside;
    this.#ended = endOf(streams.control);
    this.#ended.catch(() => {}); // Whoever waits for it may do so later.
    streams.control.once('close', () => {
      this.#waits = false;
    });
  }

  /** When it says that it has given up every right. Rejects with TurretError `repeater_error` when it does not come to that. */
  static async contained(streams: ForkStreams, places: { place: string; inside: string }): Promise<Fork> {
    const fork = new Fork(streams, places);
    try {
      await firstByte(streams.request);
      return fork;
    } catch (error) {
      fork.discard();
      throw error;
    }
  }

  /** Whether it still waits. */
  get waits(): boolean {
    return this.#waits;
  }

  /** Once. @throws TurretError `repeater_error` for words that no program can be given */
  start(request: ForkRequest): RunningProgram {
    const { request: channel, control, ...streams } = this.#streams;
    const bytes = encode(request);
    channel.end(bytes);
    channel.resume();
    if (!request.stdin) streams.stdin.destroy();
    const stdin = request.stdin ? streams.stdin : null;
    return new ForkedProgram(this.#ended, control, { ...streams, stdin });
  }

  /** It ends without having run anything. */
  discard(): void {
    for (const socket of Object.values(this.#streams)) socket.destroy();
  }
}

class ForkedProgram implements RunningProgram {
  readonly stdin: Socket | null;
  readonly stdout: Socket;
  readonly stderr: Socket;
  readonly ended: Promise<RunResult>;
  readonly #control: Socket;

  constructor(
    ended: Promise<RunResult>,
    control: Socket,
    streams: Pick<ForkedProgram, 'stdin' | 'stdout' | 'stderr'>,
  ) {
    this.#control = control;
    ({ stdin: this.stdin, stdout: this.stdout, stderr: this.stderr } = streams);
    this.ended = ended.finally(() => {
      control.destroy();
      this.stdin?.destroy();
    });
    this.ended.catch(() => {});
  }

  kill(signal: SignalName | 'KILL'): void {
    if (!this.#control.writable) return;
    // Its first process passes signals on; when it hears no more from us it ends everything, and says when that is done.
    if (signal === 'KILL') this.#control.end();
    else this.#control.write(Buffer.of(constants.signals[`SIG${signal}`]));
  }
}

/** The first process of the fork says it when nothing else of the call is left: 0 and an exit code, or 1 and a signal. */
function endOf(control: Socket): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const said: number[] = [];
    control.on('data', (bytes: Buffer) => said.push(...bytes.subarray(0, 2)));
    control.once('close', () => {
      const [kind, number] = said;
      if (number === undefined)
        reject(new TurretError('repeater_error', 'the program was lost together with what keeps it shut in'));
      else resolve(kind === 0 ? resultOf(number, null) : resultOf(null, signalOf(number)));
    });
  });
}

function signalOf(number: number): NodeJS.Signals {
  const [name = 'SIGKILL'] = Object.entries(constants.signals).find(([, value]) => value === number) ?? [];
  return name as NodeJS.Signals;
}

function firstByte(request: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (): void => {
      clearTimeout(timer);
      reject(new TurretError('repeater_error', 'a fork of the zygote could not be shut in'));
    };
    const timer = setTimeout(fail, CLI_FORK_MS_MAX);
    request.once('close', fail);
    request.once('data', () => {
      clearTimeout(timer);
      request.off('close', fail);
      resolve();
    });
  });
}

/** Length and then words with a NUL between them, as zygote.py reads it. */
function encode({ cwd, stdin, argv, env }: ForkRequest): Buffer {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const words = [cwd, stdin ? '1' : '0', String(argv.length), ...argv, ...variables];
  if (words.some((word) => word.includes('\0')))
    throw new TurretError('repeater_error', 'a program cannot be given words with a NUL in them');
  const body = Buffer.from(words.join('\0'));
  const head = Buffer.alloc(4);
  head.writeUInt32BE(body.length);
  return Buffer.concat([head, body]);
}
