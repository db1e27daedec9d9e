import { describe, expect, test } from 'vitest';
import { parseConfigFile } from '../../../src/config/parse.js';
import { CONFIG_BYTES_MAX } from '../../../src/protocol/limits.js';
import { parse, problemsOf } from './texts.js';

describe('a file', () => {
  test('becomes rules with their places', () => {
    const text = `version: 1
extends: [preset:aws-readonly]
limits: { calls: 500/session, rate: 60/m burst 20 }
rules:
  - id: team
    allow: [aws.s3.get_object]
    except: "*.s3.rm"
    where: { bucket: { in: [a] }, key: { path: "r/**" }, force: false, $kind: aws, $readOnly: true }
    limit: { bytes_out: 1KB/session }
  - deny: "**"
    where: { bucket: { glob: [p-*, q-*] } }
`;
    const { value, problems } = parse(text);
    expect(problems).toEqual([]);
    expect(value?.presets).toEqual(['aws-readonly']);
    expect(value?.limit).toEqual({ calls: 500, rate: { count: 60, period_ms: 60_000, burst: 20 } });
    expect(JSON.parse(JSON.stringify(value?.rules))).toEqual([
      {
        id: 'team',
        effect: 'allow',
        actions: ['aws.s3.get_object'],
        except: ['*.s3.rm'],
        where: {
          bucket: { in: ['a'] },
          key: { path: ['r/**'] },
          force: { eq: false },
          $kind: { eq: 'aws' },
          $readOnly: { eq: true },
        },
        limit: { bytes_out: 1_000 },
        layer: 'user',
        file: 'turret.yaml',
        line: 5,
      },
      {
        id: 'line-10',
        effect: 'deny',
        actions: ['**'],
        where: { bucket: { glob: ['p-*', 'q-*'] } },
        layer: 'user',
        file: 'turret.yaml',
        line: 10,
      },
    ]);
  });

  test('may be JSON', () => {
    expect(parse('{"version": 1, "rules": [{"allow": "aws.**"}]}').value?.rules).toHaveLength(1);
  });

  test('becomes repeaters, with the name as kind and without secrets', () => {
    const { value } = parse(`version: 1
repeaters:
  aws: { credentials: "profile:dev", region: us-east-1, endpoint: "http://127.0.0.1:4566", profiles: [dev] }
  prod: { kind: aws, credentials: vault:prod }
  db: { command: [python3, db.py], profile: line, secrets: [DATABASE_URL], actions: [{ name: query, params: { type: object, properties: { sql: { type: string } } } }] }
`);
    expect(value?.repeaters?.['aws']).toMatchObject({
      name: 'aws',
      kind: 'aws',
      credentials: 'profile:dev',
      endpoint: 'http://127.0.0.1:4566',
    });
    expect(value?.repeaters?.['prod']).toMatchObject({ name: 'prod', kind: 'aws' });
    expect(value?.repeaters?.['db']).toMatchObject({
      name: 'db',
      kind: 'db',
      command: ['python3', 'db.py'],
      secrets: ['DATABASE_URL'],
    });
  });
});

describe('secrets of a repeater', () => {
  const repeater = (secrets: string) =>
    parse(`version: 1\nrepeaters: { db: { command: [x], secrets: ${secrets} } }`);

  test('are names, and may have a place each', () => {
    const { value, problems } = repeater('{ A: vault:a, B: "cmd:pass show b", C: env:OTHER }');
    expect(problems).toEqual([]);
    expect(value?.repeaters?.['db']).toMatchObject({
      secrets: ['A', 'B', 'C'],
      secretSources: { A: 'vault:a', B: 'cmd:pass show b', C: 'env:OTHER' },
    });
    expect(repeater('[A, B]').value?.repeaters?.['db']).not.toHaveProperty('secretSources');
  });
  test.each([
    ['{ A: hunter2canary }', 'this does not say where a secret is'],
    ['{ A: profile:x }', 'this does not say where a secret is'],
    ['{ A: "cmd:pass show x | head -1" }', 'this command would need a shell'],
    ['{ hunter2-canary: vault:a }', 'not the name of an environment variable'],
    ['{ A: 7 }', 'expected where a secret is'],
    ['hunter2canary', 'expected a list or a map'],
  ])('%s are refused, and what may be a secret is not repeated', (secrets, message) => {
    const { problems } = repeater(secrets);
    expect(problems.map((problem) => problem.message).join()).toContain(message);
    expect(JSON.stringify(problems)).not.toContain('hunter2');
  });
});

describe('a problem has its line, its column and the nearest key', () => {
  test.each<[string, string[]]>([
    ['', ['-:- the file is empty (begin with version: 1)']],
    ['# only words\n', ['-:- the file is empty (begin with version: 1)']],
    ['- a', ['1:1 expected a map, found a list']],
    ['rules: []', ['1:1 version is missing']],
    ['version: 2', ['1:10 must be at most 1']],
    ['version: "1"', ['1:10 expected a number, found a text']],
    ['version: 1\nrulez: []', ['2:1 unknown key "rulez" (did you mean "rules"?)']],
    [
      'version: 1\nrepeaters:\n  aws: { regoin: us-east-1 }',
      ['3:10 unknown key "regoin" (did you mean "region"?)'],
    ],
    [
      'version: 1\nrules:\n  - alow: "**"',
      ['3:5 unknown key "alow" (did you mean "allow"?)', '3:5 a rule needs one of allow, ask, deny'],
    ],
    [
      'version: 1\nrules: [{ allow: "**", where: { $readonly: true } }]',
      ['2:33 unknown key "$readonly" (did you mean "$readOnly"?)'],
    ],
    [
      'version: 1\nrules: [{ allow: "**", where: { $readOnly: yes } }]',
      ['2:44 expected true or false, found a text (write true or false, without quotes)'],
    ],
    [
      'version: 1\nrules: [{ allow: "**", where: { b: { glb: x } } }]',
      ['2:38 unknown key "glb" (did you mean "glob"?)'],
    ],
    [
      'version: 1\nrules: [{ allow: "**", where: { b: [x] } }]',
      ['2:36 a condition is one value or a map of operators (for several values write { in: [a, b] })'],
    ],
    ['version: 1\nrules: [{ allow: "**", where: { b: {} } }]', ['2:36 the condition is empty']],
    ['version: 1\nrules: [{ allow: [] }]', ['2:18 the list is empty']],
    [
      'version: 1\nrules: [{ deny: "**", limit: { calls: 1/session } }]',
      ['2:23 a deny rule grants nothing that could be limited'],
    ],
    [
      'version: 1\nrules: [{ id: x, deny: "**" }, { id: x, allow: "**" }]',
      ['2:1 the id "x" is taken by the rule at turret.yaml:2'],
    ],
    [
      'version: 1\nextends: [preset:aws-readnly]',
      ['2:11 "preset:aws-readnly" is not a preset (did you mean "preset:aws-readonly"?)'],
    ],
    [
      'version: 1\nisolation: stric',
      [
        '2:12 "stric" is not one of auto, strict, namespaced, landlock, seatbelt, uid, none (did you mean "strict"?)',
      ],
    ],
    ['version: 1\nlimits: { rate: 60 }', ['2:17 expected a rate, found 60 (a text of digits needs quotes)']],
    [
      'version: 1\nenv: { pass: [A*B] }',
      ['2:15 "A*B" is not the name of an environment variable (a * can only be at the end)'],
    ],
    [
      'version: 1\nhome: { allow: [../x] }',
      [
        '2:17 "../x" is not a path below the home directory (write it relative to the home directory, without ~ and without ..)',
      ],
    ],
    [
      'version: 1\nrepeaters: { Aws: {} }',
      [
        '2:14 "Aws" cannot be the name of a repeater (it is the first word of its actions: a-z, 0-9 and _, a letter first)',
        '2:14 no repeater of kind "Aws" comes with turret (did you mean "aws"?)',
      ],
    ],
    [
      'version: 1\nrepeaters: { aws: { endpoint: "ftp://x" } }',
      ['2:31 this is not an http or https URL (write http://127.0.0.1:4566)'],
    ],
    [
      'version: 1\nrepeaters: { db: { command: [x], actions: [{ name: q, params: { type: object, pattern: x } }] } }',
      ['2:63 unknown keyword "pattern"'],
    ],
    [
      'version: 1\nrepeaters: { aws: { sandbox: { net: none } }, gh: { sandbox: required }, db: { command: [x], sandbox: { net: none } } }',
      [
        '2:21 what a sandbox reaches is for repeaters with a command (for aws, gh and db write sandbox: auto, required or off)',
      ],
    ],
  ])('%j', (text, expected) => {
    expect(problemsOf(text)).toEqual(expected);
  });

  test('all problems at once', () => {
    expect(problemsOf('version: 3\nfoo: 1\nisolation: maybe\nrules: [{ allow: "a:b" }, 7]')).toHaveLength(5);
  });

  test.each(['AKIAIOSFODNN7EXAMPLE', 'hunter2'])('and never repeats what may be a secret: %s', (secret) => {
    for (const block of [
      `{ credentials: ${secret} }`,
      `{ endpoint: "https://u:${secret}@h" }`,
      `{ command: [x], secrets: ["${secret}="] }`,
      secret,
    ]) {
      const problems = problemsOf(`version: 1\nrepeaters:\n  aws: ${block}\n`);
      expect(problems).not.toEqual([]);
      expect(problems.join()).not.toContain(secret);
    }
  });
});

describe('what YAML can do beyond JSON is refused', () => {
  test.each([
    ['an anchor', 'version: &v 1', 'anchors and aliases'],
    ['an alias', 'version: 1\nlimits: *x', 'alias'],
    ['a tag', 'version: !!int "1"', 'tags'],
    ['an own tag', 'version: !x 1', 'tag'],
    ['a merge key', 'version: 1\n<<: { rules: [] }', 'unknown key "<<"'],
    ['a directive', '%YAML 1.1\n---\nversion: 1', 'directives'],
    ['two documents', 'version: 1\n---\nversion: 1', 'multiple documents'],
    ['a key twice', 'version: 1\nversion: 1', 'there twice'],
    ['a key that is no text', 'version: 1\n1: 2', 'a key must be a text'],
    ['a key that is a list', 'version: 1\n? [a]\n: 2', 'a key must be a text'],
    [
      'a number that is rounded',
      'version: 1\nrules: [{ allow: "**", where: { account: 12345678901234567890 } }]',
      'cannot be kept exactly',
    ],
    ['infinity', 'version: .inf', 'cannot be kept exactly'],
    ['bad syntax', 'version: [1', 'flow'],
  ])('%s', (_name, text, message) => {
    expect(problemsOf(text).join('\n')).toContain(message);
    expect(parse(text).value).toBeUndefined();
  });

  test('words that YAML 1.1 took for booleans and dates are texts', () => {
    const { value } = parse(
      'version: 1\nrules: [{ allow: "**", where: { a: yes, b: 2020-01-01, c: 1_000 } }]',
    );
    expect({ ...value?.rules[0]?.where }).toEqual({
      a: { eq: 'yes' },
      b: { eq: '2020-01-01' },
      c: { eq: '1_000' },
    });
  });
});

describe('hostile bytes', () => {
  test('too many, or not UTF-8', () => {
    expect(
      parseConfigFile(new Uint8Array(CONFIG_BYTES_MAX + 1).fill(0x20), 'f', 'user').problems[0]?.message,
    ).toContain('larger');
    expect(parseConfigFile(new Uint8Array([0x76, 0xff]), 'f', 'user').problems[0]?.message).toContain(
      'UTF-8',
    );
  });

  test.each([
    ['brackets', '['.repeat(100_000)],
    ['braces', '{a: '.repeat(60_000)],
    ['dashes', '- '.repeat(100_000)],
    ['question marks', '? '.repeat(100_000)],
    ['indentation', Array.from({ length: 700 }, (_, depth) => `${' '.repeat(depth)}a:\n`).join('')],
    ['many keys', Array.from({ length: 30_000 }, (_, key) => `k${key}:\n`).join('')],
    ['many problems', `version: 1\nrules:\n${'- 1\n'.repeat(19_000)}`],
    ['long text', `version: 1\nrules: [{allow: "${'a.'.repeat(100_000)}"}]`],
  ])(
    '%s end in problems',
    (_name, text) => {
      expect(parse(text).problems.length).toBeGreaterThan(0);
    },
    30_000,
  );

  test('a key called __proto__ is a key like any other', () => {
    expect(problemsOf('version: 1\n__proto__: { rules: [] }')[0]).toContain('unknown key "__proto__"');
    const { value } = parse('version: 1\nrules: [{ allow: "**", where: { __proto__: { eq: 1 } } }]');
    expect(Object.keys(value?.rules[0]?.where ?? {})).toEqual(['__proto__']);
  });
});
