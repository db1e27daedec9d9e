// One zygote: a process in which the real CLI has been imported, and which forks for each call (zygote.py).

import { type ChildProcess, spawn } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { TurretError } from '../../../src/errors.js';
import { explain } from '../../../src/isolation/probe.js';
import { CLI_ZYGOTE_MS_MAX, CLI_ZYGOTE_SAID_BYTES_MAX } from '../../../src/protocol/limits.js';
import { removeTreeSoon as remove } from '../../../src/platform/remove-tree.js';
import type { ForkConfinement } from '../sandbox/cli-sandbox.js';
import { identityOf } from '../sandbox/identity.js';
import { RESOURCE_LIMITS } from '../sandbox/resources.js';
import { ForkDoor } from './door.js';
import { Fork } from './fork.js';

export interface ZygoteOptions {
  confinement: ForkConfinement;
  /** zygote.py. */
  script: string;
  /** Words that start Python. */
  python: readonly string[];
  /** The script that is run for each call; absolute, without links. */
  entry: string;
  /** A Python file with `installation()`, paths that tell whether it is still the same, and `warm()`, which imports the program and returns its version and an iterator of what can wait. */
  warm: string | undefined;
  /** All of its environment; the same for every call. */
  env: Readonly<Record<string, string>>;
  /** Private directory of all calls' places, without links in its path. */
  calls: string;
  /** Makes the place of a call, which is to be called `call-NAME` there. */
  makePlace: (path: string) => Promise<void>;
}

interface Ready {
  version: string | null;
  /** Inode, time and size of what was imported, by path. */
  identity: Record<string, string>;
}

export class Zygote {
  /** Rejects with TurretError `isolation_unavailable` when it cannot be had on this machine. */
  readonly ready: Promise<Ready>;
  /** It has ended, or never ran. */
  readonly over: Promise<void>;
  readonly #options: ZygoteOptions;
  readonly #process: ChildProcess;
  readonly #door: ForkDoor;
  #spare: Promise<Fork> | undefined;
  #said = '';

  private constructor(options: ZygoteOptions, door: ForkDoor) {
    this.#options = options;
    this.#door = door;
    const [file, ...words] = options.confinement.words;
    this.#process = spawn(file ?? '', [...words, ...options.python, options.script], {
      cwd: '/',
      env: options.env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    });
    const { stdout, stderr } = this.#process;
    stdout?.resume();
    stderr?.on('data', (bytes: Buffer) => {
      this.#said = (this.#said + bytes.toString('latin1')).slice(-CLI_ZYGOTE_SAID_BYTES_MAX);
    });
    this.over = new Promise((resolve) => {
      this.#process.once('error', () => resolve());
      this.#process.once('close', () => resolve());
    });
    this.#control.on('error', () => {});
    this.ready = this.#greet();
    this.ready.catch(() => {}); // Whoever needs it waits for it later.
    void this.over.then(() => door.close());
    this.#unref();
  }

  static async start(options: ZygoteOptions): Promise<Zygote> {
    return new Zygote(options, await ForkDoor.open(options.calls));
  }

  /** Whether what it has imported is what would be imported now. */
  isOf({ identity }: Ready): boolean {
    return Object.entries(identity).every(([path, known]) => identityOf(path) === known);
  }

  /** A fork that waits. One is always kept ready, for the next. Rejects with TurretError `repeater_error`. */
  async take(): Promise<Fork> {
    const kept = this.#spare;
    const mine = kept ?? this.#fork();
    this.#spare = this.#fork();
    this.#spare.catch(() => {}); // Whoever takes it hears of it.
    const fork = await mine;
    return kept === undefined || fork.waits ? fork : this.#fork();
  }

  /** It forks no more, and ends when its calls have. */
  retire(): void {
    this.#control.end();
    this.#dropSpare();
  }

  /** With all that it forked. */
  close(): void {
    this.#process.kill('SIGKILL');
    this.#dropSpare();
  }

  #dropSpare(): void {
    this.#spare?.then(
      (fork) => {
        fork.discard();
        return remove(fork.place);
      },
      () => {}, // It has been removed.
    );
    this.#spare = undefined;
  }

  async #fork(): Promise<Fork> {
    const { name, streams } = this.#door.expect();
    streams.catch(() => {}); // There may be no place for it.
    const place = `${this.#options.calls}/call-${name}`;
    try {
      await this.#options.makePlace(place);
      this.#control.write(name);
      return await Fork.contained(await streams, { place, inside: `${this.#options.calls}/call` });
    } catch (error) {
      await remove(place);
      throw error;
    }
  }

  get #control(): Duplex {
    return this.#process.stdio[3] as Duplex;
  }

  #greet(): Promise<Ready> {
    const { entry, warm, calls, confinement } = this.#options;
    const hello = {
      entry,
      warm: warm ?? null,
      calls,
      door: this.#door.path,
      limits: RESOURCE_LIMITS,
      filter: confinement.filter.toString('hex'),
    };
    this.#control.write(`${JSON.stringify(hello)}\n`);
    return new Promise((resolve, reject) => {
      const fail = (why: string): void => {
        clearTimeout(timer);
        this.close();
        reject(new TurretError('isolation_unavailable', why));
      };
      const timer = setTimeout(() => fail('its import takes too long'), CLI_ZYGOTE_MS_MAX);
      let said = '';
      this.#control.on('data', (bytes: Buffer) => {
        said += bytes.toString('utf8');
        if (said.length > CLI_ZYGOTE_SAID_BYTES_MAX) return fail('it says too much');
        if (!said.endsWith('\n')) return;
        clearTimeout(timer);
        resolve(JSON.parse(said) as Ready);
      });
      void this.over.then(() => fail(this.complaint));
    });
  }

  /** Why it has ended, as far as it said so. */
  get complaint(): string {
    if (/^bwrap|^nsenter/m.test(this.#said)) return explain(this.#said).message;
    const last = this.#said.trim().split('\n').at(-1) ?? '';
    return last === '' ? 'its process has ended' : last.slice(0, 200);
  }

  /** Nothing of it keeps this process from ending. */
  #unref(): void {
    this.#process.unref();
    for (const stream of this.#process.stdio) (stream as { unref?: () => void } | null)?.unref?.();
  }
}
