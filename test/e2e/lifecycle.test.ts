import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { FAKE_AWS_KEY, type FakeAws, startFakeAws } from '../fakes/aws.js';
import { type Ran, outcome } from '../helpers/broker-session.js';
import {
  type Process,
  allGone,
  descendants,
  processesWith,
  stillRunning,
  until,
} from '../helpers/processes.js';
import { World } from '../helpers/turret-world.js';

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.close());

const turretLines = ({ stderr }: Ran): string[] =>
  stderr.split('\n').filter((line) => line.startsWith('turret: '));
const find = (all: Process[], text: string): Process => {
  const found = all.find(({ command }) => command.includes(text));
  if (found === undefined)
    throw new Error(`no process with ${text} in ${all.map(({ command }) => command).join(' | ')}`);
  return found;
};

/** Resolves when the agent has said a line; what it says later is kept for `outcome`. */
function hears(child: ChildProcess, line: string): Promise<void> {
  let said = '';
  return new Promise((resolve, reject) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes(`${line}\n`)) resolve();
    });
    child.on('close', () => reject(new Error(`it ended without saying ${line}: ${said}`)));
  });
}

describe('a session that ends', () => {
  test('tells in three lines how it ended, what it did and where to look', async () => {
    const ran = await world.run([
      'sh',
      '-c',
      'turret call echo.say text=hi; turret call echo.nothing; exit 3',
    ]);
    expect(ran.code).toBe(3);
    const [ended, did, where] = turretLines(ran).slice(-3);
    expect(ended).toMatch(/^turret: the agent exited with 3 after \d.*; its token is dead$/);
    expect(did).toBe('turret: 1 calls allowed, 0 denied, 1 refused or failed before a decision');
    expect(where).toMatch(/^turret: turret audit [0-9a-f]{8}$/);
    expect(ran.stdout.toString()).toBe('hi\n');
  });

  test('says nothing with --quiet', async () => {
    const ran = await world.run(['sh', '-c', 'echo mine >&2'], ['--quiet']);
    expect(ran).toMatchObject({ code: 0, stderr: 'mine\n' });
  });

  test('leaves a whole record and no runtime directory', async () => {
    await world.run(['turret', 'call', 'echo.say', 'text=hi']);
    expect(world.runtimeSessions()).toEqual([]);
    const [session = ''] = world.sessions();
    expect(readdirSync(session).sort()).toEqual([
      'audit.jsonl',
      'checkpoints',
      'meta.json',
      'repeater-echo.log',
    ]);
    const types = records(session).map(({ type }) => type);
    expect(types[0]).toBe('session.start');
    expect(types.at(-1)).toBe('session.end');
    expect((await world.turret('audit', 'verify', '--all')).code).toBe(0);
  });

  test.each(['auto', 'none'])(
    'takes a child along that made a session of its own (isolation %s)',
    async (mode) => {
      const left = 'setsid sh -c "trap \'\' TERM HUP INT; echo > started; sleep 60" &';
      const ran = await world.run(
        ['bash', '-c', `${left} until test -e started; do sleep .01; done; exit 4`],
        [`--isolation=${mode}`],
      );
      expect(ran.code).toBe(4);
      expect(existsSync(join(world.workspace, 'started'))).toBe(true);
      await until('nothing of the session runs', () => processesWith(world.root).length === 0);
    },
  );

  test('a daemon with a cleared environment does not outlive the sandbox', async () => {
    const daemon = `env -i /usr/bin/setsid /bin/sh -c ': ${world.root}; echo x > pid; exec sleep 61.5' &`;
    await world.run(['bash', '-c', `${daemon} until test -s pid; do sleep .01; done`]);
    expect(await until('the daemon is gone', () => processesWith('sleep 61.5').length === 0)).toBe(true);
  });

  test('a token is dead when the agent is gone', async () => {
    await world.run(['sh', '-c', 'cp /run/turret/token kept; cp "$(command -v turret)" .']);
    const token = readFileSync(join(world.workspace, 'kept'), 'utf8');
    const late = world.start([join(world.workspace, 'turret'), 'call', 'echo.say', 'text=late'], {
      env: { ...world.env, TURRET_TOKEN: token },
    });
    const ran = await outcome(late);
    expect(ran).toMatchObject({ code: 125 });
    expect(ran.stderr).toMatch(/^turret: error: .*session is over/);
  });

  test('an agent that closes its input and its output can still act', async () => {
    const ran = await world.run([
      'sh',
      '-c',
      'exec <&- >&-; turret call echo.say text=hi >said; exec 2>&-; exit 5',
    ]);
    expect(ran.code).toBe(5);
    expect(readFileSync(join(world.workspace, 'said'), 'utf8')).toBe('hi\n');
  });
});

describe('sessions beside each other', () => {
  test('two at once have their own tokens, and one that ends does not touch the other', async () => {
    const long = world.start(
      world.words(['sh', '-c', 'echo READY; read -r go; turret call echo.say text=still']),
      { stdio: 'pipe' },
    );
    const ended = outcome(long);
    await hears(long, 'READY');
    const short = await world.run(['turret', 'call', 'echo.say', 'text=short']);
    expect(short.stdout.toString()).toBe('short\n');
    expect(world.runtimeSessions()).toHaveLength(1);
    long.stdin?.end('go\n');
    const ran = await ended;
    expect(ran.stdout.toString()).toBe('READY\nstill\n');
    expect(world.sessions()).toHaveLength(2);
    expect((await world.turret('audit', 'verify', '--all')).code).toBe(0);
  });

  test('what a killed session left is removed by the next one, what a living one has is not', async () => {
    const killed = world.start(world.words(['sh', '-c', 'echo READY; sleep 60']));
    await hears(killed, 'READY');
    const below = descendants(killed.pid ?? 0);
    const [dead = ''] = world.runtimeSessions();
    killed.kill('SIGKILL');
    await allGone(below);
    const living = world.start(world.words(['sh', '-c', 'echo READY; read -r go']), { stdio: 'pipe' });
    const ended = outcome(living);
    await hears(living, 'READY');
    const [alive = ''] = world.runtimeSessions();
    expect(alive).not.toBe(dead);
    await world.run(['true']);
    expect(world.runtimeSessions()).toEqual([alive]);
    living.stdin?.end('go\n');
    expect((await ended).code).toBe(0);
  });
});

// Of every process at every moment: kill-matrix.test.ts. Here is what needs a real CLI, or two at once.
describe('kill -9', () => {
  let aws: FakeAws;
  beforeAll(async () => {
    aws = await startFakeAws();
  });
  afterAll(() => aws.close());

  const config = (): string => `version: 1
extends: []
repeaters: { aws: { region: us-east-1, credentials: env, endpoint: "${aws.url}" }, echo: {} }
rules: [{ id: all, allow: ["aws.**", "echo.**"] }]
`;
  const SCRIPT =
    'aws s3api list-buckets; echo "first $?"; date +%s%N; turret call echo.say text=hi; echo "second $?"; date +%s%N';

  /** A session whose call hangs upstream; resolves when the request is there and the real CLI runs. */
  async function hanging(
    mode: string,
  ): Promise<{ turret: ChildProcess; ended: Promise<Ran>; all: Process[] }> {
    world.close();
    world = new World(config());
    world.env = {
      ...world.env,
      AWS_ACCESS_KEY_ID: FAKE_AWS_KEY.accessKeyId,
      AWS_SECRET_ACCESS_KEY: FAKE_AWS_KEY.secretAccessKey,
    };
    aws.faults.splice(0, aws.faults.length, { kind: 'hang', times: 1 });
    const asked = aws.requests.length;
    const turret = world.start(world.words(['sh', '-c', SCRIPT], [`--isolation=${mode}`]));
    const ended = outcome(turret);
    const isAsked = (): boolean => aws.requests.length > asked || aws.faults[0]?.times === 0;
    await until('the request is upstream', isAsked, 20_000);
    return { turret, ended, all: descendants(turret.pid ?? 0) };
  }

  async function nothingIsLeft(all: Process[]): Promise<void> {
    await allGone(all);
    await until('nothing of the session runs', () => processesWith(world.root).length === 0);
  }

  async function verifies(): Promise<void> {
    const verified = await world.turret('audit', 'verify', 'last');
    expect(verified.stdout.toString() + verified.stderr).not.toMatch(/damaged/i);
    expect(verified.code).toBe(0);
  }

  test('of supervisor and broker at once ends the agent even without a sandbox', async () => {
    const { turret, ended, all } = await hanging('none');
    process.kill(find(all, 'broker/main.cjs').pid, 'SIGSTOP'); // it would help otherwise
    turret.kill('SIGKILL');
    await until(
      'the agent is gone',
      () => stillRunning([find(all, `sh -c ${SCRIPT.slice(0, 20)}`)]).length === 0,
    );
    process.kill(find(all, 'broker/main.cjs').pid, 'SIGKILL');
    expect((await ended).signal).toBe('SIGKILL');
    await nothingIsLeft(all);
  });

  test('of a repeater fails its call, takes the real CLI along, and leaves other repeaters alone', async () => {
    const { ended, all } = await hanging('auto');
    process.kill(find(all, 'repeaters/aws/main.js').pid, 'SIGKILL');
    const ran = await ended;
    expect(ran.stdout.toString()).toMatch(/^first 125\n\d+\nhi\nsecond 0\n/);
    expect(ran.stderr).toContain('the repeater "aws" died');
    await nothingIsLeft(all);
    await verifies();
    const finished = records(world.sessions().at(-1) ?? '').find(({ type }) => type === 'call.finished');
    expect(finished).toMatchObject({ outcome: 'unknown' });
  });

  test('of the broker before the agent starts does not leave turret waiting', async () => {
    const turret = world.start(world.words(['sleep', '60']));
    const ended = outcome(turret);
    const broker = await until('the broker', () =>
      descendants(turret.pid ?? 0).find(({ command }) => command.includes('broker/main.cjs')),
    );
    process.kill(broker.pid, 'SIGKILL');
    turret.kill('SIGTERM');
    expect([125, 143]).toContain((await ended).code);
    expect(world.runtimeSessions()).toEqual([]);
  });
});

function records(session: string): { type?: string; outcome?: string }[] {
  const lines = readFileSync(join(session, 'audit.jsonl'), 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line) as { type?: string });
}
