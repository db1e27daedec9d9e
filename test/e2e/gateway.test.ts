// Programs with a base URL and a key that is none: the official clients under `turret run`, against an upstream that checks
// the real key. What they ask for is decided on, counted and in the log.

import { createHash } from 'node:crypto';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { EVENT_MS, FAKE_LLM_KEY, type FakeLlm, startFakeLlm } from '../fakes/llm.js';
import { lastRecords } from '../helpers/turret.js';
import { World } from '../helpers/turret-world.js';

const TEXT = 'The quick brown fox';
let fake: FakeLlm;
let world: World;
/** The program with its packages in one file: nothing of this checkout need be visible in the sandbox. */
let bundled: string;

const config = (more = ''): string => `version: 1
extends: []
gateway: [anthropic, openai]
repeaters:
  http:
    upstreams:
      anthropic: { endpoint: "${fake.url}", prices: { "*": { input: 1000, output: 2000 } } }
      openai: { endpoint: "${fake.url}", secret: "file:openai.key", max_tokens: 800, prices: { "fake-*": { input: 1000, output: 2000 } } }
${more}
rules:
  - id: models
    allow: [http.openai.get]
    where: { path: /v1/models }
  - id: echo
    allow: [http.anthropic.get]
    where: { path: /echo-key }
  - id: one-model
    allow: ["http.*.post"]
    where: { api: { exists: true }, model: fake-1, max_tokens: { range: { max: 1000 } } }
  - id: counting
    allow: [http.anthropic.post]
    where: { path: /v1/messages/count_tokens, model: fake-1 }
`;

async function openWorld(more = ''): Promise<void> {
  world = new World(config(more));
  world.env['ANTHROPIC_API_KEY'] = FAKE_LLM_KEY;
  writeFileSync(join(world.root, 'openai.key'), `${FAKE_LLM_KEY}\n`, { mode: 0o600 });
  copyFileSync(join(bundled, 'client.mjs'), join(world.workspace, 'client.mjs'));
}

async function client(calls: string[], options: string[] = []): Promise<Record<string, unknown>> {
  const ran = await world.run([process.execPath, 'client.mjs', ...calls], options);
  expect({ code: ran.code, stderr: ran.stderr }).toMatchObject({ code: 0 });
  return JSON.parse(ran.stdout.toString()) as Record<string, unknown>;
}

const home = () => ({
  directory: world.home,
  workspace: world.workspace,
  state: world.state,
  remove: () => {},
});
const records = (type: string) => lastRecords(home()).filter((record) => record.type === type);

beforeAll(async () => {
  fake = await startFakeLlm();
  bundled = mkdtempSync(join(tmpdir(), 'turret-client-'));
  await build({
    entryPoints: ['test/fixtures/llm-client.mjs'],
    outfile: join(bundled, 'client.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    logLevel: 'silent',
  });
});
afterAll(async () => {
  await fake.close();
  rmSync(bundled, { recursive: true });
});
afterEach(() => {
  world.close();
  fake.requests.splice(0);
});

describe('the official clients', () => {
  test('work unchanged, each request with the real key upstream, decided on and counted', async () => {
    await openWorld();
    const calls = [
      'anthropic',
      'anthropicStream',
      'anthropicCount',
      'chat',
      'chatStream',
      'responses',
      'responsesStream',
      'models',
    ];
    const said = await client(calls);
    expect(said).toMatchObject({
      anthropic: { text: TEXT, usage: { output_tokens: 4 } },
      anthropicStream: { text: TEXT, final: 4 },
      anthropicCount: 12,
      chat: TEXT,
      chatStream: { text: TEXT },
      responses: TEXT,
      responsesStream: { text: TEXT },
      models: ['fake-1'],
    });
    // Each event when it was written, not all of them at the end.
    for (const stream of ['anthropicStream', 'chatStream', 'responsesStream'] as const) {
      const { gaps } = said[stream] as { gaps: number[] };
      expect(gaps).toHaveLength(3);
      expect(gaps.reduce((sum, gap) => sum + gap, 0)).toBeGreaterThan(2 * EVENT_MS);
    }
    expect(fake.requests.map(({ key }) => key)).toEqual([
      ...['x-api-key', 'x-api-key', 'x-api-key'],
      ...['bearer', 'bearer', 'bearer', 'bearer', 'bearer'],
    ]);
    expect(JSON.stringify(fake.requests)).not.toMatch(/trb_|x-stainless/);
    expect(JSON.parse(fake.requests[3]?.body ?? '')).toMatchObject({ max_completion_tokens: 800 });
    expect(records('call.decided').map(({ effect, rule }) => `${String(effect)} ${String(rule)}`)).toEqual([
      ...['allow one-model', 'allow one-model', 'allow counting'],
      ...['allow one-model', 'allow one-model', 'allow one-model', 'allow one-model', 'allow models'],
    ]);
    const usage = records('call.usage').map(({ model, input, cached, output, usd }) => ({
      model,
      input,
      cached,
      output,
      usd,
    }));
    expect(usage).toEqual([
      ...Array.from({ length: 2 }, () => ({
        model: 'fake-1',
        input: 12,
        cached: 5,
        output: 4,
        usd: 0.025,
      })),
      ...Array.from({ length: 4 }, () => ({ model: 'fake-1', input: 10, cached: 5, output: 4, usd: 0.023 })),
    ]);
    expect((await world.turret('audit')).stdout.toString()).toContain(
      'models    6 answers, 64 tokens in, 30 from a cache, 24 out, 0.1420 USD',
    );
  });

  test('and nobody else see the key, although the upstream sends it back', async () => {
    await openWorld();
    const script =
      'turret call http.openai.get path=/v1/models include:=true; turret call http.anthropic.get path=/echo-key include:=true; env';
    const ran = await world.run(['sh', '-c', script]);
    expect(ran.stdout.toString()).toContain('x-request-id: [redacted by turret]');
    expect(ran.stdout.toString()).toContain('"x-api-key":"[redacted by turret]"');
    expect(`${ran.stdout.toString()}${ran.stderr}`).not.toContain(FAKE_LLM_KEY);
    expect(records('call.finished').at(-1)).toMatchObject({ outcome: 'done', redacted: 2 });
  });

  test('are told why not, once, and nothing goes upstream', async () => {
    await openWorld();
    const said = await client(['otherModel', 'tooMuch']);
    expect(said).toMatchObject({
      otherModel: {
        status: 403,
        message: expect.stringContaining('denied http.openai.post'),
      },
      tooMuch: { status: 403, message: expect.stringContaining('max_tokens') },
    });
    expect(records('call.decided')).toHaveLength(2);
    expect(fake.requests).toEqual([]);
  });

  test.each(['limits: { tokens: 30/session }', 'limits: { usd: 0.04/session }'])(
    'spend no more than %s',
    async (limit) => {
      await openWorld(limit);
      const said = await client(['responses', 'responsesStream', 'chat']);
      expect(said).toMatchObject({
        responses: TEXT,
        responsesStream: { text: TEXT },
        chat: {
          status: 403,
          message: expect.stringMatching(/the (token|money) budget of this session is used up/),
        },
      });
      expect(fake.requests).toHaveLength(2);
    },
  );

  test('that hang up have the upstream hung up on, and pay', async () => {
    await openWorld();
    const hungUp = fake.hungUp();
    expect(await client(['hangUp', 'anthropic'])).toMatchObject({
      hangUp: 'hung up',
      anthropic: { text: TEXT },
    });
    await expect.poll(() => fake.hungUp()).toBe(hungUp + 1);
    const [first] = records('call.usage');
    expect(first).toMatchObject({ input: 12, cached: 5, estimated: true });
  });
});

describe('at every level', () => {
  test('has its port, past a proxy, and starts nothing where that is taken; what it keeps of the bearer opens nothing', async () => {
    await openWorld();
    world.env['HTTPS_PROXY'] = 'http://127.0.0.1:9';
    const script =
      'env; cat /run/turret/gateway.json; echo; /run/turret/with-gateway echo started; echo "ended with $?"';
    const ran = await world.run(['sh', '-c', script]);
    const said = ran.stdout.toString();
    const [, bearer = ''] = /^ANTHROPIC_API_KEY=(trb_[0-9a-f]{64})$/m.exec(said) ?? [];
    expect(said).toContain(`OPENAI_API_KEY=${bearer}\n`);
    expect(said).toContain('NO_PROXY=127.0.0.1\n');
    expect(said.split(bearer)).toHaveLength(3);
    expect(said).toContain(`"bearer_sha256":"${createHash('sha256').update(bearer).digest('hex')}"`);
    expect(said).not.toContain('started');
    expect(said).toContain('ended with 125');
    expect(ran.stderr).toMatch(/turret: error: the gateway cannot start: listen EADDRINUSE/);
  });

  test.each([['--isolation=strict'], ['--isolation=landlock'], ['--isolation=none']])(
    '%s',
    async (option) => {
      await openWorld();
      expect(await client(['anthropicStream'], [option])).toMatchObject({ anthropicStream: { text: TEXT } });
      expect(fake.requests.map(({ key }) => key)).toEqual(['x-api-key']);
    },
  );

  test('a secret that is missing is named, and nothing else is', async () => {
    await openWorld();
    delete world.env['ANTHROPIC_API_KEY'];
    const said = await client(['anthropic', 'chat']);
    expect(said).toMatchObject({
      anthropic: { status: 500, message: expect.stringContaining('env:ANTHROPIC_API_KEY') },
      chat: TEXT,
    });
  });
});
