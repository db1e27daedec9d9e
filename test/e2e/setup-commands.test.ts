// init, doctor and `repeater list` as a user starts them: the built program, an environment from nothing, a home of its
// own with planted credentials. Whatever they print, the planted values are not in it.

import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Check } from '../../src/setup/check.js';
import { makeHome, runTurret, type TestHome } from '../helpers/turret.js';

const PROGRAM = path.resolve('bin/turret.js');
const CANARIES = [
  'AKIACANARY0000000001',
  'canarySecretAccessKey0001',
  'gho_canaryHosts0001',
  'ghp_canaryEnvironment0000000000001',
  'canaryNetrc0001',
  'canaryDotenv0001',
];

let home: TestHome;

function put(file: string, content: string): void {
  const target = path.join(home.directory, file);
  mkdirSync(path.dirname(target), { recursive: true });
  writeFileSync(target, content, { mode: 0o600 });
}

beforeAll(() => {
  home = makeHome();
  const [id = '', secret = '', hosts = '', , netrc = '', dotenv = ''] = CANARIES;
  put(
    '.aws/credentials',
    `[default]\naws_access_key_id = ${id}\naws_secret_access_key = ${secret}\n[ops]\naws_access_key_id = ${id}\naws_secret_access_key = ${secret}\n`,
  );
  put('.aws/config', '[default]\nregion = eu-central-1\n[profile audit]\nsso_session = corp\n');
  put('.config/gh/hosts.yml', `github.com:\n    user: me\n    oauth_token: ${hosts}\n`);
  put('.netrc', `machine example.com login me password ${netrc}\n`);
  put('project/.env', `API_TOKEN=${dotenv}\n`);
});
afterAll(() => home.remove());

interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the built program; what it prints is searched for the planted values here, so that no test can forget to. */
async function turret(
  argv: string[],
  { env = {}, cwd = home.workspace }: { env?: Record<string, string>; cwd?: string } = {},
): Promise<Outcome> {
  const child = spawn(process.execPath, [PROGRAM, ...argv], {
    cwd,
    env: { HOME: home.directory, PATH: '/usr/bin:/bin', GH_TOKEN: CANARIES[3], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const closed = new Promise<number | null>((resolve) => {
    child.once('close', resolve);
  });
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
  for (const canary of CANARIES) expect(stdout + stderr).not.toContain(canary);
  expect(stdout + stderr).not.toContain('\u001b');
  return { code, stdout, stderr };
}

async function doctor(argv: string[] = [], options: Parameters<typeof turret>[1] = {}) {
  const { code, stdout } = await turret(['doctor', '--json', ...argv], options);
  const { ok, checks } = JSON.parse(stdout) as { ok: boolean; checks: Check[] };
  const of = (id: string): Check | undefined => checks.find((check) => check.id === id);
  return { code, ok, checks, of };
}

describe('turret init', () => {
  const file = (): string => path.join(home.directory, '.config/turret/turret.yaml');

  test('prints and writes nothing with --print', async () => {
    const { code, stdout } = await turret(['init', '--print']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^# yaml-language-server: \$schema=\S+turret\.schema\.json\n/);
    expect(stdout).toContain('#audit: { kind: aws, credentials: "profile:audit" }');
    expect(stdout).toContain('#ops: { kind: aws, credentials: "profile:ops" }');
    expect(stdout).toContain('aws: { region: eu-central-1, credentials: auto }');
    expect(existsSync(file())).toBe(false);
  });
  test('writes a private file that policy check and policy test accept', async () => {
    const { code, stdout } = await turret(['init']);
    expect([code, stdout.split('\n')[0]]).toEqual([0, `wrote ${file()}`]);
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(await turret(['policy', 'check'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(file()) as string,
    });
    expect(await turret(['policy', 'test'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('0 failed') as string,
    });
    const written = readFileSync(file(), 'utf8');
    for (const canary of CANARIES) expect(written).not.toContain(canary);
  });
  test('does not touch a file that is there, and does with --force', async () => {
    writeFileSync(file(), 'version: 1\n');
    const refused = await turret(['init']);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toMatch(
      /^turret: error: there is a file already: .*\nturret: hint: .*turret init --force\n$/,
    );
    expect(readFileSync(file(), 'utf8')).toBe('version: 1\n');
    expect(JSON.parse((await turret(['init', '--json'])).stdout)).toMatchObject({ error: { code: 'usage' } });
    expect((await turret(['init', '--force'])).code).toBe(0);
    expect(readFileSync(file(), 'utf8')).not.toBe('version: 1\n');
  });
  test('writes a project file beside the user file, and both load', async () => {
    expect((await turret(['init', '--project'])).code).toBe(0);
    const project = path.join(home.workspace, '.turret/turret.yaml');
    expect(await turret(['policy', 'check'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(project) as string,
    });
    rmSync(path.dirname(project), { recursive: true });
  });
  test.each<[string, Record<string, string>]>([
    ['HOME cannot be written', { HOME: '/proc/nobody' }],
    ['HOME is a file', { HOME: '/etc/passwd' }],
    ['there is no HOME', { HOME: '' }],
  ])('says what to do when %s', async (_name, env) => {
    const { code, stderr } = await turret(['init'], { env });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^turret: error: .*turret\.yaml.*\nturret: hint: .*turret init --print/m);
    expect(await turret(['init', '--print'], { env })).toMatchObject({ code: 0 });
  });
});

describe('turret doctor', () => {
  test('a session can start: exit code 0, the files are hidden, and no attempt went where it must not', async () => {
    const { code, ok, checks, of } = await doctor();
    expect([code, ok]).toEqual([0, true]);
    expect(checks.filter(({ level }) => level === 'bad')).toEqual([]);
    for (const name of [
      'processes',
      'environments',
      'key-directories',
      'sockets',
      'outside',
      'programs',
      'privileges',
    ]) {
      expect([name, of(`attempt.${name}`)?.state]).toEqual([name, 'stopped']);
    }
    for (const name of ['.aws/credentials', '.config/gh/hosts.yml', '.netrc']) {
      expect([name, of(`file.${path.join(home.directory, name)}`)?.state]).toEqual([name, 'hidden']);
    }
    expect(of(`file.${path.join(home.workspace, '.env')}`)).toMatchObject({
      state: 'readable',
      level: 'warn',
    });
    expect(of('tool.aws')?.why).toMatch(/^\/usr\/bin\/aws \d+\.\d+\.\d+/);
    expect(of('tool.sandbox')?.state).toBe('yes');
    expect(of('tool.zygote')?.state).toBe('yes');
    expect(of('tool.waiting')?.state).toBe('yes');
    expect(of('credential.aws')?.why).toContain('profile default (keys in plain)');
    expect(of('credential.gh')?.why).toContain('environment (GH_TOKEN)');
  });
  test('a service on 127.0.0.1 is reachable with net: open, and not without or with strict', async () => {
    put('open.yaml', 'version: 1\nnet: open\n');
    const open = await doctor(['--config', path.join(home.directory, 'open.yaml')]);
    expect(open.of('attempt.loopback')).toMatchObject({ state: 'not stopped', level: 'warn' });
    expect((await doctor()).of('attempt.loopback')).toMatchObject({ state: 'stopped' });
    put('strict.yaml', 'version: 1\nisolation: strict\n');
    const strict = await doctor(['--config', path.join(home.directory, 'strict.yaml')]);
    expect(strict.code).toBe(0);
    for (const name of ['loopback', 'metadata', 'abstract-sockets'])
      expect(strict.of(`attempt.${name}`)?.state).toBe('stopped');
  });
  test('what turret.yaml shows of the home directory is found open', async () => {
    put('open.yaml', 'version: 1\nhome: { allow: [.aws] }\n');
    const { of } = await doctor(['--config', path.join(home.directory, 'open.yaml')]);
    expect(of('attempt.key-directories')).toMatchObject({
      state: 'not stopped',
      level: 'bad',
      why: path.join(home.directory, '.aws'),
    });
    expect(of(`file.${path.join(home.directory, '.aws/credentials')}`)?.state).toBe('readable');
    expect(of(`file.${path.join(home.directory, '.netrc')}`)?.state).toBe('hidden');
  });
  test('without isolation nothing is claimed to be hidden', async () => {
    put('none.yaml', 'version: 1\nisolation: none\n');
    const { ok, checks, of } = await doctor(['--config', path.join(home.directory, 'none.yaml')]);
    expect([ok, of('isolation.none')?.level]).toEqual([true, 'warn']);
    expect(checks.filter(({ group }) => group === 'attempts')).toEqual([]);
    expect(of(`file.${path.join(home.directory, '.netrc')}`)?.state).toBe('readable');
  });
  test('no session can start: exit code 1 and the reason', async () => {
    put('typo.yaml', 'version: 1\nruels: []\n');
    const typo = await doctor(['--config', path.join(home.directory, 'typo.yaml')]);
    expect([typo.code, typo.ok, typo.of('config')?.why]).toEqual([
      1,
      false,
      expect.stringContaining('typo.yaml:2:1'),
    ]);
    const atHome = await doctor([], { cwd: home.directory });
    expect([atHome.code, atHome.of('workspace')?.fix]).toEqual([1, 'cd into a project directory']);
    const noState = await doctor([], { env: { XDG_STATE_HOME: '/etc/passwd' } });
    expect([noState.code, noState.of('state')?.state]).toEqual([1, 'not writable']);
  });
  test('agrees with turret run about the directory a session can start in', async () => {
    const options = { home, config: 'version: 1\n', env: {}, options: ['--quiet'] };
    expect((await runTurret({ ...options, cwd: home.directory, command: ['true'] })).code).not.toBe(0);
    expect((await runTurret({ ...options, command: ['true'] })).code).toBe(0);
  });
  test('verifies the log of the last session, and finds it damaged', async () => {
    await runTurret({ home, config: 'version: 1\n', env: {}, command: ['true'] });
    expect((await doctor()).of('last-log')?.state).toBe('intact');
    const sessions = path.join(home.state, 'sessions');
    const log = path.join(sessions, readdirSync(sessions).sort().at(-1) ?? '', 'audit.jsonl');
    const good = readFileSync(log);
    chmodSync(log, 0o600);
    writeFileSync(log, good.toString().replace('"turret"', '"turrit"'));
    expect((await doctor()).of('last-log')).toMatchObject({ state: 'damaged', level: 'bad' });
    writeFileSync(log, good);
  });
  test('leaves nothing behind', async () => {
    const runtime = path.join(home.directory, 'runtime');
    mkdirSync(runtime, { mode: 0o700 });
    const before = readdirSync(home.workspace);
    await doctor([], { env: { XDG_RUNTIME_DIR: runtime } });
    expect(readdirSync(path.join(runtime, 'turret'))).toEqual([]);
    expect(readdirSync(home.workspace)).toEqual(before);
    expect(readdirSync(home.directory).filter((name) => name.startsWith('.turret'))).toEqual([]);
  });
  test('is a table for people', async () => {
    const { code, stdout, stderr } = await turret(['doctor']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^\+ see processes of the host +stopped/m);
    expect(stdout).toMatch(/^a session can start here; \d+ ok, \d+ to know, 0 wrong$/m);
  });
});

describe('turret repeater list', () => {
  test('shows where each credential would come from', async () => {
    put(
      'list.yaml',
      'version: 1\nrepeaters:\n  gh: { credentials: auto }\n  ops: { kind: aws, credentials: "profile:ops", endpoint: "http://127.0.0.1:9" }\n',
    );
    const { code, stdout } = await turret(
      ['repeater', 'list', '--config', path.join(home.directory, 'list.yaml')],
      { env: { GH_TOKEN: '' } },
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^gh +gh +gh +built in +- +- +- +gh auth login for github\.com \(token in plain\)$/m,
    );
    expect(stdout).toMatch(
      /^ops +aws +aws +built in +- +- +http:\/\/127\.0\.0\.1:9 +profile ops \(keys in plain\)$/m,
    );
  });
  test('exits with 1 when one could not start, and says which', async () => {
    put('bad.yaml', 'version: 1\nrepeaters:\n  gh: {}\n  mine: { command: [./mine], profile: line }\n');
    const { code, stdout } = await turret([
      'repeater',
      'list',
      '--json',
      '--config',
      path.join(home.directory, 'bad.yaml'),
    ]);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      repeaters: [
        { name: 'gh', problems: [] },
        { name: 'mine', problems: [`${home.directory}/mine is not an executable file`] },
      ],
    });
  });
});

test('each command has examples in its help', async () => {
  for (const argv of [['init'], ['doctor'], ['repeater', 'list']]) {
    const { code, stdout } = await turret([...argv, '--help']);
    expect(code).toBe(0);
    expect(stdout).toContain('EXAMPLES');
  }
});
