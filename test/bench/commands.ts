// The two worlds commands are timed in: a session of Turret, and the same machine without it. Both have an agent that
// starts what it is told, so that asking costs both sides the same.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { type FakeAws, startFakeAws } from '../fakes/aws.js';
import { type FakeGithub, startFakeGithub } from '../fakes/github.js';
import { AgentDriver, placeAgent } from '../helpers/agent.js';
import {
  type TestHome,
  type TurretOptions,
  configText,
  credentialVariables,
  makeHome,
  startTurret,
} from '../helpers/turret.js';
import { timed } from './measure.js';

export interface Fakes {
  readonly aws: FakeAws;
  readonly github: FakeGithub;
  /** How the bare programs find them. */
  readonly bareEnvironment: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** What both sides talk to. */
export async function startFakes(): Promise<Fakes> {
  const directory = mkdtempSync(path.join(tmpdir(), 'turret-bench-'));
  const socket = path.join(directory, 'gh.sock');
  // A bare gh speaks plain HTTP to a socket only.
  writeFileSync(path.join(directory, 'config.yml'), `http_unix_socket: ${socket}\nprompt: disabled\n`);
  const aws = await startFakeAws();
  const github = await startFakeGithub({ socket });
  return {
    aws,
    github,
    bareEnvironment: { GH_CONFIG_DIR: directory, AWS_DEFAULT_REGION: 'us-east-1' },
    async close() {
      await aws.close();
      await github.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

export interface CommandWorld {
  /** Milliseconds from asking for it until its output and exit code are there. Rejects when it fails. */
  time(argv: readonly string[]): Promise<number>;
  close(): Promise<void>;
}

function worldOf(driver: AgentDriver, close: () => Promise<void>): CommandWorld {
  return {
    time: (argv) =>
      timed(async () => {
        const { code, stderr } = await driver.run(argv);
        if (code !== 0) throw new Error(`${argv.join(' ')} ended with ${code}: ${stderr.toString()}`);
      }),
    close,
  };
}

export interface GuardedWorld extends CommandWorld {
  readonly home: TestHome;
  /** Of `turret run`. */
  readonly pid: number;
}

/** Everything on: the sandbox of the level that is found, injectors, policy, audit. */
export async function startGuarded(
  endpoints: Parameters<typeof configText>[1],
  fixture = 'everything.yaml',
): Promise<GuardedWorld> {
  return startSession({ home: makeHome(), config: configText(fixture, endpoints) });
}

/** The same with a configuration of one's own. The home goes with it. */
export async function startSession(options: TurretOptions): Promise<GuardedWorld> {
  const { home } = options;
  const child = startTurret(options, placeAgent(home.workspace));
  const driver = new AgentDriver(child, home.workspace);
  const world = worldOf(driver, async () => {
    const closed = new Promise((resolve) => {
      child.once('close', resolve);
    });
    driver.end();
    await closed;
    home.remove();
  });
  return { ...world, home, pid: child.pid ?? 0 };
}

/** The real programs with the real keys. */
export async function startBare(env: Readonly<Record<string, string>>): Promise<CommandWorld> {
  const directory = mkdtempSync(path.join(tmpdir(), 'turret-bench-bare-'));
  const [program = '', ...args] = placeAgent(directory);
  const child = spawn(program, args, {
    cwd: directory,
    env: { HOME: directory, PATH: '/usr/bin:/bin', TERM: 'xterm', ...credentialVariables(), ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const driver = new AgentDriver(child, directory);
  return worldOf(driver, async () => {
    driver.end();
    child.kill();
    rmSync(directory, { recursive: true, force: true });
  });
}
