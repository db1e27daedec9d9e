// The built `turret run` as a user starts it: an environment from nothing, a home of its own outside /tmp, a workspace
// below it. Either one command from start to end, or an agent that a test gives one command after the other.

import { type ChildProcess, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';

import { FAKE_AWS_KEY, type AwsKey } from '../fakes/aws.js';
import { FAKE_GITHUB_TOKEN } from '../fakes/github.js';
import { AgentDriver, type CommandOptions, type CommandOutcome, placeAgent } from './agent.js';

const ROOT = path.resolve('.');
/** Not /tmp, which is empty inside the sandbox and hides mistakes about HOME. */
const HOMES = '/var/tmp/turret-test-';

/** A user's home with a project in it. */
export interface TestHome {
  readonly directory: string;
  readonly workspace: string;
  /** Where sessions and their logs are. */
  readonly state: string;
  remove(): void;
}

export function makeHome(): TestHome {
  const directory = mkdtempSync(HOMES);
  const workspace = path.join(directory, 'project');
  mkdirSync(workspace);
  return {
    directory,
    workspace,
    state: path.join(directory, '.local/state/turret'),
    remove: () => rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }),
  };
}

/** What a policy of the tests is filled in with. */
interface ConfigValues {
  aws: string;
  gh: string;
  cli?: string;
  /** Of the aws repeater; `auto` when left out. */
  zygote?: 'auto' | 'off';
}

/** The text of a fixture's configuration with the addresses of the fakes in it. */
export function configText(fixture: string, endpoints: ConfigValues): string {
  return readFileSync(path.join(ROOT, 'test/fixtures', fixture), 'utf8')
    .replaceAll('{{AWS_ENDPOINT}}', endpoints.aws)
    .replaceAll('{{GH_ENDPOINT}}', endpoints.gh)
    .replaceAll('{{AWS_CLI}}', endpoints.cli ?? '/usr/bin/aws')
    .replaceAll('{{AWS_ZYGOTE}}', endpoints.zygote ?? 'auto');
}

/** Variables that give a process the credentials. */
export function credentialVariables(
  key: AwsKey = FAKE_AWS_KEY,
  token = FAKE_GITHUB_TOKEN.token,
): Record<string, string> {
  return {
    AWS_ACCESS_KEY_ID: key.accessKeyId,
    AWS_SECRET_ACCESS_KEY: key.secretAccessKey,
    ...(key.sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: key.sessionToken }),
    GH_TOKEN: token,
  };
}

export interface TurretOptions {
  readonly home: TestHome;
  /** Text of turret.yaml; without it there is no `--config`. */
  readonly config?: string;
  /** The user's environment beside HOME, PATH and TERM; the fakes' credentials when left out. */
  readonly env?: Record<string, string>;
  readonly isolation?: 'auto' | 'strict' | 'none';
  /** More options of `turret run`. */
  readonly options?: readonly string[];
  /** The workspace when left out. */
  readonly cwd?: string;
}

export interface AuditRecord {
  readonly type: string;
  readonly [field: string]: unknown;
}

export interface SessionOutcome {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
  /** Of the log of this home's last session; empty when none was started. */
  readonly records: readonly AuditRecord[];
}

/** `turret run -- command`, to its end. */
export async function runTurret(
  options: TurretOptions & { command: readonly string[]; stdin?: string | Uint8Array },
): Promise<SessionOutcome> {
  const child = startTurret(options, options.command);
  child.stdin?.on('error', () => {
    // The command may end without reading its input.
  });
  child.stdin?.end(options.stdin ?? '');
  return outcomeOf(child, options.home);
}

/** Starts `turret run -- command` with pipes; the caller waits for it and ends it. */
export function startTurret(options: TurretOptions, command: readonly string[]): ChildProcess {
  const { home, config, isolation } = options;
  const flags: string[] = [...(options.options ?? [])];
  if (config !== undefined) {
    const file = path.join(home.directory, 'turret.yaml');
    writeFileSync(file, config);
    flags.push('--config', file);
  }
  if (isolation !== undefined) flags.push('--isolation', isolation);
  return spawn(process.execPath, [path.join(ROOT, 'bin/turret.js'), 'run', ...flags, '--', ...command], {
    cwd: options.cwd ?? home.workspace,
    env: {
      HOME: home.directory,
      PATH: '/usr/bin:/bin',
      TERM: 'xterm',
      ...(options.env ?? credentialVariables()),
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

async function outcomeOf(child: ChildProcess, home: TestHome): Promise<SessionOutcome> {
  if (child.stdout === null || child.stderr === null) throw new Error('started without pipes');
  const closed = new Promise<number | null>((resolve) => {
    child.once('close', resolve);
  });
  const [stdout, stderr, code] = await Promise.all([buffer(child.stdout), buffer(child.stderr), closed]);
  return { code, stdout, stderr: stderr.toString(), records: lastRecords(home) };
}

/** The directory of the home's last session, when there was one. */
export function lastSession(home: TestHome): string | undefined {
  const sessions = path.join(home.state, 'sessions');
  if (!existsSync(sessions)) return undefined;
  const last = readdirSync(sessions).sort().at(-1);
  return last === undefined ? undefined : path.join(sessions, last);
}

/** What is in the log of the home's last session so far. */
export function lastRecords(home: TestHome): AuditRecord[] {
  const session = lastSession(home);
  if (session === undefined) return [];
  return readFileSync(path.join(session, 'audit.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** An agent under `turret run` that does what it is told. */
export interface TestAgent {
  /** The process of `turret run`. */
  readonly pid: number;
  run(argv: readonly string[], options?: CommandOptions): Promise<CommandOutcome>;
  /** Ends the agent and with it the session. */
  close(): Promise<SessionOutcome>;
}

/** Commands of the agent run in the workspace. */
export function startAgent(options: TurretOptions): TestAgent {
  const { workspace } = options.home;
  const child = startTurret(options, placeAgent(workspace));
  const driver = new AgentDriver(child, workspace);
  const ended = outcomeOf(child, options.home);
  return {
    pid: child.pid ?? 0,
    run: (argv, command) => driver.run(argv, command),
    close: () => {
      driver.end();
      return ended;
    },
  };
}
