// What the levels without namespaces stop, by the doctor's own attempts, in a real session. At `none` each of them succeeds.

import { chmodSync, chownSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { AttemptReport, AttemptTargets } from '../../src/setup/attempts-inside.js';
import { type OutsideWorld, openOutsideWorld } from '../../src/setup/outside-world.js';
import { type ReadableCopy, readableCopy } from '../helpers/readable-copy.js';
import { ECHO_CONFIG, World } from '../helpers/turret-world.js';

const ATTEMPTS = fileURLToPath(new URL('../../dist/src/setup/attempts-inside.js', import.meta.url));
const UNUSED_UID = 54_321;
const NEEDLE = 'c4NaRyNeEdLe';

let copy: ReadableCopy;
beforeAll(() => {
  copy = readableCopy();
});
afterAll(() => copy.remove());

/** Everything an attempt could reach is outside of the workspace, and readable but for the level. */
async function attempted(
  level: string,
  { uid, agent }: { uid?: number; agent?: number },
): Promise<AttemptReport & { call: string; outside: OutsideWorld }> {
  const world = new World(`${ECHO_CONFIG}agent_user: nobody\n`, {
    turret: copy.turret,
    ...(uid === undefined ? {} : { uid }),
  });
  const outside = await openOutsideWorld(world.root);
  try {
    const key = join(world.home, '.aws/credentials');
    mkdirSync(dirname(key), { mode: 0o700 });
    writeFileSync(key, NEEDLE, { mode: 0o600 });
    const own = uid ?? 0;
    for (const path of [dirname(key), key]) chownSync(path, own, own);
    if (agent !== undefined) {
      // The other user's way to the workspace; not into it, and not to the key.
      chmodSync(world.root, 0o755);
      chownSync(world.workspace, agent, agent);
    }
    copyFileSync(ATTEMPTS, join(world.workspace, 'attempts.mjs'));
    const targets: AttemptTargets = {
      canary: outside.canary,
      files: [key],
      keyDirectories: [dirname(key)],
      sockets: [outside.socket, outside.abstract],
      port: outside.port,
      directories: [world.root, world.home],
      fileName: 'written',
      programs: [],
      shimMark: '#!',
      connectMs: 5_000,
    };
    writeFileSync(join(world.workspace, 'attempts.json'), JSON.stringify(targets));
    const script = [
      'turret call echo.say text=called',
      'echo mine > mine && cat mine',
      `"${process.execPath}" attempts.mjs attempt`,
    ];
    const ran = await world.run(['sh', '-c', script.join(' && ')], [`--isolation=${level}`]);
    expect(ran.stderr).toContain(`isolation ${level}: `);
    const [call = '', mine, report = '{}'] = ran.stdout.toString().split('\n');
    expect(mine).toBe('mine');
    return { ...(JSON.parse(report) as AttemptReport), call, outside };
  } finally {
    outside.close();
    world.close();
  }
}

const LEVELS: [string, string, { uid?: number; agent?: number }][] = [
  ['landlock', 'root', {}],
  ['landlock', 'an unprivileged user', { uid: UNUSED_UID }],
  ['uid', 'root', { agent: 65_534 }],
];

describe.each(LEVELS)('isolation %s, started by %s', (level, _, who) => {
  test('keeps files, environments, abstract sockets, loopback and privileges from the agent, and serves its calls', async () => {
    const report = await attempted(level, who);
    expect(report.call).toBe('called');
    expect(report).toMatchObject({
      environments: false,
      files: [],
      keyDirectories: [],
      loopback: false,
      metadata: false,
      written: [],
      privileges: false,
      terminal: false,
    });
    // By path at uid, where that is the owner's to say.
    const promised =
      level === 'uid' ? [report.outside.abstract] : [report.outside.socket, report.outside.abstract];
    expect(report.sockets.filter((path) => promised.includes(path))).toEqual([]);
    // What these levels do not promise: seen here, so that the documents stay true.
    expect(report.processes).toBe(true);
  });
});

test('at isolation none all of it is reached', async () => {
  const report = await attempted('none', {});
  expect(report).toMatchObject({ processes: true, environments: true, loopback: true, privileges: true });
  expect(report.files).toHaveLength(1);
  expect(report.keyDirectories).toHaveLength(1);
  expect(report.sockets).toHaveLength(2);
  expect(report.written).toHaveLength(2);
});

describe('isolation landlock', () => {
  test('starts no session where the policy lies in the workspace: it could not be made read-only', async () => {
    const world = new World();
    try {
      const policy = join(world.workspace, 'turret.yaml');
      writeFileSync(policy, readFileSync(world.config));
      const words = world.words(['touch', 'ran'], ['--isolation=landlock']);
      words[words.indexOf(world.config)] = policy;
      const ran = await world.finish(world.start(words));
      expect(ran.code).toBe(126);
      expect(ran.stderr).toMatch(/turret\.yaml decides over the agent and lies where it may write/);
      expect(() => readFileSync(join(world.workspace, 'ran'))).toThrow(/ENOENT/);
    } finally {
      world.close();
    }
  });
});

describe('isolation uid', () => {
  test.each([
    ['nobody said as whom', '', /does not know as whom/],
    ['the user is root', 'agent_user: root\n', /agent_user is root/],
    ['there is no such user', 'agent_user: nobody-here\n', /there is no user "nobody-here"/],
    [
      'the user may not write the workspace',
      'agent_user: nobody\n',
      /nobody may not write the working directory/,
    ],
  ])('is refused when %s', async (_, line, said) => {
    const world = new World(`${ECHO_CONFIG}${line}`);
    try {
      const ran = await world.run(['touch', 'ran'], ['--isolation=uid']);
      expect(ran.stderr).toMatch(said);
      expect(ran.code).toBe(126);
      expect(() => readFileSync(join(world.workspace, 'ran'))).toThrow(/ENOENT/);
    } finally {
      world.close();
    }
  });
});
