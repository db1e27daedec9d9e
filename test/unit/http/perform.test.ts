// The repeater's requests against an upstream on loopback that checks keys, and one that misbehaves.

import { PassThrough, Readable, Writable } from 'node:stream';

import type { Agent } from 'undici';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { createAgent, performHttp } from '../../../repeaters/http/perform.js';
import { resolveHttp } from '../../../repeaters/http/resolve.js';
import { type Upstream, readUpstreams } from '../../../repeaters/http/upstreams.js';
import type { Run } from '../../../repeaters/sdk/types.js';
import { completeUpstreams } from '../../../src/config/upstreams.js';
import type { Capability, Json, Params, Usage } from '../../../src/protocol/messages.js';
import { FAKE_LLM_KEY, type FakeLlm, startFakeLlm } from '../../fakes/llm.js';

let fake: FakeLlm;
let agent: Agent;
let upstreams: Map<string, Upstream>;
const CLOSED_PORT = 9;
const ANSWER_BYTES_MAX = 8 * 1_048_576;

beforeAll(async () => {
  fake = await startFakeLlm();
  agent = createAgent();
  const at = { endpoint: fake.url, secret: 'env:KEY' };
  const blocks = {
    anthropic: { ...at, prices: { 'm-*': { input: 3, output: 15 } } },
    openai: { ...at, max_tokens: 500 },
    gemini: at,
    plain: { ...at, auth: 'header:x-api-key', timeout: 0.3 },
    basic: { ...at, auth: 'basic', secret: 'env:PAIR' },
    query: { ...at, auth: 'query:key', base: '/v1' },
    keyless: { ...at, secret: 'env:NOBODY' },
    plainLlm: { ...at, api: 'openai' as const },
    gone: { ...at, endpoint: `http://127.0.0.1:${CLOSED_PORT}` },
  };
  upstreams = readUpstreams({
    config: { upstreams: completeUpstreams(blocks) as unknown as Json },
    env: { 'env:KEY': FAKE_LLM_KEY, 'env:PAIR': `me:${FAKE_LLM_KEY}` },
  });
});
afterAll(async () => {
  await agent.destroy();
  await fake.close();
});
beforeEach(() => void fake.requests.splice(0));

interface Performed {
  exit: number;
  out: string;
  usage: Usage | undefined;
}
interface Input {
  body?: string | Readable;
  stdout?: Writable;
  signal?: AbortSignal;
}

function resolved(action: string, params: Params): Capability {
  const result = resolveHttp({ action: `http.${action}`, params }, { name: 'http', upstreams });
  const [capability] = 'capabilities' in result ? result.capabilities : [];
  if (capability === undefined) throw new Error('not resolved');
  return capability;
}

async function perform(action: string, params: Params, { body = '', ...io }: Input = {}): Promise<Performed> {
  const parts: Buffer[] = [];
  const stdout = io.stdout ?? new PassThrough().on('data', (chunk: Buffer) => parts.push(chunk));
  let usage: Usage | undefined;
  const run = {
    call: 'c1',
    capabilities: [resolved(action, params)],
    signal: io.signal ?? new AbortController().signal,
    stdin: typeof body === 'string' ? Readable.from(body === '' ? [] : [Buffer.from(body)]) : body,
    stdout,
    stderr: new PassThrough().resume(),
    used: (said: Usage) => void (usage = said),
  } as unknown as Run;
  try {
    const { exit } = await performHttp(run, { agent, upstreams, answerBytesMax: ANSWER_BYTES_MAX });
    return { exit, out: Buffer.concat(parts).toString(), usage };
  } catch (error) {
    throw Object.assign(error as Error, { usage, out: Buffer.concat(parts).toString() });
  }
}
const failure = async (action: string, params: Params, input?: Input) =>
  (await perform(action, params, input).catch((error: unknown) => error)) as Error & {
    code: string;
    usage?: Usage;
  };

const JSON_TYPE = ['content-type: application/json'];
const BODY = JSON.stringify({ model: 'm-1', max_tokens: 9, messages: [] });
const ASK = { headers: JSON_TYPE, model: 'm-1', max_tokens: 9 };

describe('a request', () => {
  test.each([
    ['anthropic', 'x-api-key'],
    ['openai', 'bearer'],
    ['gemini', 'x-goog-api-key'],
    ['basic', 'basic'],
    ['query', 'query'],
  ])('of %s carries the key as its %s', async (alias, key) => {
    const path = alias === 'query' ? '/models' : '/v1/models';
    const { exit, out } = await perform(`${alias}.get`, { path, query: 'limit=1' });
    expect(exit).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ object: 'list' });
    expect(fake.requests).toMatchObject([{ method: 'GET', path: '/v1/models', key }]);
  });

  test('says nothing of the agent but what is on the list', async () => {
    await perform('anthropic.get', {
      path: '/v1/models',
      headers: ['x-api-key: mine', 'authorization: mine', 'accept: a/b'],
    });
    const { headers } = fake.requests[0] ?? {};
    expect(headers).toMatchObject({
      accept: 'a/b',
      'accept-encoding': 'identity',
      'x-api-key': FAKE_LLM_KEY,
    });
    expect(Object.keys(headers ?? {}).sort()).toEqual([
      'accept',
      'accept-encoding',
      'connection',
      'host',
      'x-api-key',
    ]);
  });

  test('with a short body says how long it is, with a long one not', async () => {
    await perform('plain.put', { path: '/x' }, { body: 'short' });
    await perform(
      'plain.put',
      { path: '/x' },
      { body: Readable.from(Array.from({ length: 30 }, () => Buffer.alloc(10_000, 'y'))) },
    );
    await perform(
      'plain.put',
      { path: '/x', size: 300_000 },
      { body: Readable.from([Buffer.alloc(300_000, 'y')]) },
    );
    expect(
      fake.requests.map(({ headers, body }) => [
        headers['content-length'],
        headers['transfer-encoding'],
        body.length,
      ]),
    ).toEqual([
      ['5', undefined, 5],
      [undefined, 'chunked', 300_000],
      ['300000', undefined, 300_000],
    ]);
  });

  test.each([4, 300_000])('whose body is not the %d bytes it says is refused', async (size) => {
    const body = Readable.from([Buffer.alloc(5), Buffer.alloc(299_994)]);
    expect((await failure('plain.put', { path: '/x', size }, { body })).code).toBe('invalid_params');
    expect(fake.requests).toEqual([]);
  });

  test('without its secret is not made', async () => {
    const { code, message } = await failure('keyless.get', { path: '/v1/models' });
    expect({ code, message }).toEqual({
      code: 'no_credentials',
      message: 'there is no secret for the upstream "keyless"',
    });
    expect(fake.requests).toEqual([]);
  });

  test('to nobody fails with a sentence, and cost nothing', async () => {
    const { code, message, usage } = await failure('gone.post', { path: '/' });
    expect({ code, usage }).toEqual({ code: 'repeater_error', usage: undefined });
    expect(message).toBe('the upstream "gone" cannot be reached at 127.0.0.1:9 (ECONNREFUSED)');
  });
});

describe('an answer', () => {
  test("comes with its head when that is wanted, without what is the upstream's alone", async () => {
    const { out } = await perform('plain.get', { path: '/v1/models', include: true });
    const [head = ''] = out.split('\r\n\r\n');
    expect(head.split('\r\n')[0]).toBe('HTTP/1.1 200 OK');
    expect(head).toContain('x-request-id: req_1');
    expect(head).not.toMatch(/server|content-length|set-cookie/);
  });

  test('of another status is the output all the same, and exit code 1', async () => {
    expect(await perform('plain.get', { path: '/nowhere' })).toMatchObject({
      exit: 1,
      out: expect.stringContaining('no such path'),
    });
  });

  test('that leads elsewhere is not followed', async () => {
    const { out, exit } = await perform('plain.get', { path: '/elsewhere', include: true });
    expect(exit).toBe(0);
    expect(out).toMatch(/^HTTP\/1.1 307 [^]*location: http:\/\/127\.0\.0\.2:9\/steal/);
  });

  test('that leads to the upstream itself leads back the same way', async () => {
    const { out } = await perform('plain.get', { path: '/moved', include: true });
    expect(out).toContain('location: /v1/models\r\n');
    expect(out).toContain('link: </p?page=2>; rel="next"\r\n');
    expect(fake.requests).toEqual([]);
  });

  test.each([
    ['/hang', 'deadline_exceeded', 'the upstream "plain" said nothing for 0.3 s'],
    ['/silent', 'deadline_exceeded', 'the upstream "plain" said nothing for 0.3 s'],
    ['/half', 'repeater_error', 'the upstream "plain" ended its answer early'],
    ['/chunks', 'repeater_error', 'the answer of the upstream "plain" is no proper HTTP'],
    ['/no-http', 'repeater_error', 'the answer of the upstream "plain" is no proper HTTP'],
    ['/gzip', 'repeater_error', 'the upstream "plain" compresses although it was asked not to'],
    ['/gzip-on-the-way', 'repeater_error', 'the upstream "plain" compresses although it was asked not to'],
  ])('that misbehaves (%s) ends the call with a sentence', async (path, code, message) => {
    const error = await failure('plain.get', { path });
    expect({ code: error.code, message: error.message }).toEqual({ code, message });
  });

  test('without end is cut at the bound, and the upstream hung up on', async () => {
    const hungUp = fake.hungUp();
    const error = await failure('plain.get', { path: '/endless' });
    expect({ code: error.code, message: error.message }).toEqual({
      code: 'output_limit',
      message: 'the answer is longer than 8388608 bytes',
    });
    await expect.poll(() => fake.hungUp()).toBe(hungUp + 1);
  });

  test('without end is read no faster than it is taken, and not after that', async () => {
    const taken: Buffer[] = [];
    const abort = new AbortController();
    const slow = new Writable({
      highWaterMark: 1,
      write(chunk: Buffer, _encoding, done) {
        taken.push(chunk);
        if (taken.length < 20) return done();
        // Now nobody takes anything more, for long enough to fill every buffer between us.
        setTimeout(() => abort.abort(), 500);
      },
    });
    const before = fake.written();
    const hungUp = fake.hungUp();
    expect(
      (await failure('plain.get', { path: '/endless' }, { stdout: slow, signal: abort.signal })).name,
    ).toBe('AbortError');
    expect(fake.written() - before).toBeLessThan(32 * 1_048_576);
    await expect.poll(() => fake.hungUp()).toBe(hungUp + 1);
  });
});

describe('a request to a model', () => {
  test('costs what the API says, in tokens and money', async () => {
    const { usage } = await perform('anthropic.post', { path: '/v1/messages', ...ASK }, { body: BODY });
    expect(usage).toEqual({ model: 'm-1', input: 12, cached: 5, output: 4, usd: 0.000111 });
  });

  test.each(['/v1/chat/completions', '/v1/responses'])('as a stream (%s) too', async (path) => {
    const body = JSON.stringify({ model: 'm-1', stream: true });
    const { usage, out } = await perform('openai.post', { path, headers: JSON_TYPE, model: 'm-1' }, { body });
    expect(usage).toEqual({ model: 'm-1', input: 10, cached: 5, output: 4 });
    expect(JSON.parse(fake.requests[0]?.body ?? '')).toMatchObject(
      path.endsWith('responses')
        ? { max_output_tokens: 500 }
        : { max_completion_tokens: 500, stream_options: { include_usage: true } },
    );
    expect(out).not.toContain('prompt_tokens');
  });

  test('that is cut off costs what came, and a guess of the rest', async () => {
    const abort = new AbortController();
    const stdout = new Writable({
      write(_chunk, _encoding, done) {
        abort.abort();
        done();
      },
    });
    const body = JSON.stringify({ model: 'm-1', max_tokens: 9, stream: true });
    const { usage } = await failure(
      'anthropic.post',
      { path: '/v1/messages', ...ASK },
      { body, stdout, signal: abort.signal },
    );
    expect(usage).toMatchObject({ model: 'm-1', input: 12, cached: 5, estimated: true });
    expect(usage?.output).toBeGreaterThan(1);
  });

  test('whose answer does not say what it cost, costs a guess, or nothing where it is free', async () => {
    const counted = await perform(
      'anthropic.post',
      { path: '/v1/messages/count_tokens', ...ASK },
      { body: BODY },
    );
    expect(counted).toMatchObject({ exit: 0, usage: undefined });
    const silent = await perform(
      'plainLlm.post',
      { path: '/quiet', headers: JSON_TYPE, model: 'm-1' },
      { body: '{"model":"m-1"}' },
    );
    expect(silent.usage).toEqual({ model: 'm-1', input: 4, cached: 0, output: 5, estimated: true });
  });

  test('that is refused costs nothing', async () => {
    const { exit, usage } = await perform('anthropic.post', { path: '/v9/messages', ...ASK }, { body: BODY });
    expect({ exit, usage }).toEqual({ exit: 1, usage: undefined });
  });

  test.each<[string, Params, string]>([
    ['another model', { ...ASK, model: 'm-2' }, BODY],
    ['no model where there is one', { headers: JSON_TYPE }, BODY],
    ['a model where there is none', ASK, '{"max_tokens":9}'],
    ['a smaller bound', { ...ASK, max_tokens: 8 }, BODY],
    ['a bound where there is none', ASK, '{"model":"m-1"}'],
    ['two models', ASK, '{"model":"m-1","model":"m-2","max_tokens":9}'],
    ['a type nobody reads', { ...ASK, headers: ['content-type: text/plain'] }, BODY],
    ['a form with a model', { ...ASK, headers: ['content-type: multipart/form-data; boundary=x'] }, BODY],
    ['an answer in the background', ASK, '{"model":"m-1","max_tokens":9,"background":true}'],
    ['no body', ASK, ''],
    // In Shift JIS a backslash can be the second half of a character, and the text it is in ends elsewhere.
    [
      'another character set',
      { ...ASK, headers: ['content-type: application/json; charset=shift_jis'] },
      BODY,
    ],
    ['no model where there are prices', { headers: JSON_TYPE, max_tokens: 9 }, '{"max_tokens":9}'],
    [
      'a form where a model would be asked',
      { headers: ['content-type: multipart/form-data; boundary=x'] },
      '--x--',
    ],
  ])('is not sent when the call says %s', async (_what, params, body) => {
    expect((await failure('anthropic.post', { path: '/v1/messages', ...params }, { body })).code).toBe(
      'invalid_params',
    );
    expect(fake.requests).toEqual([]);
  });

  test('goes on with a body that says what the call says, byte for byte', async () => {
    const body = `{ "model":"m-1",\n "max_tokens":9, "seed": 12345678901234567890 }`;
    await perform('anthropic.post', { path: '/v1/messages', ...ASK }, { body });
    expect(fake.requests[0]?.body).toBe(body);
  });
});
