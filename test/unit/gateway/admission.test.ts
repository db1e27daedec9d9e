import { createHash } from 'node:crypto';

import { describe, expect, test } from 'vitest';

import { refusalOf } from '../../../src/gateway/admission.js';

const BEARER = `trb_${'ab'.repeat(32)}`;
const settings = { port: 4444, bearer_sha256: createHash('sha256').update(BEARER).digest('hex') };
const host = '127.0.0.1:4444';
const status = (headers: Record<string, string>): number | undefined =>
  refusalOf(Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])), settings)
    ?.status;

describe('who may speak to the gateway', () => {
  test.each<[string, Record<string, string>]>([
    ['authorization: Bearer', { host, authorization: `Bearer ${BEARER}` }],
    ['authorization: token', { host, authorization: `token ${BEARER}` }],
    [
      'a user of basic authentication',
      { host, authorization: `Basic ${Buffer.from(`${BEARER}:`).toString('base64')}` },
    ],
    [
      'a password of basic authentication',
      { host, authorization: `Basic ${Buffer.from(`x:${BEARER}`).toString('base64')}` },
    ],
    ['x-api-key', { host, 'x-api-key': BEARER }],
    ['x-goog-api-key', { host: 'localhost:4444', 'x-goog-api-key': BEARER }],
  ])('the bearer in %s', (_where, headers) => {
    expect(status(headers)).toBeUndefined();
  });

  test('not with two hosts', () => {
    expect(refusalOf({ host: [host, 'evil.example'], 'x-api-key': [BEARER] }, settings)?.status).toBe(421);
  });

  test.each<[string, Record<string, string>, number]>([
    ['nothing', { host }, 401],
    ['another bearer', { host, authorization: `Bearer ${BEARER.slice(0, -1)}c` }, 401],
    ['a part of it', { host, 'x-api-key': BEARER.slice(0, -1) }, 401],
    ['its hash', { host, 'x-api-key': settings.bearer_sha256 }, 401],
    ['an empty key', { host, authorization: 'Bearer ', 'x-api-key': '' }, 401],
    ['an origin', { host, origin: 'http://127.0.0.1:4444', 'x-api-key': BEARER }, 403],
    ['an origin of nobody', { host, origin: 'null', 'x-api-key': BEARER }, 403],
    ['another host', { host: 'evil.example:4444', 'x-api-key': BEARER }, 421],
    ['another port', { host: '127.0.0.1:4445', 'x-api-key': BEARER }, 421],
    ['no port', { host: '127.0.0.1', 'x-api-key': BEARER }, 421],
    ['no host', { 'x-api-key': BEARER }, 421],
  ])('not with %s', (_what, headers, refused) => {
    expect(status(headers)).toBe(refused);
  });
});
