// The test's end of test/fixtures/agent.mjs: an agent that runs one command after the other and says how each ended.

import type { ChildProcess } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';

export interface CommandOptions {
  /** Relative to the agent's directory. */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** /dev/null when left out. */
  readonly stdin?: string | Uint8Array;
}

export interface CommandOutcome {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

interface Answer {
  id: number;
  code: number | null;
  stdout: string;
  stderr: string;
  failed?: string;
}

/** Puts the agent into the directory and returns what starts it there. */
export function placeAgent(directory: string): string[] {
  const program = path.join(directory, '.agent.mjs');
  copyFileSync(path.resolve('test/fixtures/agent.mjs'), program);
  return [process.execPath, program];
}

/** Speaks to an agent that was started with pipes. Several commands may run at once. */
export class AgentDriver {
  readonly #child: ChildProcess;
  readonly #directory: string;
  readonly #waiting = new Map<
    number,
    { resolve: (answer: Answer) => void; reject: (error: Error) => void }
  >();
  #last = 0;

  constructor(child: ChildProcess, directory: string) {
    const { stdin, stdout } = child;
    if (stdin === null || stdout === null) throw new Error('started without pipes');
    this.#child = child;
    this.#directory = directory;
    createInterface({ input: stdout }).on('line', (line) => this.#answer(JSON.parse(line)));
    stdin.on('error', () => {
      // The agent has ended; every caller is told below.
    });
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.once('close', (code) => {
      for (const { reject } of this.#waiting.values())
        reject(new Error(`the agent ended with ${code}: ${said}`));
      this.#waiting.clear();
    });
  }

  /** Rejects when the program cannot be started or the agent ends first. */
  async run(argv: readonly string[], options: CommandOptions = {}): Promise<CommandOutcome> {
    const { cwd = '.', env = {}, stdin } = options;
    const id = (this.#last += 1);
    const command = {
      id,
      argv,
      cwd: path.join(this.#directory, cwd),
      env,
      stdin: stdin === undefined ? null : Buffer.from(stdin).toString('base64'),
    };
    const { code, stdout, stderr } = await new Promise<Answer>((resolve, reject) => {
      if (this.#child.exitCode !== null) reject(new Error('the agent has ended'));
      this.#waiting.set(id, { resolve, reject });
      this.#child.stdin?.write(`${JSON.stringify(command)}\n`);
    });
    return { code, stdout: Buffer.from(stdout, 'base64'), stderr: Buffer.from(stderr, 'base64') };
  }

  /** Nothing more to do: the agent ends. */
  end(): void {
    this.#child.stdin?.end();
  }

  #answer(answer: Answer): void {
    const caller = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (answer.failed === undefined) caller?.resolve(answer);
    else caller?.reject(new Error(answer.failed));
  }
}
