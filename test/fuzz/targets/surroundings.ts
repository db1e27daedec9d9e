// What comes from around a session: the user's environment, the files of other CLIs, the agent's git checkout, tools that a
// manifest declares.

import { deepEqual, equal, ok } from 'node:assert/strict';
import * as fc from 'fast-check';

import { resolveRequest } from '../../../repeaters/host/resolve-request.js';
import { chooseRepo, parseRemotes } from '../../../repeaters/gh/resolve/remotes.js';
import { checkJq, checkTemplate } from '../../../repeaters/gh/resolve/programs.js';
import { carriedPath } from '../../../repeaters/gh/resolve/paths.js';
import { checkPath } from '../../../repeaters/aws/resolve/files.js';
import { screenWords } from '../../../repeaters/aws/resolve/words.js';
import { secretShape } from '../../../src/platform/secret-shape.js';
import { agentEnvironment } from '../../../src/session/environment.js';
import { parseAwsProfiles } from '../../../src/setup/aws-profiles.js';
import { parseGhHosts } from '../../../src/setup/gh-hosts.js';
import { pieced, word } from '../arbitraries/text.js';
import { checkAnswer } from '../answers.js';
import { counter, type FuzzTarget, refusedOr } from '../target.js';

const TOKEN = 'ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8';
const names = fc.oneof(
  fc.constantFrom('HOME', 'PATH', 'TERM', 'TURRET_TOKEN', 'GH_TOKEN', 'AWS_SECRET_ACCESS_KEY', 'HTTP_PROXY', 'MY_KEY', 'LC_ALL', '__proto__', 'FOO'),
  pieced(['MY', '_', 'TOKEN', 'Key', 'TURRET_', '*', 'a'], 4),
); // prettier-ignore
const ini = pieced([
  '[default]',
  '[profile a]',
  '[profile "b c"]',
  '[sso-session x]',
  '[',
  ']',
  '\n',
  '\r\n',
  ' ',
  'region',
  ' = ',
  'us-east-1',
  'aws_secret_access_key',
  '#',
  ';',
  's3 =\n  x = y',
  '__proto__',
  'profile',
]);
const yml = pieced([
  'github.com',
  'ghe.example',
  ':',
  '\n',
  '    oauth_token: ',
  'gho_x',
  '  user: ',
  '"',
  "'",
  'users:\n',
  '__proto__:\n',
  '\t',
  '#',
]);
const paths = fc.oneof(
  word,
  pieced(
    [
      '/',
      '/',
      '..',
      '.',
      'a',
      '.git',
      '/tmp',
      '/proc',
      '/home/agent/work',
      '~',
      '$HOME',
      '\\',
      '-x',
      'tmp',
      '\u00fc',
    ],
    7,
  ),
);

const TOOL = {
  name: 'deploy',
  tools: ['deploy'],
  actions: [
    {
      name: 'service',
      params: {
        type: 'object',
        properties: {
          name: { type: 'string' },
          count: { type: 'integer' },
          ratio: { type: 'number' },
          dry_run: { type: 'boolean' },
          tags: { type: 'array', items: { type: 'string' } },
          sizes: { type: 'array', items: { type: 'integer' } },
        },
      },
    },
    { name: 'deploy.all' },
  ],
};
const options = fc.constantFrom(
  '--name',
  '--count',
  '--ratio',
  '--dry-run',
  '--tags',
  '--sizes',
  '--__proto__',
  '--constructor',
  '--name=',
  '--count=',
);
const numbers = fc.oneof(
  fc.constantFrom('5', '-0', '99999999999999999999', '9'.repeat(400), '0.1', '-9007199254740993'),
  fc.integer().map(String),
);

const [passed, requests, carried, programs, chosen] = [counter(), counter(), counter(), counter(), counter()];

export const SURROUNDINGS: FuzzTarget[] = [
  {
    name: 'session/environment',
    claim:
      'the agent gets only what is on a list, and no value with a token in it unless that name was called unsafe',
    cases: 1500,
    taken: passed.taken,
    property: fc.property(fc.dictionary(names, fc.oneof(word, word.map((text) => `${text} ${TOKEN}`))), fc.array(names, { maxLength: 3 }), fc.array(names, { maxLength: 2 }), (from, pass, unsafe) => {
      const result = refusedOr(['env_refused'], () => agentEnvironment({ from, pass, unsafe }));
      if (!result) return;
      passed.add();
      for (const [name, value] of Object.entries(result.env)) {
        equal(value, from[name]);
        ok(!name.startsWith('TURRET_'));
        if (value.includes(TOKEN)) ok(unsafe.includes(name), name);
      }
      ok(secretShape('FOO', `${from['HOME'] ?? ''} ${TOKEN}`) !== undefined);
    }), // prettier-ignore
  },
  {
    name: 'setup/aws-profiles',
    claim: 'any config and credentials files give names of profiles and nothing else of what is in them',
    cases: 1000,
    property: fc.property(ini, ini, (config, credentials) => {
      for (const { name, settings, region } of parseAwsProfiles({ config, credentials })) {
        ok(name !== '' && !name.includes('\n') && !name.includes(']'));
        for (const setting of settings) ok(/^[a-z0-9_.-]+$/.test(setting));
        ok(region === undefined || /^[a-z0-9-]+$/.test(region));
      }
    }),
  },
  {
    name: 'setup/gh-hosts',
    claim: 'any hosts.yml gives names of hosts and nothing else of what is in it',
    cases: 1000,
    property: fc.property(yml, (text) => {
      for (const { host } of parseGhHosts(text)) ok(/^[a-z0-9][a-z0-9.-]*$/.test(host));
    }),
  },
  {
    name: 'gh/checkout',
    claim: "any answer of the agent's git names a repository of the host or is refused",
    cases: 1000,
    taken: chosen.taken,
    property: fc.property(
      fc.oneof(
        fc
          .array(
            fc.tuple(
              fc.constantFrom('origin', 'upstream', 'x'),
              fc.oneof(fc.constantFrom('git@github.com:a/b.git', 'https://github.com/c/d', 'ssh://git@evil.example/x/y', 'git@github.com:../x', 'https://u:p@github.com/E/F'), word),
              fc.constantFrom('fetch', 'push', 'fetch) [blob:none]'),
            ).map(([name, url, use]) => `${name}\t${url} (${use}${use.endsWith(']') ? '' : ')'}\n`),
            { maxLength: 3 },
          )
          .map((some) => some.join('')),
        pieced(['origin', '\t', 'git@github.com:a/b.git', ' (fetch)\n', ' (push)\n', '[blob:none]', '..', '%']),
      ),
      fc.oneof(
        fc.constantFrom('', '', 'remote.origin.gh-resolved base\n', 'remote.x.gh-resolved a/..'),
        pieced(['remote.origin.gh-resolved ', 'base', 'x/y', 'x/..', '\n', ' ', 'remote.'], 5),
      ),
      (text, resolved) => {
        const remotes = parseRemotes(text, 'github.com');
        const repo = refusedOr(['unresolvable'], () => chooseRepo({ remotes, resolved, host: 'github.com' }));
        if (repo === undefined) return;
        chosen.add();
        ok(/^[a-z0-9_-]+\/[a-z0-9._-]+$/.test(repo) && !repo.endsWith('/..'));
      },
    ), // prettier-ignore
  },
  {
    name: 'gh/programs',
    claim: 'a program that uses env is refused wherever it stands, and any text is answered',
    cases: 1000,
    taken: programs.taken,
    property: fc.property(
      fc.array(fc.tuple(fc.constantFrom('.', '.a', '"text"', '"\\(.a)"', '1', '[.b]', '{c:.d}', '.["x"]', '(.e)', '"\\"" ', '"\\\\"', '# c\n.'), fc.constantFrom('|', ',', ' + ', '//')), { maxLength: 8 }),
      fc.nat(8),
      fc.boolean(),
      pieced(['env', '$ENV', '$ ', '"', '\\(', ')', '#', '\\\n', '\n', '.', 'input_filename', '{{', '}}', '/*', '*/', '`', "'", 'range', ' ']),
      (parts, at, inText, any) => {
        const words = parts.map(([text, sign]) => text + sign);
        checkJq(`${words.join('')}.`);
        programs.add();
        words.splice(at, 0, inText ? '"\\(env)"|' : 'env|');
        ok(refusedOr(['unresolvable'], () => (checkJq(`${words.join('')}.`), 'taken')) === undefined, words.join(''));
        refusedOr(['unresolvable'], () => checkJq(any));
        refusedOr(['unresolvable'], () => checkTemplate(any));
      },
    ), // prettier-ignore
  },
  {
    name: 'paths/local',
    claim: 'a local path is refused or stays below the working directory or /tmp, and reads as itself again',
    cases: 2000,
    taken: carried.taken,
    property: fc.property(paths, fc.constantFrom('read' as const, 'write' as const), fc.boolean(), (raw, use, tree) => {
      const cwd = '/home/agent/work';
      const both = [
        refusedOr(['unresolvable'], () => {
          screenWords([raw]);
          return checkPath(raw, { cwd, use, tree });
        }),
        refusedOr(['unresolvable'], () => carriedPath(raw, { cwd, what: 'it' })),
      ];
      for (const path of both) {
        if (path === undefined) continue;
        carried.add();
        ok(path.startsWith('/tmp/') || !path.startsWith('/'), path);
        ok(!path.split('/').includes('..') && !/^[~-]|[$\\\0]/.test(path), path);
      }
      if (both[0] !== undefined) equal(checkPath(both[0], { cwd, use, tree }), both[0]);
      if (both[1] !== undefined) equal(carriedPath(both[1], { cwd, what: 'it' }), both[1]);
    }), // prettier-ignore
  },
  {
    name: 'host/words',
    claim:
      'a command line of a declared tool is refused or becomes params of the declared types, which the broker takes',
    cases: 1500,
    taken: requests.taken,
    property: fc.property(
      fc.constantFrom(['service'], ['all'], []),
      fc.array(fc.tuple(options, fc.oneof(numbers, word)), { maxLength: 4 }),
      fc.boolean(),
      (words, given, joined) => {
        const argv = [...words, ...given.flatMap(([name, value]) => (joined ? [`${name}=${value.toWellFormed()}`] : [name, value.toWellFormed()]))];
        const result = refusedOr(['unresolvable', 'no_such_action'], () => resolveRequest({ tool: 'deploy', argv, cwd: '/w' }, TOOL));
        if (!result || !('capabilities' in result)) return;
        requests.add();
        checkAnswer(result, 'deploy', 'any text');
        const again = resolveRequest({ action: result.capabilities[0]?.action ?? '', params: result.capabilities[0]?.params ?? {} }, TOOL);
        deepEqual(again, result);
      },
    ), // prettier-ignore
  },
];
