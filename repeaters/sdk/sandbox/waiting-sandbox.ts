// One sandbox that was made before its call: inside, await-call.c waits to be told what to run, once. It is the sandbox
// that the call would get anyway, by the same words; only what is run in it is said later.
//
// Who is attacking: nobody yet. It has no secret and has read nothing of an agent's. It may have been killed, stopped or
// outlived by then; until it says that it has all of the request, nothing of the call has run.

import type { Socket } from 'node:net';
import { TurretError } from '../../../src/errors.js';
import { CLI_REQUEST_BYTES_MAX, CLI_STANDBY_MS_MAX } from '../../../src/protocol/limits.js';
import { type CliOptions, CliProcess } from '../cli-process.js';
import type { RunningProgram } from '../running-program.js';
import type { Confinement } from './confinement.js';
import { identityOf } from './identity.js';

/** Descriptors inside, as await-call.c knows them. */
const [REQUEST, SELF] = [3, 4];

export type WaitingRequest = Pick<CliOptions, 'path' | 'argv' | 'cwd' | 'env'>;

export class WaitingSandbox {
  readonly #cli: CliProcess;
  readonly #request: Socket;
  /** What is mounted, as it was before that. */
  readonly #shown: ReadonlyMap<string, string | undefined>;

  /**
   * @param program descriptor of await-call
   * @throws TurretError `repeater_error` when nothing can be started
   */
  private constructor(confinement: Confinement, program: number) {
    const { shown = [] } = confinement.sandboxed ?? {};
    this.#shown = new Map(shown.map((path) => [path, identityOf(path)]));
    this.#cli = new CliProcess({
      ...{ path: `/proc/self/fd/${SELF}`, argv: [], cwd: '/', env: {}, confinement },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', program],
    });
    this.#request = this.#cli.process.stdio[REQUEST] as Socket;
    this.#request.on('error', () => this.#request.destroy());
    this.#hold('unref');
  }

  /** When it waits. Rejects with TurretError `repeater_error` when it does not come to that. */
  static async made(confinement: Confinement, program: number): Promise<WaitingSandbox> {
    const sandbox = new WaitingSandbox(confinement, program);
    if (await sandbox.#answer()) return sandbox;
    await sandbox.discard();
    throw new TurretError('repeater_error', 'its process has ended');
  }

  /** Whether it waits, and shows what one that is made now would show. */
  get isCurrent(): boolean {
    return !this.#request.closed && [...this.#shown].every(([path, known]) => identityOf(path) === known);
  }

  /** Once. @returns undefined when this was not possible, and nothing of it has run */
  async start(request: WaitingRequest): Promise<RunningProgram | undefined> {
    const bytes = encode(request);
    if (bytes === undefined) return undefined;
    this.#hold('ref');
    this.#request.write(bytes);
    return (await this.#answer()) ? this.#cli : undefined;
  }

  /** Resolves when nothing of it is left. */
  async discard(): Promise<void> {
    this.#cli.kill('KILL');
    // When it could not be started nothing is left either.
    await this.#cli.ended.catch(() => {});
  }

  /** Its next byte. @returns false when it has ended instead, which it does in time */
  #answer(): Promise<boolean> {
    const timer = setTimeout(() => this.#cli.kill('KILL'), CLI_STANDBY_MS_MAX);
    return new Promise<boolean>((resolve) => {
      if (this.#request.closed) resolve(false);
      this.#request.once('data', () => resolve(true));
      this.#request.once('close', () => resolve(false));
      this.#request.resume();
    }).finally(() => clearTimeout(timer));
  }

  /** While it waits nothing of it keeps this process from ending. */
  #hold(how: 'ref' | 'unref'): void {
    this.#cli.process[how]();
    for (const stream of this.#cli.process.stdio) (stream as Socket | null)?.[how]();
  }
}

/** As await-call.c reads it; undefined for what it would not. */
function encode({ path, argv, cwd, env }: WaitingRequest): Buffer | undefined {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const words = [cwd, path, ...argv, ...variables];
  const body = Buffer.from(words.map((word) => `${word}\0`).join(''));
  if (body.length > CLI_REQUEST_BYTES_MAX || words.some((word) => word.includes('\0'))) return undefined;
  const head = Buffer.alloc(8);
  head.writeUInt32BE(body.length);
  head.writeUInt32BE(1 + argv.length, 4);
  return Buffer.concat([head, body]);
}
