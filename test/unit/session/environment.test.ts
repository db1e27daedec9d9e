import { describe, expect, test } from 'vitest';

import { TurretError } from '../../../src/errors.js';
import { agentEnvironment } from '../../../src/session/environment.js';

const GH = `ghp_${'a1B2'.repeat(9)}`;
const environment = (from: NodeJS.ProcessEnv, pass: string[] = [], unsafe: string[] = []) =>
  agentEnvironment({ from, pass, unsafe });

function refusal(from: NodeJS.ProcessEnv, pass: string[]): TurretError {
  try {
    environment(from, pass);
  } catch (error) {
    if (error instanceof TurretError) return error;
  }
  throw new Error('it was passed');
}

describe('the agent sees of the environment', () => {
  test('what it needs to work', () => {
    const from = {
      HOME: '/home/u', PATH: '/usr/bin', TERM: 'xterm', LANG: 'en_US.UTF-8', LC_ALL: 'C.UTF-8', LC_TIME: 'de_DE', TZ: 'UTC',
      EDITOR: 'vi', HTTPS_PROXY: 'http://proxy:3128', no_proxy: 'localhost', AWS_REGION: 'eu-west-1', AWS_PROFILE: 'dev',
    }; // prettier-ignore
    expect(environment(from)).toEqual({ env: from, withheld: [] });
  });

  test('nothing else, whatever its name', () => {
    const from = {
      AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'x', AWS_SESSION_TOKEN: 'x', GH_TOKEN: 'x', GITHUB_TOKEN: 'x', SSH_AUTH_SOCK: '/s',
      DBUS_SESSION_BUS_ADDRESS: 'x', XDG_RUNTIME_DIR: '/run/user/0', DOCKER_HOST: 'x', NODE_OPTIONS: '--inspect', LD_PRELOAD: '/x.so',
      ANTHROPIC_API_KEY: 'x', TURRET_TOKEN: 'x', TURRET_SOCKET: '/x', BASH_ENV: '/x', AWS_SHARED_CREDENTIALS_FILE: '/x', PYTHONPATH: '/x',
      HARMLESS: 'x', LCX: 'x', MY_LC_ALL: 'x',
    }; // prettier-ignore
    expect(environment(from)).toEqual({ env: {}, withheld: [] });
  });

  test('a variable that was asked for by name, and not its neighbour', () => {
    expect(environment({ FOO: '1', FOO2: '2' }, ['FOO']).env).toEqual({ FOO: '1' });
  });

  test('variables that were asked for by the beginning of their names, and no others', () => {
    expect(environment({ FOO_A: '1', FOO_B: '2', FO: '3', XFOO_A: '4' }, ['FOO_*']).env).toEqual({
      FOO_A: '1',
      FOO_B: '2',
    });
  });

  test('a proxy without its password only, and it is told which one is missing', () => {
    const from = { HTTPS_PROXY: 'http://user:hunter2@proxy:3128', HTTP_PROXY: 'http://proxy:3128' };
    expect(environment(from)).toEqual({
      env: { HTTP_PROXY: 'http://proxy:3128' },
      withheld: ['HTTPS_PROXY'],
    });
  });

  test('no listed variable that holds a credential', () => {
    expect(environment({ EDITOR: `curl ${GH}`, LC_ALL: GH })).toEqual({
      env: {},
      withheld: ['EDITOR', 'LC_ALL'],
    });
  });
});

describe('asked for by name, but refused', () => {
  test.each([
    'API_TOKEN', 'TOKEN', 'AWS_SECRET_ACCESS_KEY', 'AWS_ACCESS_KEY_ID', 'DB_PASSWORD', 'PASSWD', 'OPENAI_API_KEY', 'APIKEY', 'MY_APIKEY',
    'SSH_PRIVATE_KEY', 'GOOGLE_APPLICATION_CREDENTIALS', 'SESSION_COOKIE', 'SENTRY_DSN', 'DATABASE_URL', 'PGPASSWORD', 'npm_config__auth',
    'NPM_CONFIG__AUTHTOKEN', 'MYSQL_PWD', 'GITHUB_PAT', 'AZURE_CLIENT_SECRET', 'api-key', 'accessToken', 'MYSECRET', 'SSHPASS',
  ])('%s, by its name', (name) => {
    const error = refusal({ [name]: 'harmless' }, [name]);
    expect(error.code).toBe('env_refused');
    expect(error.message).toContain(`"${name}"`);
    expect(error.hints).toEqual([`if the agent really must hold it: --env-unsafe ${name}`]);
  }); // prettier-ignore

  test.each([
    'FOO',
    'KEYBOARD',
    'TOKENIZERS_PARALLELISM',
    'MONKEY',
    'COMPASS',
    'PATHS',
    'AUTHOR',
    'PASSENGER',
    'SECRETARY',
    'TURKEY',
  ])('but not its harmless neighbour %s', (name) => {
    expect(environment({ [name]: 'x' }, [name]).env).toEqual({ [name]: 'x' });
  });

  test.each([
    ['an AWS key id', 'AKIAIOSFODNN7EXAMPLE'],
    ['a temporary AWS key id', 'ASIAIOSFODNN7EXAMPLE'],
    ['a GitHub token', GH],
    ['a fine-grained GitHub token', `github_pat_${'a1'.repeat(20)}`],
    ['an API key', `sk-${'a1'.repeat(12)}`],
    ['a Slack token', 'xoxb-1234567890-abcdef'],
    ['a GitLab token', `glpat-${'a1'.repeat(10)}`],
    ['a Google key', `AIza${'a1'.repeat(17)}`],
    ['a token of turret', `trt_${'a1'.repeat(32)}`],
    ['a JSON web token', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2ln'],
    ['a private key', '-----BEGIN OPENSSH PRIVATE KEY-----'],
    ['an address with a password', 'postgres://u:p@h/db'],
    ['one in the middle of a text', `Authorization: bearer ${GH}`],
    ['one after a line end', `first\n${GH}`],
    ['an address with a password after other words', 'url=https://u:p@h/'],
  ])('%s, by its value, which is not repeated', (_, value) => {
    const error = refusal({ FOO: value }, ['FOO']);
    expect(error.code).toBe('env_refused');
    expect(error.message).toContain('form of a credential');
    expect(JSON.stringify([error.message, error.hints])).not.toContain(value.slice(-8));
  });

  test('one among many that a pattern asks for', () => {
    expect(refusal({ MY_A: '1', MY_TOKEN: '2' }, ['MY_*']).message).toContain('"MY_TOKEN"');
  });

  test('unless it is named as unsafe, and then only that one', () => {
    expect(environment({ A_TOKEN: GH, B_TOKEN: GH }, [], ['A_TOKEN']).env).toEqual({ A_TOKEN: GH });
    expect(() => environment({ A_TOKEN: GH, B_TOKEN: GH }, ['B_TOKEN'], ['A_TOKEN'])).toThrow(TurretError);
  });

  test('whatever turret itself sets', () => {
    for (const name of ['TURRET_TOKEN', 'TURRET_SOCKET', 'TURRET_SESSION', 'TURRET_ISOLATION']) {
      expect(environment({ [name]: 'x' }, ['TURRET_*'], [name]).env).toEqual({});
    }
  });
});
