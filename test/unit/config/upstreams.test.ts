import { describe, expect, test } from 'vitest';

import { loadConfig, readConfig } from '../../../src/config/load.js';
import { disk } from './texts.js';

const USER = '/home/ann/.config/turret/turret.yaml';
const load = (text: string) => loadConfig(disk({ [USER]: `version: 1\n${text}` }));
const problems = async (text: string): Promise<string[]> => {
  const found = await readConfig(disk({ [USER]: `version: 1\n${text}` }));
  return found.problems.map(
    ({ message, hint, line }) => `${line ?? ''}: ${message}${hint === undefined ? '' : ` (${hint})`}`,
  );
};
const upstream = (block: string): string => `repeaters: { http: { upstreams: { ${block} } } }`;

describe('upstreams', () => {
  test('that everybody has need only be named', async () => {
    const { repeaters } = await load(
      upstream('openai: {}, own: { host: api.example.com, base: /v2, secret: "env:OWN" }'),
    );
    expect(repeaters['http']?.upstreams).toEqual({
      openai: {
        origin: 'https://api.openai.com',
        base: '',
        auth: 'bearer',
        secret: 'env:OPENAI_API_KEY',
        api: 'openai',
      },
      own: { origin: 'https://api.example.com', base: '/v2', auth: 'bearer', secret: 'env:OWN' },
    });
  });

  test('can be elsewhere, with a key of another form and place, or none', async () => {
    const { repeaters } = await load(
      upstream(
        'openai: { endpoint: "http://127.0.0.1:11434", auth: none }, anthropic: { auth: bearer, secret: "file:~/key" }',
      ),
    );
    expect(repeaters['http']?.upstreams).toMatchObject({
      openai: { origin: 'http://127.0.0.1:11434', auth: 'none' },
      anthropic: { origin: 'https://api.anthropic.com', auth: 'bearer', secret: 'file:~/key' },
    });
    expect(repeaters['http']?.upstreams?.['openai']).not.toHaveProperty('secret');
  });

  test.each([
    [
      'no host',
      'opneai: { secret: "env:A" }',
      '2: the upstream "opneai" needs a host (did you mean "openai"?)',
    ],
    [
      'no secret',
      'own: { host: h }',
      '2: the upstream "own" needs a secret (write secret: env:NAME, or auth: none)',
    ],
    ['a secret in its place', 'openai: { secret: sk-123 }', '2: this does not say where a secret is'],
    [
      'an alias that is no word',
      'Open-AI: { host: h, auth: none }',
      '2: "Open-AI" cannot be the alias of an upstream',
    ],
    [
      'a secret over http',
      'openai: { endpoint: "http://10.0.0.5" }',
      '2: over http the secret could be read on its way',
    ],
    [
      'a path in the endpoint',
      'openai: { endpoint: "https://h/v1" }',
      '2: an endpoint has no path (write it as base)',
    ],
    ['a base with dots', 'openai: { base: /v1/../x }', '2: "/v1/../x" is not a base path'],
    ['a form nobody knows', 'openai: { auth: digest }', '2: "digest" is not a form of authentication'],
    ['a key nobody knows', 'openai: { model: x }', '2: unknown key "model"'],
  ])('with %s are refused', async (_what, block, message) => {
    expect(await problems(upstream(block))).toEqual([expect.stringContaining(message)]);
  });
});

describe('the gateway', () => {
  test('of what everybody has needs nothing else', async () => {
    const config = await load('gateway: [anthropic, github]');
    expect(config.gateway).toEqual([
      { alias: 'anthropic', action: 'http.anthropic', api: 'anthropic' },
      { alias: 'github', action: 'http.github' },
    ]);
    expect(Object.keys(config.repeaters)).toEqual(['aws', 'gh', 'http']);
  });

  test('serves what some http repeater has', async () => {
    const config = await load(
      'gateway: [own, openai]\nrepeaters: { work: { kind: http, upstreams: { own: { host: h, auth: none, api: openai } } } }',
    );
    expect(config.gateway).toEqual([
      { alias: 'own', action: 'work.own', api: 'openai' },
      { alias: 'openai', action: 'http.openai', api: 'openai' },
    ]);
  });

  test.each([
    ['an alias nobody has', 'gateway: [opnai]', 'there is no upstream "opnai" (did you mean "openai"?)'],
    [
      'an alias two have',
      'gateway: [own]\nrepeaters: { a: { kind: http, upstreams: { own: { host: h, auth: none } } }, b: { kind: http, upstreams: { own: { host: g, auth: none } } } }',
      'several repeaters have an upstream "own"',
    ],
    [
      'a name that is taken by another kind',
      'gateway: [openai]\nrepeaters: { http: { kind: echo } }',
      'there is no upstream "openai"',
    ],
  ])('of %s is refused', async (_what, text, message) => {
    expect(await problems(text)).toEqual([expect.stringContaining(message)]);
  });

  test('is not for a project file', async () => {
    const files = { [USER]: 'version: 1', '/project/turret.yaml': 'version: 1\ngateway: [openai]' };
    const { problems: found } = await readConfig(disk(files));
    expect(found).toMatchObject([
      { message: expect.stringContaining('gateway cannot be set in a project file') },
    ]);
  });
});

describe('a budget in dollars', () => {
  test('needs prices for every model there is', async () => {
    const text = 'gateway: [openai]\nlimits: { usd: 2.50/session, tokens: 200k/session }';
    expect(await problems(text)).toEqual([expect.stringContaining('no prices for the upstream "openai"')]);
    const config = await load(
      `${text}\n${upstream('openai: { prices: { "gpt-*": { input: 1, output: 2 } } }')}`,
    );
    expect(config.policy.limits).toMatchObject([{ usd: 2.5, tokens: 200_000 }]);
  });
  test.each(['usd: 5', 'usd: 1e3/session', 'usd: -1/session', 'tokens: 5/m', 'tokens: 1.5k/session'])(
    'is not written as %s',
    async (limit) => {
      expect(await problems(`limits: { ${limit} }`)).toHaveLength(1);
    },
  );
});
