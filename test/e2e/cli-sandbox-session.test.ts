// Real sessions with the real aws and gh: where they are shut in nothing is said, where they cannot be everybody is told.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { type FakeAws, startFakeAws } from '../fakes/aws.js';
import { type FakeGithub, startFakeGithub } from '../fakes/github.js';
import type { Ran } from '../helpers/broker-session.js';
import { NO_NAMESPACES } from '../helpers/hostile-cli.js';
import { type Process, allGone, descendants, stillRunning, until } from '../helpers/processes.js';
import { configText, credentialVariables } from '../helpers/turret.js';
import { TURRET, World } from '../helpers/turret-world.js';

const CALLS = ['sh', '-c', 'aws s3 ls && aws sts get-caller-identity && gh api user --jq .login'];
const SERVED = /allowed\n[^]*Arn[^]*\nocto-bot\nturret: /;
const REASON = '(?:no more namespaces may be created|bubblewrap is not installed)';

let aws: FakeAws;
let github: FakeGithub;
let world: World;

beforeAll(async () => {
  [aws, github] = await Promise.all([startFakeAws(), startFakeGithub()]);
});
afterAll(() => Promise.all([aws.close(), github.close()]));
afterEach(() => world.close());

/** `block` is added to that of each of the two repeaters. */
function open(block: string): void {
  const text = configText('everything.yaml', { aws: aws.url, gh: github.url });
  world = new World(text.replaceAll('credentials: env', `credentials: env, ${block}`));
  Object.assign(world.env, credentialVariables());
}

function run(command: string[], within: readonly string[], ...options: string[]): Promise<Ran> {
  return world.finish(world.start([...within, ...world.words(command, options)]));
}

const logOf = (name: string): string => {
  const [session = ''] = world.sessions();
  return readFileSync(join(session, `repeater-${name}.log`), 'utf8');
};
const opened = (stderr: string): string[] =>
  stderr.split('\n').filter((line) => line.includes(': the real '));

test('where namespaces can be made aws and gh are shut in, serve, and nothing is said', async () => {
  open('sandbox: required');
  const ran = await run(CALLS, []);
  expect(String(ran.stdout) + ran.stderr).toMatch(SERVED);
  expect(ran.code).toBe(0);
  expect(opened(ran.stderr)).toEqual([]);
  expect(logOf('aws') + logOf('gh')).toBe('');
});

test('a network that somebody killed is made anew for the next call', async () => {
  open('sandbox: required');
  const script = 'aws s3 ls; echo first; while [ ! -e go ]; do sleep 0.05; done; aws s3 ls; echo $?';
  const child = world.start(world.words(['sh', '-c', script]));
  const ended = world.finish(child);
  let said = '';
  child.stdout?.on('data', (bytes: Buffer) => (said += String(bytes)));
  await until('the first call', () => said.includes('first'), 30_000);
  const below = descendants(child.pid ?? 0);
  const keeper = below.find(({ command }) => /bwrap .*--info-fd 3 -- \S*cat$/.test(command));
  process.kill(keeper?.pid ?? Number.NaN, 'SIGKILL');
  const repeater = below.find(({ command }) => command.endsWith('aws/main.js'));
  await until('its repeater ended', () => !existsSync(`/proc/${repeater?.pid}`));
  writeFileSync(join(world.workspace, 'go'), '');
  const ran = await ended;
  expect(String(ran.stdout)).toMatch(/allowed\n[^]*first\n[^]*allowed\n[^]*\n0\n$/);
  expect(logOf('aws')).toBe('turret: the network of the real aws is gone\n');
});

test('a sandbox waits for the next gh, is done without when it was killed, and ends with its repeater', async () => {
  open('sandbox: required');
  const wait = (file: string): string => `while [ ! -e ${file} ]; do sleep 0.05; done`;
  const gh = 'gh api user --jq .login';
  const child = world.start(
    world.words(['sh', '-c', `${gh}; ${wait('one')}; ${gh}; ${wait('two')}; ${gh}; ${wait('three')}; ${gh}`]),
  );
  const ended = world.finish(child);
  let said = '';
  child.stdout?.on('data', (bytes: Buffer) => (said += String(bytes)));
  const answers = (count: number): Promise<boolean> =>
    until(`answer ${count}`, () => said === 'octo-bot\n'.repeat(count), 30_000);
  const family = (): Process[] => descendants(child.pid ?? 0);
  const waiting = (): Promise<Process> =>
    until('one waits', () => family().find(({ command }) => command === '/proc/self/fd/4'));
  const goOn = (file: string): void => writeFileSync(join(world.workspace, file), '');

  await answers(1);
  const first = await waiting();
  goOn('one');
  await answers(2);
  // It has been used: nobody made another one beside it.
  const second = await waiting();
  expect(stillRunning([first])).toEqual([]);
  process.kill(second.pid, 'SIGKILL');
  goOn('two');
  await answers(3);
  const third = await waiting();
  const repeater = family().find(({ command }) => command.endsWith('gh/main.js'));
  const below = descendants(repeater?.pid ?? Number.NaN);
  expect(below).toContainEqual(third);
  process.kill(repeater?.pid ?? Number.NaN, 'SIGKILL');
  await allGone(below);
  goOn('three');
  expect((await ended).code).toBe(0);
  await answers(4);
  expect(family()).toEqual([]);
});

describe('where no namespaces can be made', () => {
  test('aws and gh serve without, and the one who started the session is told, once, and by the doctor', async () => {
    open('sandbox: auto');
    const ran = await run(CALLS, NO_NAMESPACES, '--isolation=landlock');
    expect(String(ran.stdout) + ran.stderr).toMatch(SERVED);
    const told = ['aws', 'gh'].map((name) =>
      expect.stringMatching(
        new RegExp(`^turret: repeater ${name}: the real ${name} runs without a sandbox: ${REASON}`),
      ),
    );
    expect(opened(ran.stderr)).toEqual(told);
    for (const name of ['aws', 'gh']) expect(logOf(name)).toMatch(new RegExp(`without a sandbox: ${REASON}`));
    const words = [process.execPath, TURRET, 'doctor', '--json', '--config', world.config];
    const doctor = await world.finish(world.start([...NO_NAMESPACES, ...words]));
    const { checks } = JSON.parse(String(doctor.stdout)) as { checks: { id: string }[] };
    expect(checks.find(({ id }) => id === 'tool.sandbox')).toMatchObject({
      state: 'no',
      level: 'warn',
      why: expect.stringMatching(new RegExp(REASON)) as string,
    });
  });

  test('no call is made, with the reason, when the sandbox is required', async () => {
    open('sandbox: required');
    const before = [aws.requests.length, github.requests.length];
    const ran = await run(
      ['sh', '-c', 'aws s3 ls; echo $?; gh api user; echo $?'],
      NO_NAMESPACES,
      '--isolation=landlock',
    );
    expect(String(ran.stdout)).toBe('125\n125\n');
    for (const name of ['aws', 'gh'])
      expect(ran.stderr).toMatch(
        new RegExp(`sandbox: required, and ${name} cannot be shut in on this machine: ${REASON}`),
      );
    expect([aws.requests.length, github.requests.length]).toEqual(before);
  });

  test('nobody is told what they wrote themselves: sandbox: off', async () => {
    open('sandbox: off');
    const ran = await run(['aws', 's3', 'ls'], []);
    expect(ran.code).toBe(0);
    expect(opened(ran.stderr)).toEqual([]);
    expect(logOf('aws')).toMatch(/without a sandbox: turret.yaml says sandbox: off/);
  });
});
