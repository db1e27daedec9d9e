import { describe, expect, test } from 'vitest';

import { resolveHttp } from '../../../repeaters/http/resolve.js';
import { readUpstreams } from '../../../repeaters/http/upstreams.js';
import { completeUpstreams } from '../../../src/config/upstreams.js';
import type { Json, Params } from '../../../src/protocol/messages.js';

const SECRET = 'sk-not-a-secret-0123456789';
const upstreams = readUpstreams({
  config: {
    upstreams: completeUpstreams({
      openai: { max_tokens: 1_000, prices: { 'small-*': { input: 1, output: 2 } } },
      anthropic: {},
      maps: {
        host: 'maps.example.com',
        base: '/v2',
        auth: 'query:key',
        secret: 'env:MAPS',
        headers: ['X-Team', 'Cookie'],
      },
      own: { host: 'api.example.com', auth: 'header:X-Token', secret: 'env:OWN', headers: ['X-Token'] },
    }) as unknown as Json,
  },
  env: { 'env:MAPS': SECRET, 'env:OWN': SECRET },
});

function resolved(action: string, params: Params) {
  const result = resolveHttp({ action, params }, { name: 'http', upstreams });
  if (!('capabilities' in result)) throw new Error('no capabilities');
  const [capability] = result.capabilities;
  if (capability === undefined) throw new Error('no capability');
  return { ...capability, needs: result.needs };
}
const problem = (action: string, params: Params): unknown => {
  try {
    resolved(action, params);
    return undefined;
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('what a request is', () => {
  test('says where it goes, in one form', () => {
    const { action, params, needs } = resolved('http.maps.get', { path: '/a%7eb', query: '?q=%c3%a9' });
    expect(action).toBe('http.maps.get');
    expect(params).toEqual({ host: 'maps.example.com', path: '/a~b', query: 'q=%C3%A9' });
    expect(needs).toEqual({ stdin: false, files: [] });
  });

  test('reads or changes, by its method', () => {
    expect(resolved('http.own.get', { path: '/' }).annotations).toMatchObject({
      readOnly: true,
      destructive: false,
    });
    for (const method of ['post', 'put', 'patch', 'delete'])
      expect(resolved(`http.own.${method}`, { path: '/' }).annotations).toMatchObject({
        readOnly: false,
        destructive: true,
      });
    expect(resolved('http.own.post', { path: '/' }).needs.stdin).toBe(true);
  });

  test.each([
    ['an alias nobody has', 'http.opneai.get', 'no_such_action'],
    ['a method nobody has', 'http.openai.connect', 'no_such_action'],
    ['more words', 'http.openai.get.more', 'no_such_action'],
    ['another repeater', 'https.openai.get', 'no_such_action'],
  ])('is refused with %s', (_what, action, code) => {
    expect(problem(action, { path: '/' })).toBe(code);
  });

  test.each([
    ['no path', {}],
    ['a host of its own', { path: '/', host: 'evil.example' }],
    ['an api of its own', { path: '/', api: 'openai' }],
    ['a param nobody knows', { path: '/', url: 'https://evil.example' }],
    ['a size below zero', { path: '/', size: -1 }],
    ['a header that is none', { path: '/', headers: ['nonsense'] }],
    ['a header with a line break', { path: '/', headers: ['accept: a\r\nauthorization: b'] }],
    ['a header twice', { path: '/', headers: ['accept: a', 'Accept: b'] }],
  ] satisfies [string, Params][])('is refused with %s', (_what, params) => {
    expect(problem('http.anthropic.get', params)).toBe('invalid_params');
  });

  test('forwards what is on the list of headers, and never what says who asks', () => {
    const headers = [
      'Authorization: Bearer mine', 'x-api-key: mine', 'Cookie: a=b', 'X-Team: web', 'X-Token: mine', 'Accept: text/plain',
      'Host: evil.example', 'X-HTTP-Method-Override: DELETE', 'Content-Length: 5', 'Transfer-Encoding: chunked', 'X-Stainless-Lang: js',
    ]; // prettier-ignore
    expect(resolved('http.maps.post', { path: '/', headers }).params['headers']).toEqual([
      'accept: text/plain',
      'x-team: web',
    ]);
    expect(resolved('http.own.post', { path: '/', headers }).params['headers']).toEqual([
      'accept: text/plain',
    ]);
  });

  test('asks for ranges where no secret could come back in pieces, or where turret.yaml says so', () => {
    const at = { host: 'h.example', secret: 'env:OWN' };
    const sentBy = (block: object, redact?: string): unknown => {
      const blocks = completeUpstreams({ h: { ...at, ...block } }) as unknown as Json;
      const known = readUpstreams({
        config: { upstreams: blocks, ...(redact === undefined ? {} : { redact }) },
        env: { 'env:OWN': SECRET },
      });
      const call = {
        action: 'http.h.get',
        params: { path: '/', headers: ['Range: bytes=0-3', 'If-Range: "e"'] },
      };
      const result = resolveHttp(call, { name: 'http', upstreams: known });
      return 'capabilities' in result ? result.capabilities[0]?.params['headers'] : undefined;
    };
    expect(sentBy({})).toBeUndefined();
    expect(sentBy({ auth: 'none' })).toEqual(['if-range: "e"', 'range: bytes=0-3']);
    expect(sentBy({ headers: ['Range'] })).toEqual(['range: bytes=0-3']);
    expect(sentBy({}, 'off')).toEqual(['if-range: "e"', 'range: bytes=0-3']);
  });

  test.each([
    'key=mine',
    'a=1;key=mine',
    'KEY=mine',
    'k%65y=mine',
    'key[]=mine',
    'key%5B0%5D=mine',
    'key[a][b]=mine',
    'key%00x=mine',
  ])('leaves no room for a secret of the agent in %s', (query) => {
    expect(problem('http.maps.get', { path: '/', query })).toBe('invalid_params');
    expect(problem('http.own.get', { path: '/', query })).toBeUndefined();
  });
});

describe('a request to a model', () => {
  const path = '/v1/chat/completions';
  test('says which API, and is bound where turret.yaml says so', () => {
    expect(resolved('http.openai.post', { path, model: 'small-1' }).params).toMatchObject({
      api: 'openai',
      max_tokens: 1_000,
    });
    expect(resolved('http.openai.post', { path, model: 'small-1', max_tokens: 7 }).params['max_tokens']).toBe(
      7,
    );
    expect(resolved('http.anthropic.post', { path: '/v1/messages', model: 'x' }).params).not.toHaveProperty(
      'max_tokens',
    );
  });
  test('is bound at the same path with a slash at its end, and refused where nobody knows what it costs', () => {
    expect(resolved('http.openai.post', { path: `${path}/`, model: 'small-1' }).params['max_tokens']).toBe(
      1_000,
    );
    expect(
      resolved('http.openai.post', { path: '/v1/embeddings', model: 'small-1' }).params,
    ).not.toHaveProperty('max_tokens');
    expect(problem('http.openai.post', { path: '/v1/images/generations', model: 'small-1' })).toBe(
      'invalid_params',
    );
    expect(problem('http.anthropic.post', { path: '/v1/complete', model: 'small-1' })).toBeUndefined();
  });
  test('is refused above the bound, and without a price where there are prices', () => {
    expect(problem('http.openai.post', { path, model: 'small-1', max_tokens: 1_001 })).toBe('invalid_params');
    expect(problem('http.openai.post', { path, model: 'large-1' })).toBe('invalid_params');
  });
});

describe('the secret', () => {
  const request = (alias: string) => {
    const sent = { path: '/x?a=1', headers: {} as Record<string, string> };
    upstreams.get(alias)?.authorize(sent);
    return sent;
  };
  test('goes where its upstream wants it', () => {
    expect(request('maps')).toEqual({ path: `/x?a=1&key=${SECRET}`, headers: {} });
    expect(request('own')).toEqual({ path: '/x?a=1', headers: { 'x-token': SECRET } });
  });
  test('that is missing is named by where it should be', () => {
    expect(() => request('openai')).toThrow(
      expect.objectContaining({
        code: 'no_credentials',
        hints: [expect.stringContaining('env:OPENAI_API_KEY')],
      }),
    );
  });
  test.each(['a\nb: c', 'a\r', 'é', ' '])('that would break its header (%j) is none', (value) => {
    const [own] = readUpstreams({
      config: { upstreams: completeUpstreams({ own: { host: 'h', secret: 'env:X' } }) as unknown as Json },
      env: { 'env:X': value },
    }).values();
    expect(() => own?.authorize({ path: '/', headers: {} })).toThrow(
      expect.objectContaining({ code: 'no_credentials' }),
    );
  });
});
