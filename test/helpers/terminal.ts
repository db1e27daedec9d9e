// A command on a terminal of its own, and what a person at that terminal can do: type, resize, hang up, wait for text.

import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Writable } from 'node:stream';

const DRIVER = path.resolve('test/fixtures/terminal.py');
const EXPECT_MS_MAX = 40_000;

export interface TerminalOptions {
  command: string[];
  cwd: string;
  env: Record<string, string>;
  rows?: number;
  cols?: number;
}

export class Terminal {
  readonly #driver: ChildProcess;
  readonly #pid: Promise<number>;
  readonly #ended: Promise<number>;
  #shown = '';
  #seen = 0;
  #wake: () => void = () => {};
  #over = false;

  constructor({ command, cwd, env, rows = 24, cols = 80 }: TerminalOptions) {
    this.#driver = spawn('/usr/bin/python3', [DRIVER, String(rows), String(cols), '--', ...command], {
      cwd,
      env,
      stdio: 'pipe',
    });
    this.#driver.stdout?.on('data', (chunk: Buffer) => {
      this.#shown += chunk.toString('utf8');
      this.#wake();
    });
    const { stderr } = this.#driver;
    if (stderr === null) throw new TypeError('the driver was started without pipes');
    let pid: (pid: number) => void;
    this.#pid = new Promise((resolve) => (pid = resolve));
    this.#ended = new Promise((resolve) => {
      createInterface({ input: stderr }).on('line', (line) => {
        const said = JSON.parse(line) as { pid?: number; exit?: number; signal?: number };
        if (said.pid !== undefined) pid(said.pid);
        else resolve(said.exit ?? 128 + (said.signal ?? 0));
      });
    });
    this.#driver.stdout?.on('end', () => {
      this.#over = true;
      this.#wake();
    });
  }

  /** Process id of the command. */
  get pid(): Promise<number> {
    return this.#pid;
  }

  /** Everything shown so far. */
  get shown(): string {
    return this.#shown;
  }

  /** Waits for text after what was expected last. Rejects with what was shown instead. */
  async expect(pattern: RegExp): Promise<RegExpExecArray> {
    const deadline = Date.now() + EXPECT_MS_MAX;
    for (;;) {
      const match = pattern.exec(this.#shown.slice(this.#seen));
      if (match !== null) {
        this.#seen += match.index + match[0].length;
        return match;
      }
      if (this.#over || Date.now() > deadline) {
        throw new Error(
          `the terminal never showed ${String(pattern)}, but: ${JSON.stringify(this.#shown.slice(this.#seen))}`,
        );
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 250);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  type(keys: string): void {
    this.#order({ send: Buffer.from(keys).toString('hex') });
  }

  resize(rows: number, cols: number): void {
    this.#order({ size: [rows, cols] });
  }

  /** Sends a signal to the command itself, not to its group. */
  signal(signal: NodeJS.Signals): void {
    this.#order({ signal: constants.signals[signal] });
  }

  hangUp(): void {
    this.#order({ hangup: true });
  }

  /** How the command ended, 128 + N for a signal. */
  ended(): Promise<number> {
    return this.#ended;
  }

  close(): void {
    this.#driver.kill('SIGKILL');
  }

  #order(order: object): void {
    (this.#driver.stdin as Writable).write(`${JSON.stringify(order)}\n`);
  }
}
