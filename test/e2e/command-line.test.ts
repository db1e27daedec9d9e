// What people type before they have read anything, and what scripts get for it: the built program.

import { spawnSync } from 'node:child_process';
import { mkdirSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { makeHome, type TestHome } from '../helpers/turret.js';

const PROGRAM = path.resolve('bin/turret.js');
const NOBODY_HAS = '54999';

let home: TestHome;
beforeAll(() => {
  home = makeHome();
});
afterAll(() => home.remove());

interface Ran {
  status: number | null;
  stdout: string;
  stderr: string;
}

function turret(words: readonly string[], options: { cwd?: string; stdout?: number } = {}): Ran {
  return spawnSync(process.execPath, [PROGRAM, ...words], {
    cwd: options.cwd ?? home.workspace,
    env: { HOME: home.directory, PATH: '/usr/bin:/bin' },
    stdio: ['ignore', options.stdout ?? 'pipe', 'pipe'],
    encoding: 'utf8',
  });
}

describe('help', () => {
  test.each([[[]], [['help']], [['-h']], [['--help']]])('%j says how to begin', (words) => {
    const { status, stdout } = turret(words);
    expect(status).toBe(0);
    expect(stdout).toContain('turret run -- claude');
  });

  test.each([[['help', 'run']], [['run', '-h']], [['run', '--help']]])(
    '%j says where the command goes',
    (words) => {
      expect(turret(words).stdout).toContain('$ turret run [OPTION…] -- COMMAND [ARG…]');
    },
  );

  test('-v and --version are the same', () => {
    expect(turret(['-v']).stdout).toBe(turret(['--version']).stdout);
  });
});

describe('wrong use', () => {
  test.each([
    [['rum', '--', 'claude'], 'there is no command "rum"', 'did you mean turret run?'],
    [['polic', 'check'], 'there is no command "polic check"', 'did you mean turret policy check?'],
    [['frobnicate'], 'there is no command "frobnicate"', 'turret --help lists the commands'],
    [['audit', 'show'], 'missing 1 required arg: call', 'turret audit show --help'],
    [['token', 'create', '--agent', 'ci'], 'missing required flag allow', 'turret token create --help'],
  ])('%j is told in one line, with what to do', (words, error, hint) => {
    const { status, stdout, stderr } = turret(words);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    const [first = '', second, ...more] = stderr.trimEnd().split('\n');
    expect(first).toMatch(new RegExp(`^turret: error: ${error.replaceAll(/[".]/g, '\\$&')}`));
    expect(second).toBe(`turret: hint: ${hint}`);
    expect(more).toEqual([]);
  });

  test('every command with --json answers it with the error as JSON, and exits with 2', () => {
    const { commands } = JSON.parse(readFileSync('oclif.manifest.json', 'utf8')) as {
      commands: Record<string, { flags: Record<string, unknown> }>;
    };
    const withJson = Object.keys(commands).filter((id) => 'json' in (commands[id]?.flags ?? {}));
    expect(withJson.length).toBeGreaterThan(25);
    for (const id of withJson) {
      const { status, stdout } = turret([...id.split(':'), '--no-such-flag', '--json']);
      const { error } = JSON.parse(stdout) as { error: { code: string; message: string; hints: string[] } };
      expect({ id, status, code: error.code, keys: Object.keys(error) }).toEqual({
        id,
        status: 2,
        code: 'usage',
        keys: ['code', 'message', 'hints'],
      });
    }
    expect(JSON.parse(turret(['frobnicate', '--json']).stdout)).toMatchObject({ error: { code: 'usage' } });
  }, 60_000);

  test('a directory is no log, and a host key vouches for no session of this machine', () => {
    expect(turret(['audit', 'verify', './']).stderr).toMatch(
      /error: there is no readable audit log at "\.\/"/,
    );
    const key = 'A'.repeat(43);
    for (const what of ['last', '--all']) {
      const { status, stderr } = turret(['audit', 'verify', what, '--host-key', key]);
      expect(status).toBe(2);
      expect(stderr).toMatch(/error: --host-key is for a log that is named by its file\n.*hint: /);
    }
  });
});

describe('places that are not what they should be', () => {
  test('a full disk behind stdout is told, without a stack', () => {
    for (const words of [['--help'], ['policy', 'show'], ['policy', 'show', '--json']]) {
      const { status, stderr } = turret(words, { stdout: openSync('/dev/full', 'w') });
      expect({ status, stderr }).toEqual({
        status: 1,
        stderr: 'turret: error: stdout cannot be written: ENOSPC\n',
      });
    }
  });

  test.each([
    [['run', '--', 'true'], 2],
    [['policy', 'check'], 2],
    [['doctor'], 2],
  ])('%j in a directory that was removed says so', (words, code) => {
    const gone = path.join(home.directory, 'gone');
    mkdirSync(gone);
    const script = 'rmdir "$PWD"; exec "$@"';
    const { status, stderr } = spawnSync(
      '/bin/bash',
      ['-c', script, 'sh', process.execPath, PROGRAM, ...words],
      {
        cwd: gone,
        env: { HOME: home.directory, PATH: '/usr/bin:/bin' },
        encoding: 'utf8',
      },
    );
    expect(status).toBe(code);
    expect(stderr).toContain('turret: error: the working directory is gone\nturret: hint: cd ');
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  test('a user without HOME whom no password file knows is told what to set', () => {
    const words = ['--user', `--map-user=${NOBODY_HAS}`, process.execPath, PROGRAM, 'audit', 'list'];
    const { status, stderr } = spawnSync('/usr/bin/unshare', words, {
      env: { PATH: '/usr/bin:/bin' },
      encoding: 'utf8',
    });
    expect(status).toBe(2);
    expect(stderr).toMatch(/error: there is no place for the audit log: HOME is not set\n.*hint: set HOME/);
  });
});
