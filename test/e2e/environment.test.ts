import { writeFileSync } from 'node:fs';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { Ran } from '../helpers/broker-session.js';
import { ECHO_CONFIG, World } from '../helpers/turret-world.js';

const SECRET = `ghp_${'c4NaRy'.repeat(6)}`;
let world: World;
beforeEach(() => {
  world = new World();
  world.env = {
    ...world.env,
    GH_TOKEN: SECRET,
    AWS_SECRET_ACCESS_KEY: SECRET,
    FOO: 'foo',
    MY_TOKEN: 'mine',
    LC_TIME: 'C',
  };
});
afterEach(() => world.close());

function variables({ stdout }: Ran): Record<string, string> {
  const lines = stdout.toString().trim().split('\n');
  return Object.fromEntries(
    lines.map((line) => [line.split('=', 1)[0] ?? '', line.slice(line.indexOf('=') + 1)]),
  );
}

describe.each([
  ['auto', 'namespaced'],
  ['none', 'none'],
])('`turret run -- env`, isolation %s', (mode, level) => {
  const options = [`--isolation=${mode}`];

  test('shows an allow-list, the shims first on the PATH, and one credential', async () => {
    const ran = await world.run(['env'], options);
    const { PATH = '', TURRET_TOKEN = '', TURRET_SESSION, BASH_ENV, ...rest } = variables(ran);
    expect(rest).toEqual({
      HOME: world.home,
      TERM: 'xterm',
      LANG: 'C.UTF-8',
      LC_TIME: 'C',
      TURRET_ISOLATION: level,
      ...(mode === 'none' ? {} : { PWD: world.workspace }),
    });
    expect(PATH).toMatch(/^\/[^:]+\/bin:\/usr\/bin:\/bin$/);
    expect(TURRET_TOKEN).toMatch(/^trt_[0-9A-Za-z]{64}$/);
    expect(TURRET_SESSION).toMatch(/^[0-9a-f]{20}$/);
    expect(`${BASH_ENV?.replace('bash-env', 'bin')}:/usr/bin:/bin`).toBe(PATH);
    expect(ran.stdout.toString() + ran.stderr).not.toContain(SECRET);
  });

  test('shows what was asked for, and not its neighbour', async () => {
    expect(variables(await world.run(['env'], [...options, '--env', 'FOO']))).toMatchObject({ FOO: 'foo' });
    expect(variables(await world.run(['env'], options))).not.toHaveProperty('FOO');
  });

  test('refuses a secret that was asked for, and passes it when it is called unsafe', async () => {
    const refused = await world.run(['env'], [...options, '--env', 'MY_TOKEN']);
    expect(refused).toMatchObject({ code: 126 });
    expect(refused.stdout.toString()).toBe('');
    expect(refused.stderr).toMatch(
      /error: the variable "MY_TOKEN" is not passed to the agent: its name .*\n.*hint: .*--env-unsafe MY_TOKEN\n/,
    );
    const unsafe = await world.run(['env'], [...options, '--env-unsafe', 'MY_TOKEN']);
    expect(variables(unsafe)).toMatchObject({ MY_TOKEN: 'mine' });
    expect(variables(unsafe)).not.toHaveProperty('GH_TOKEN');
  });
});

test('what the configuration passes is held to the same', async () => {
  writeFileSync(world.config, `${ECHO_CONFIG}env: { pass: [FOO] }\n`);
  expect(variables(await world.run(['env']))).toMatchObject({ FOO: 'foo' });
  writeFileSync(world.config, `${ECHO_CONFIG}env: { pass: ["MY_*"] }\n`);
  expect(await world.run(['env'])).toMatchObject({ code: 126 });
});

test('no process of a session but the supervisor has the secret in its environment', async () => {
  const look = `${world.workspace}/look`;
  writeFileSync(look, `grep -la '${SECRET}' /proc/[0-9]*/environ; echo "found $?"`);
  const ran = await world.run(
    ['sh', '-c', `turret call echo.say text=hi >&2; . ${look}`],
    ['--isolation=none', '-q'],
  );
  const found = ran.stdout.toString().match(/\d+(?=\/environ)/g) ?? [];
  // Without a sandbox this is how an agent reads the keys: the supervisor is the one process that has them by nature.
  expect(found).toHaveLength(1);
  const inside = await world.run(['sh', '-c', `. ${look}`], ['-q']);
  expect(inside.stdout.toString()).toMatch(/^found [12]\n$/);
});

test('a proxy is passed, its password is not, and that is told', async () => {
  world.env = { ...world.env, HTTP_PROXY: 'http://proxy:3128', HTTPS_PROXY: 'http://u:hunter2@proxy:3128' };
  const ran = await world.run(['env']);
  expect(variables(ran)).toMatchObject({ HTTP_PROXY: 'http://proxy:3128' });
  expect(ran.stdout.toString() + ran.stderr).not.toContain('hunter2');
  expect(ran.stderr).toContain('not passed, their values look like secrets: HTTPS_PROXY');
});
