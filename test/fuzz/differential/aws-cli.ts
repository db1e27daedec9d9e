// The real aws CLI as a function: words in, what it would send out (aws_cli.py). No network, no credentials.

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

import { childEnvironment, makePlace } from '../../../repeaters/aws/child-environment.js';

export interface Asked {
  service: string;
  operation: string;
  params: Record<string, unknown>;
  /** The same by the names of options. */
  options: Record<string, unknown>;
}
export interface Sent {
  service: string;
  operation: string;
  region: string | null;
  method: string;
  url: string;
  body: unknown;
  headers: Record<string, string>;
}
export interface Outcome {
  code: number | string | null;
  asked: Asked[];
  sent: Sent[];
  /** Files written, changed (their bytes) or removed (null), by path. */
  files: Record<string, string | null>;
  /** Hex. */
  stdout: string;
  stderr: string;
}

/** Where aws_cli.py is: beside this source, also when this code is bundled into dist/test/fuzz. */
function program(): string {
  const here = fileURLToPath(import.meta.url);
  const root = here.slice(0, here.lastIndexOf(here.includes('/dist/') ? '/dist/' : '/test/'));
  return join(root, 'test/fuzz/differential/aws_cli.py');
}

/** The Python that an installed `aws` names in its first line. */
function interpreterOf(aws: string): string {
  const [, path] = /^#!(\S+)/.exec(readFileSync(aws, 'utf8')) ?? [];
  if (path === undefined) throw new Error(`${aws} does not say what runs it`);
  return path;
}

export class AwsCli {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: Interface;
  readonly #answers: AsyncIterator<string>;
  readonly #directory: string;
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(child: ChildProcessByStdio<Writable, Readable, null>, directory: string) {
    this.#child = child;
    this.#directory = directory;
    this.#lines = createInterface({ input: child.stdout });
    this.#answers = this.#lines[Symbol.asyncIterator]();
  }

  /** @param aws path of an installed CLI */
  static async start(aws: string): Promise<AwsCli> {
    const directory = mkdtempSync(join(tmpdir(), 'turret-fuzz-'));
    const place = join(directory, 'place');
    await makePlace(place);
    const env = {
      ...childEnvironment(place),
      AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'dummy',
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_REGION: 'us-east-1',
    };
    // A network namespace with nothing in it, not even loopback.
    const child = spawn('/usr/bin/unshare', ['-rn', interpreterOf(aws), program()], {
      env,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const cli = new AwsCli(child, directory);
    await cli.#answers.next();
    return cli;
  }

  /** What the CLI does with these words. `model` is the service whose model it will read. */
  run(argv: readonly string[], model: string): Promise<Outcome> {
    const mine = this.#turn.then(async () => {
      this.#child.stdin.write(`${JSON.stringify({ argv, warm: model })}\n`);
      const answer = await this.#answers.next();
      if (answer.done === true) throw new Error('the aws CLI has gone');
      return JSON.parse(answer.value) as Outcome;
    });
    this.#turn = mine.catch(() => {});
    return mine;
  }

  async close(): Promise<void> {
    this.#lines.close();
    const ended = once(this.#child, 'close');
    this.#child.stdin.end();
    await ended;
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
