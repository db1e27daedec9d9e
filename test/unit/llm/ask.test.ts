import { describe, expect, test } from 'vitest';

import { type LlmApi, completed, readLlmRequest } from '../../../src/llm/ask.js';

const ask = (api: LlmApi, path: string, body: string) => readLlmRequest(api, path, Buffer.from(body)).ask;
const CHAT = '/v1/chat/completions';
const GEMINI = '/v1beta/models/g-1:generateContent';

describe('what a body asks for', () => {
  test.each<[LlmApi, string, string, object]>([
    ['anthropic', '/v1/messages', '{"model":"m","max_tokens":5}', { model: 'm', max_tokens: 5 }],
    ['openai', CHAT, '{"model":"m"}', { model: 'm' }],
    ['openai', CHAT, '{"model":"m","max_tokens":null}', { model: 'm' }],
    ['openai', CHAT, '{"model":"m","max_tokens":5,"max_completion_tokens":9}', { model: 'm', max_tokens: 9 }],
    ['openai', CHAT, '{"model":"m","max_tokens":5,"n":3}', { model: 'm', max_tokens: 15 }],
    [
      'openai',
      '/v1/completions',
      '{"model":"m","max_tokens":5,"n":2,"best_of":4}',
      { model: 'm', max_tokens: 20 },
    ],
    [
      'openai',
      '/v1/completions',
      '{"model":"m","max_tokens":5,"n":2,"prompt":["a","b","c"]}',
      { model: 'm', max_tokens: 30 },
    ],
    [
      'openai',
      '/v1/completions',
      '{"model":"m","max_tokens":5,"prompt":[[1],[2]]}',
      { model: 'm', max_tokens: 10 },
    ],
    [
      'openai',
      '/v1/completions',
      '{"model":"m","max_tokens":5,"prompt":[1,2,3]}',
      { model: 'm', max_tokens: 5 },
    ],
    ['openai', CHAT, '{"model":"m","Seed":1,"tools":[{"Model":"x"}]}', { model: 'm' }],
    ['openai', '/v1/responses', '{"model":"m","max_output_tokens":5}', { model: 'm', max_tokens: 5 }],
    ['openai', '/v1/threads', '{}', {}],
    ['gemini', GEMINI, '{"generationConfig":{"maxOutputTokens":5}}', { model: 'g-1', max_tokens: 5 }],
    [
      'gemini',
      GEMINI,
      '{"generation_config":{"max_output_tokens":5,"candidateCount":2}}',
      { model: 'g-1', max_tokens: 10 },
    ],
    ['gemini', GEMINI, '{"model":"models/g-1"}', { model: 'g-1' }],
  ])('%s %s %s', (api, path, body, expected) => {
    expect(ask(api, path, body)).toEqual(expected);
  });

  test.each<[string, LlmApi, string, string]>([
    ['two models', 'openai', CHAT, '{"model":"cheap","model":"dear"}'],
    ['two models, one escaped', 'openai', CHAT, String.raw`{"model":"cheap","mod\u0065l":"dear"}`],
    // Go's JSON takes them all for the same key, and the last one.
    ['a model in another case', 'openai', CHAT, '{"model":"cheap","Model":"dear"}'],
    ['a bound in another case', 'openai', CHAT, '{"model":"m","max_tokens":5,"MAX_TOKENS":500}'],
    ['a bound with a Kelvin sign', 'openai', CHAT, '{"model":"m","max_tokens":5,"max_to\u212aens":500}'],
    ['a bound with a long s', 'openai', CHAT, '{"model":"m","max_token\u017f":500}'],
    ['a bound in another case, below', 'gemini', GEMINI, '{"generationConfig":{"maxoutputtokens":9}}'],
    ['a place for it in another case', 'gemini', GEMINI, '{"GenerationConfig":{"maxOutputTokens":9}}'],
    ['two bounds, below', 'gemini', GEMINI, '{"generationConfig":{"maxOutputTokens":1,"maxOutputTokens":9}}'],
    ['a path and a body that differ', 'gemini', GEMINI, '{"model":"models/other"}'],
    ['a model that is no text', 'openai', CHAT, '{"model":["m"]}'],
    ['a bound that is no number', 'openai', CHAT, '{"model":"m","max_tokens":"5"}'],
    ['a bound below one', 'openai', CHAT, '{"model":"m","max_tokens":-1}'],
    ['a fraction of an answer', 'openai', CHAT, '{"model":"m","n":1.5}'],
    ['a list', 'openai', CHAT, '[{"model":"m"}]'],
    ['no JSON', 'openai', CHAT, '{"model":"m",}'],
    ['no UTF-8', 'openai', CHAT, '{"model":"\u00ff"}'],
  ])('%s is refused', (_what, api, path, body) => {
    const bytes = _what === 'no UTF-8' ? Buffer.from(body, 'latin1') : Buffer.from(body);
    expect(() => readLlmRequest(api, path, bytes)).toThrow(
      expect.objectContaining({ code: 'invalid_params' }),
    );
  });

  test('keys that only look alike, in texts and in other objects, are no doubled keys', () => {
    const body = String.raw`{"model":"m","messages":[{"role":"a","content":"\"model\":\"x\",\\"},{"role":"b"}],"tools":[{"constructor":1}]}`;
    expect(ask('openai', CHAT, body)).toEqual({ model: 'm' });
  });

  test('a long body is read in time that grows with its length', () => {
    const started = performance.now();
    ask('openai', CHAT, `{"model":"m","x":"${'\\"\\\\'.repeat(1_000_000)}"}`);
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});

describe('what is added', () => {
  const add = (api: LlmApi, path: string, body: string, cap?: number) =>
    completed(readLlmRequest(api, path, Buffer.from(body)), { api, path, cap });

  test.each<[LlmApi, string, string, object]>([
    ['anthropic', '/v1/messages', '{"model":"m"}', { max_tokens: 100 }],
    ['openai', CHAT, '{"model":"m","n":3}', { n: 3, max_completion_tokens: 33 }],
    ['openai', '/v1/responses', '{"model":"m"}', { max_output_tokens: 100 }],
    ['openai', '/v1/responses/', '{"model":"m"}', { max_output_tokens: 100 }],
    ['openai', '/v1/completions', '{"model":"m"}', { max_tokens: 100 }],
    [
      'gemini',
      GEMINI,
      '{"generationConfig":{"topK":1}}',
      { generationConfig: { topK: 1, maxOutputTokens: 100 } },
    ],
  ])('a bound, as %s %s names it', (api, path, body, expected) => {
    expect(add(api, path, body, 100)?.body).toMatchObject(expected);
  });

  test('nothing to what is bound, or writes nothing', () => {
    expect(add('openai', CHAT, '{"model":"m","max_tokens":5}', 100)).toBeUndefined();
    expect(add('openai', '/v1/embeddings', '{"model":"m"}', 100)).toBeUndefined();
    expect(add('openai', CHAT, '{"model":"m"}')).toBeUndefined();
  });

  test('no bound where there are more answers than it has tokens', () => {
    expect(() => add('openai', CHAT, '{"model":"m","n":101}', 100)).toThrow(
      expect.objectContaining({ code: 'invalid_params' }),
    );
  });

  test('the usage of a stream that would come without', () => {
    expect(add('openai', CHAT, '{"model":"m","stream":true}')).toEqual({
      body: { model: 'm', stream: true, stream_options: { include_usage: true } },
      addedUsage: true,
    });
    expect(
      add('openai', CHAT, '{"model":"m","stream":true,"stream_options":{"include_usage":true}}'),
    ).toBeUndefined();
  });
});
