import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { kindOf } from '../../../src/config/config.js';
import { loadConfig, readConfig } from '../../../src/config/load.js';
import { TurretError } from '../../../src/errors.js';
import { compile } from '../../../src/policy/compile.js';
import { decide } from '../../../src/policy/decide.js';
import { request } from '../policy/samples.js';
import { disk } from './texts.js';

const USER = '/home/ann/.config/turret/turret.yaml';

function named(id: string): string {
  return `version: 1\nrules: [{ id: ${id}, allow: "x.**" }]`;
}

describe('without a file', () => {
  test('the read-only presets and both tools are there', async () => {
    const config = await loadConfig(disk({}));
    expect(config).toMatchObject({
      presets: ['aws-readonly', 'gh-readonly'],
      sources: [],
      isolation: 'auto',
      tests: [],
    });
    expect(Object.keys(config.repeaters)).toEqual(['aws', 'gh']);
    const policy = compile(config.policy);
    expect(decide(policy, request('aws.s3.list_buckets', {}, { readOnly: true })).effect).toBe('allow');
    expect(decide(policy, request('aws.s3.delete_bucket')).effect).toBe('deny');
  });
});

describe('the user file', () => {
  test('is found by XDG_CONFIG_HOME, then by HOME, and --config comes before both', async () => {
    const files = {
      [USER]: named('home'),
      '/xdg/turret/turret.yaml': named('xdg'),
      '/project/other.yaml': named('named'),
    };
    const ids = async (more: object): Promise<string[]> =>
      (await loadConfig(disk(files, more))).policy.rules.map((rule) => rule.id);
    expect(await ids({})).toContain('home');
    expect(await ids({ env: { HOME: '/home/ann', XDG_CONFIG_HOME: '/xdg' } })).toContain('xdg');
    expect(await ids({ env: { HOME: '/home/ann', XDG_CONFIG_HOME: 'relative' } })).toContain('home');
    expect(await ids({ configFile: 'other.yaml' })).toContain('named');
    expect(await ids({ env: {} })).toEqual(['builtin-cli', 'aws-readonly', 'gh-readonly']);
  });

  test('takes the place of the presets, but keeps both tools when it does not speak of repeaters', async () => {
    const config = await loadConfig(disk({ [USER]: 'version: 1\nrules: []' }));
    expect(config.policy.rules.map((rule) => rule.id)).toEqual(['builtin-cli']);
    expect(Object.keys(config.repeaters)).toEqual(['aws', 'gh']);
    const none = await loadConfig(disk({ [USER]: 'version: 1\nrepeaters: { prod: { kind: aws } }' }));
    expect(Object.keys(none.repeaters)).toEqual(['prod']);
    expect(kindOf(none, 'prod.s3.list_buckets')).toBe('aws');
    expect(kindOf(none, 'toString.s3.list_buckets')).toBe('toString');
  });

  test('that was named and is not there is an error, unlike one that was not named', async () => {
    const { problems } = await readConfig(disk({}, { configFile: 'nope.yaml' }));
    expect(problems).toEqual([
      {
        file: '/project/nope.yaml',
        message: 'there is no such file',
        hint: 'turret init --print prints one to start from',
      },
    ]);
  });

  test.each([
    ['the group can write', { mode: 0o620 }, 'others can write'],
    ['others can write', { mode: 0o602 }, 'others can write'],
    ['another user owns', { uid: 1_001 }, 'belongs to another user'],
  ])('that %s is refused', async (_name, status, message) => {
    const { config, problems } = await readConfig(disk({ [USER]: { text: 'version: 1', ...status } }));
    expect(config).toBeUndefined();
    expect(problems[0]?.message).toContain(message);
  });
  test('that root owns and all can read is fine', async () => {
    const { problems } = await readConfig(disk({ [USER]: { text: 'version: 1', uid: 0, mode: 0o644 } }));
    expect(problems).toEqual([]);
  });

  test('is known by the hash of its bytes', async () => {
    const text = 'version: 1\n# words\n';
    const { sources } = await loadConfig(disk({ [USER]: text }));
    expect(sources).toEqual([
      {
        layer: 'user',
        file: USER,
        sha256: createHash('sha256').update(text).digest('hex'),
        bytes: text.length,
      },
    ]);
  });

  test('with problems throws one error that tells them all', async () => {
    const loading = loadConfig(disk({ [USER]: 'version: 1\nfoo: 1\nbar: 2' }));
    await expect(loading).rejects.toThrow(TurretError);
    await expect(loading).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining(`${USER}:2:1: unknown key "foo"`),
      hints: [expect.stringContaining('"bar"'), expect.any(String)],
    });
  });
});

describe('a manifest', () => {
  const manifest = 'profile: cli\ncommand: [t]\ntools: [t]\nactions: [{name: go, words: [go]}]\n';
  const user = (repeaters: string) => `version: 1\nrepeaters: ${repeaters}\n`;

  test('that comes with turret is found by its name, and one that does not is said to be missing', async () => {
    const file = fileURLToPath(new URL('../../../repeaters/kubectl/kubectl.yaml', import.meta.url));
    const files = {
      [USER]: user('{ k: { manifest: "turret:kubectl", network: open } }'),
      [file]: readFileSync(file, 'utf8'),
    };
    const { repeaters } = await loadConfig(disk(files));
    expect(repeaters['k']).toMatchObject({
      profile: 'cli',
      tools: ['kubectl'],
      network: 'open',
      directory: dirname(file),
    });
    const { problems } = await readConfig(disk({ [USER]: user('{ k: { manifest: "turret:kubeclt" } }') }));
    expect(problems).toMatchObject([
      { file: 'turret:kubeclt', message: expect.stringContaining('no such manifest') },
    ]);
  });

  test('with a typo is told by its line and the key that was meant', async () => {
    const files = {
      [USER]: user('{ k: { manifest: /m.yaml } }'),
      '/m.yaml': manifest.replace('tools', 'tolls'),
    };
    const { problems } = await readConfig(disk(files));
    expect(problems[1]).toMatchObject({ file: '/m.yaml', line: 3, column: 1, hint: 'did you mean "tools"?' });
  });

  test('does not share its tool, nor its name', async () => {
    const files = { '/m.yaml': manifest };
    const two = await readConfig(
      disk({ ...files, [USER]: user('{ a: { manifest: /m.yaml }, b: { manifest: /m.yaml } }') }),
    );
    expect(two.problems).toMatchObject([
      { file: USER, message: 'the tool "t" is answered by two repeaters, a and b' },
    ]);
    const own = await readConfig(
      disk({
        ...files,
        [USER]: user('{ a: { manifest: /m.yaml }, b: { manifest: /m.yaml, tools: [t-b] } }'),
      }),
    );
    expect(own.problems).toEqual([]);
    const named = await readConfig(
      disk({ ...files, [USER]: user('\n  a: { manifest: /m.yaml }\n  a: { manifest: /m.yaml }') }),
    );
    expect(named.problems).toMatchObject([
      { file: USER, line: 4, message: expect.stringContaining('twice') },
    ]);
  });
});

describe('a project file', () => {
  const user = 'version: 1\nrules: [{ id: all, allow: "aws.**" }]\nlimits: { calls: 100/session }';

  test.each(['/project/turret.yaml', '/project/.turret/turret.yaml'])('%s narrows', async (path) => {
    const config = await loadConfig(
      disk({
        [USER]: user,
        [path]: {
          text: 'version: 1\nrules: [{ deny: "aws.s3.rm" }]\nlimits: { calls: 9/session }',
          mode: 0o666,
          uid: 7,
        },
      }),
    );
    const policy = compile(config.policy);
    expect(decide(policy, request('aws.s3.rm'))).toMatchObject({
      effect: 'deny',
      rule: { id: 'project-line-2', layer: 'project', file: path },
    });
    expect(decide(policy, request('aws.s3.ls')).effect).toBe('allow');
    expect(config.policy.limits).toEqual([
      { calls: 100, layer: 'user' },
      { calls: 9, layer: 'project' },
    ]);
  });

  test('does not widen', async () => {
    const config = await loadConfig(
      disk({ [USER]: user, '/project/turret.yaml': 'version: 1\nrules: [{ allow: "**" }]' }),
    );
    expect(decide(compile(config.policy), request('gh.pr.merge')).effect).toBe('deny');
  });

  test.each([
    'extends: [preset:none]',
    'isolation: none',
    'min_isolation: none',
    'env: { pass: [X] }',
    'home: { allow: [x] }',
    'repeaters: { aws: {} }',
  ])('cannot set %s', async (line) => {
    const { problems } = await readConfig(
      disk({ [USER]: user, '/project/turret.yaml': `version: 1\n${line}` }),
    );
    expect(problems).toMatchObject([
      { line: 2, message: expect.stringContaining('cannot be set in a project file') },
    ]);
  });

  test('is not one when it is the file named by --config', async () => {
    const config = await loadConfig(
      disk({ '/project/turret.yaml': 'version: 1\nrepeaters: { aws: {} }' }, { configFile: './turret.yaml' }),
    );
    expect(config.sources.map((source) => source.layer)).toEqual(['user']);
  });

  test('cannot stand beside a second one, nor take the id of a user rule', async () => {
    const both = await readConfig(
      disk({ '/project/turret.yaml': 'version: 1', '/project/.turret/turret.yaml': 'version: 1' }),
    );
    expect(both.problems[0]?.message).toContain('second project file');
    const taken = await readConfig(
      disk({ [USER]: user, '/project/turret.yaml': 'version: 1\nrules: [{ id: all, deny: "gh.**" }]' }),
    );
    expect(taken.problems[0]).toMatchObject({
      file: '/project/turret.yaml',
      message: expect.stringContaining('is taken by'),
    });
  });
});
