// One of the two worlds that are compared: fakes of its own, a directory of its own, and an agent in it that has either
// the real tools and the real credentials, or Turret around it.

import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import {
  type AwsKey,
  FAKE_AWS_KEY,
  FAKE_AWS_READ_ONLY_KEY,
  type FakeAws,
  startFakeAws,
} from '../fakes/aws.js';
import {
  FAKE_GITHUB_READ_ONLY_TOKEN,
  FAKE_GITHUB_TOKEN,
  type FakeGithub,
  startFakeGithub,
} from '../fakes/github.js';
import { AgentDriver, type CommandOptions, type CommandOutcome, placeAgent } from '../helpers/agent.js';
import { credentialVariables, makeHome, startAgent, type TestHome } from '../helpers/turret.js';
import type { Credentials, FidelityCase } from './case.js';
import { describeFiles, describeUpstream, type Effect } from './effect.js';

const UNKNOWN_KEY: AwsKey = {
  accessKeyId: 'AKIAFAKENONE00000001',
  secretAccessKey: 'nobodyNOBODYnobodyNOBODYnobodyNOBODY0001',
};
const VARIABLES: Readonly<Record<Credentials, Record<string, string>>> = {
  full: credentialVariables(FAKE_AWS_KEY, FAKE_GITHUB_TOKEN.token),
  'read-only': credentialVariables(FAKE_AWS_READ_ONLY_KEY, FAKE_GITHUB_READ_ONLY_TOKEN.token),
  unknown: credentialVariables(UNKNOWN_KEY, 'ghp_fakenone00000000000000000000000000001'),
};
/** Of everything a case finds in its directory: older than what the fakes hold, or a sync would send it again. */
const PLACED = new Date('2025-12-01T04:05:06Z');

interface Agent {
  run(argv: readonly string[], options: CommandOptions): Promise<CommandOutcome>;
  close(): Promise<unknown>;
}

type StartAgent = (credentials: Record<string, string>) => Agent;

export interface Side {
  run(one: FidelityCase): Promise<Effect>;
  close(): Promise<void>;
}

/** Turret around the agent. @param config the text of turret.yaml, once the addresses of the fakes are known */
export async function guardedSide(config: (endpoints: { aws: string; gh: string }) => string): Promise<Side> {
  const world = await startWorld();
  const { aws, github, home } = world;
  const text = config({ aws: aws.url, gh: github.url });
  return sideOf(world, (env) => startAgent({ home, config: text, env }));
}

/** The real tools with the real credentials. @param cli the aws that is called `aws` */
export async function bareSide(cli: string): Promise<Side> {
  const world = await startWorld();
  const { aws, home, socket } = world;
  const bin = path.join(home.directory, 'bin');
  const config = path.join(home.directory, 'gh-config');
  mkdirSync(bin);
  mkdirSync(config);
  // v2.9 knows no variable for the endpoint; the words of the case stay as they are.
  writeFileSync(path.join(bin, 'aws'), `#!/bin/sh\nexec ${cli} --endpoint-url ${aws.url} "$@"\n`, {
    mode: 0o755,
  });
  writeFileSync(path.join(config, 'config.yml'), `http_unix_socket: ${socket}\n`);
  symlinkSync('/usr/bin/gh', path.join(bin, 'gh'));
  const surroundings = {
    HOME: home.directory,
    PATH: `${bin}:/usr/bin:/bin`,
    TERM: 'xterm',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_EC2_METADATA_DISABLED: 'true',
    GH_CONFIG_DIR: config,
    GH_NO_UPDATE_NOTIFIER: '1',
  };
  return sideOf(world, (env) => {
    const [file = '', ...args] = placeAgent(home.workspace);
    const child = spawn(file, args, {
      cwd: home.workspace,
      env: { ...surroundings, ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const driver = new AgentDriver(child, home.workspace);
    const closed = new Promise((resolve) => {
      child.once('close', resolve);
    });
    return {
      run: (argv, options) => driver.run(argv, options),
      close: () => {
        driver.end();
        return closed;
      },
    };
  });
}

interface World {
  readonly aws: FakeAws;
  readonly github: FakeGithub;
  readonly home: TestHome;
  readonly socket: string;
}

async function startWorld(): Promise<World> {
  const home = makeHome();
  const socket = path.join(home.directory, 'github.sock');
  const [aws, github] = await Promise.all([startFakeAws(), startFakeGithub({ socket })]);
  return { aws, github, home, socket };
}

function sideOf({ aws, github, home }: World, start: StartAgent): Side {
  const agents = new Map<Credentials, Agent>();
  const agentFor = (credentials: Credentials): Agent => {
    const agent = agents.get(credentials) ?? start(VARIABLES[credentials]);
    agents.set(credentials, agent);
    return agent;
  };
  return {
    async run(one) {
      aws.reset();
      github.reset();
      const directory = path.join(home.workspace, one.id);
      prepare(directory, one);
      const started = new Date();
      const { code, stdout, stderr } = await agentFor(one.credentials ?? 'full').run(one.argv, {
        cwd: one.id,
        ...(one.env === undefined ? {} : { env: one.env }),
        ...(one.stdin === undefined ? {} : { stdin: one.stdin }),
      });
      return {
        code,
        stdout: stdout.toString('latin1'),
        stderr: stderr.toString('latin1'),
        files: describeFiles(directory, started),
        upstream: describeUpstream(aws, github),
      };
    },
    async close() {
      await Promise.all([...agents.values()].map((agent) => agent.close()));
      await Promise.all([aws.close(), github.close()]);
      home.remove();
    },
  };
}

function prepare(directory: string, { files = {}, git }: FidelityCase): void {
  mkdirSync(directory);
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(directory, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content);
    utimesSync(file, PLACED, PLACED);
  }
  if (git === undefined) return;
  const env = { PATH: '/usr/bin:/bin', HOME: directory, GIT_CONFIG_NOSYSTEM: '1' };
  for (const words of [
    ['init', '--quiet', '--initial-branch', git.branch],
    ['remote', 'add', 'origin', git.origin],
  ]) {
    execFileSync('git', words, { cwd: directory, env });
  }
}
