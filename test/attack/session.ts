// One `turret run` of the user, and in it the agent that attacks.

import { type ChildProcess, spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  closeSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

import { AgentDriver, type CommandOptions, type CommandOutcome } from '../helpers/agent.js';
import { CANARY_KEY, CANARY_TOKEN } from '../helpers/canary.js';
import { type AuditRecord, configText, credentialVariables } from '../helpers/turret.js';
import { AGENT_USER, HOME, USER_ID } from './layout.js';
import { giveTo } from './user-home.js';

const ROOT = path.resolve('.');
/** The bundle of agent.ts. */
const AGENT = path.join(ROOT, 'dist/test/attack-agent.mjs');

export interface SessionOptions {
  /** As `--isolation` has it. */
  readonly isolation: string;
  readonly cli: string;
  readonly endpoints: { readonly aws: string; readonly gh: string };
  /** One of the sessions that run at once. */
  readonly lane: number;
  /** Turret is started by an ordinary user; else by whoever we are. */
  readonly asUser: boolean;
  readonly owner: number | undefined;
  /** Of test/fixtures. */
  readonly policy: string;
}

/** Environment of the user whose machine this is. */
export function userEnvironment(lane: number): Record<string, string> {
  return {
    HOME,
    PATH: '/usr/bin:/bin',
    TERM: 'xterm',
    LANG: 'C.UTF-8',
    XDG_RUNTIME_DIR: `/run/user/${USER_ID}`,
    XDG_STATE_HOME: path.join(HOME, `.state-${lane}`),
    ...credentialVariables(CANARY_KEY, CANARY_TOKEN.token),
  };
}

/** As whom Turret is started. */
export const startOptions = (asUser: boolean): { uid?: number; gid?: number } =>
  asUser ? { uid: USER_ID, gid: USER_ID } : {};

export class GuardedSession {
  readonly workspace: string;
  readonly config: string;
  readonly #state: string;
  readonly #child: ChildProcess;
  readonly #driver: AgentDriver;
  readonly #before: ReadonlySet<string>;
  readonly #closed: Promise<unknown>;
  #audit: string | undefined;
  #read = 0;
  said = '';

  constructor(options: SessionOptions) {
    const { lane, endpoints, cli, isolation, asUser, owner, policy } = options;
    this.workspace = path.join(HOME, `project-${lane}`);
    this.config = path.join(HOME, `.config/turret/turret-${lane}.yaml`);
    this.#state = path.join(HOME, `.state-${lane}/turret/sessions`);
    mkdirSync(this.workspace, { recursive: true });
    mkdirSync(path.dirname(this.config), { recursive: true });
    const text = `${configText(`${policy}.yaml`, { ...endpoints, cli })}agent_user: ${AGENT_USER}\n`;
    if (!existsSync(this.config) || readFileSync(this.config, 'utf8') !== text)
      writeFileSync(this.config, text, { mode: 0o600 });
    const program = path.join(this.workspace, '.agent.mjs');
    rmSync(program, { force: true });
    copyFileSync(AGENT, program);
    if (owner !== undefined) giveTo(owner, this.workspace);
    if (asUser) giveTo(USER_ID, path.dirname(this.config));
    this.#before = new Set(this.#sessions());
    const words = [
      'run',
      '--quiet',
      '--config',
      this.config,
      '--isolation',
      isolation,
      '--',
      process.execPath,
      program,
    ];
    this.#child = spawn(process.execPath, [path.join(ROOT, 'bin/turret.js'), ...words], {
      cwd: this.workspace,
      env: userEnvironment(lane),
      stdio: ['pipe', 'pipe', 'pipe'],
      ...startOptions(asUser),
    });
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.said += chunk.toString()));
    this.#driver = new AgentDriver(this.#child, this.workspace);
    this.#closed = new Promise((resolve) => {
      this.#child.once('close', resolve);
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  run(argv: readonly string[], options?: CommandOptions): Promise<CommandOutcome> {
    return this.#driver.run(argv, options);
  }

  #sessions(): string[] {
    return existsSync(this.#state) ? readdirSync(this.#state) : [];
  }

  /** Where this session's log is. */
  auditFile(): string {
    if (this.#audit === undefined) {
      const [name] = this.#sessions().filter((session) => !this.#before.has(session));
      if (name === undefined) throw new Error(`no session was started: ${this.said}`);
      this.#audit = path.join(this.#state, name, 'audit.jsonl');
    }
    return this.#audit;
  }

  /** Whole lines that came to the log since this was called last. */
  newAuditText(): string {
    const file = openSync(this.auditFile(), 'r');
    try {
      const chunks: Buffer[] = [];
      for (let at = this.#read; ;) {
        const chunk = Buffer.alloc(1 << 16);
        const got = readSync(file, chunk, 0, chunk.length, at);
        if (got === 0) break;
        chunks.push(chunk.subarray(0, got));
        at += got;
      }
      const text = Buffer.concat(chunks).toString('utf8');
      const whole = text.slice(0, text.lastIndexOf('\n') + 1);
      this.#read += Buffer.byteLength(whole);
      return whole;
    } finally {
      closeSync(file);
    }
  }

  /** Ends the agent and with it the session; kills it when it does not. */
  async close(): Promise<'ended' | 'killed'> {
    this.#driver.end();
    const late = new Promise<'killed'>((resolve) => {
      setTimeout(() => resolve('killed'), 10_000).unref();
    });
    const how = await Promise.race([this.#closed.then(() => 'ended' as const), late]);
    if (how === 'killed') this.#child.kill('SIGKILL');
    return how;
  }
}

export function parseRecords(text: string): AuditRecord[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): AuditRecord => JSON.parse(line));
}
