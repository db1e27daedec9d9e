// A repeater process for tests, started and driven as the broker would.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Conversation, type Planned } from '../../repeaters/sdk/conformance/conversation.js';
import { type Program, launchOf } from '../../repeaters/sdk/conformance/launch.js';
import { Subject } from '../../repeaters/sdk/conformance/subject.js';
import { CHANNEL } from '../../src/protocol/codes.js';
import type { JsonObject } from '../../src/protocol/messages.js';

const DIST = fileURLToPath(new URL('../../dist/repeaters', import.meta.url));
/** Main files of the build: tests run what is installed. */
export const BUILT = { host: resolve(DIST, 'host/main.js'), declared: resolve(DIST, 'declared/main.js') };

export interface Outcome {
  end: JsonObject;
  /** Name of the error in END. */
  error: unknown;
  stdout: string;
  stderr: string;
}

export class RepeaterBench {
  readonly subject: Subject;
  /** HOME of its programs. */
  readonly home: string;
  #stream = 0;

  private constructor(subject: Subject, home: string) {
    this.subject = subject;
    this.home = home;
  }

  static async start(program: Program, env: Record<string, string> = {}): Promise<RepeaterBench> {
    const home = mkdtempSync(join(tmpdir(), 'turret-home-'));
    const { config, ...launch } = launchOf(program, BUILT);
    const secrets = {
      name: 'ops',
      kind: 'ops',
      config,
      env,
      directory: home,
      agent_writes: [],
      siblings: {},
    };
    return new RepeaterBench(await Subject.start({ ...launch, secrets, answerMs: 10_000 }), home);
  }

  open(action: string, params: Planned['params'] = {}, stdin?: string): Conversation {
    this.#stream += 2;
    const conversation = new Conversation(this.subject, this.#stream);
    conversation.call('ops', { action, params, stdin: stdin !== undefined });
    if (stdin !== undefined) conversation.data(CHANNEL.STDIN, Buffer.from(stdin), true);
    return conversation;
  }

  async call(action: string, params: Planned['params'] = {}, stdin?: string): Promise<Outcome> {
    return outcomeOf(this.open(action, params, stdin));
  }

  async stop(): Promise<void> {
    this.subject.kill();
    await this.subject.exited;
    rmSync(this.home, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

export async function outcomeOf(conversation: Conversation): Promise<Outcome> {
  const end = await conversation.untilEnd();
  return {
    end,
    error: (end['error'] as JsonObject | undefined)?.['name'],
    stdout: conversation.bytes(CHANNEL.STDOUT).toString('utf8'),
    stderr: conversation.bytes(CHANNEL.STDERR).toString('utf8'),
  };
}
