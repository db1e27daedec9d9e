// The gateway's own door, with nothing behind it but a record of what was asked: what hostile clients send becomes no call.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type Socket, connect } from 'node:net';
import { text } from 'node:stream/consumers';

import { beforeAll, beforeEach, describe, expect, test } from 'vitest';

import type { BrokerConnection } from '../../../src/client/broker-connection.js';
import { TurretError } from '../../../src/errors.js';
import { serveGateway } from '../../../src/gateway/serve.js';
import type { JsonObject } from '../../../src/protocol/messages.js';

const BEARER = `trb_${'cd'.repeat(32)}`;
const calls: JsonObject[] = [];
let refusal: TurretError | undefined;
/** What the next call answers, piece by piece. */
let pieces: string[] = [];
let port: number;

beforeAll(async () => {
  port = 20_000 + (process.pid % 20_000);
  const broker = {
    call(request: JsonObject) {
      calls.push(request);
      const finished =
        refusal === undefined ? Promise.resolve({ ok: true, exit: 0 }) : Promise.reject(refusal);
      finished.catch(() => {});
      const nothing = {
        resume: () => {},
        on: () => nothing,
        destroy: () => {},
        async *[Symbol.asyncIterator]() {
          for (const piece of pieces) yield await Promise.resolve(Buffer.from(piece, 'latin1'));
        },
      };
      return {
        finished,
        running: new Promise(() => {}),
        stdin: nothing,
        stdout: nothing,
        stderr: nothing,
        cancel: () => {},
      };
    },
  };
  const settings = {
    port,
    bearer_sha256: createHash('sha256').update(BEARER).digest('hex'),
    routes: [
      { alias: 'openai', action: 'http.openai', api: 'openai' as const },
      { alias: 'own', action: 'work.own' },
    ],
  };
  await serveGateway(settings, broker as unknown as BrokerConnection);
});
beforeEach(() => {
  calls.splice(0);
  pieces = [];
  refusal = new TurretError('denied', 'denied it', { hints: ['retrying will not help'] });
});

/** Sends bytes, returns all that comes back. */
async function raw(bytes: string): Promise<string> {
  const socket: Socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(bytes);
  socket.setTimeout(2_000, () => socket.destroy());
  return text(socket);
}
const head = (line: string, ...more: string[]): string =>
  [
    line,
    `Host: 127.0.0.1:${port}`,
    `Authorization: Bearer ${BEARER}`,
    'Connection: close',
    ...more,
    '',
    '',
  ].join('\r\n');
const status = (answer: string): number => Number(answer.split(' ')[1]);

describe('a request', () => {
  test('becomes the action it asks for, without what says who asks', async () => {
    const body = '{"model":"m","max_tokens":5}';
    const request = head(
      'POST /openai/v1/responses?a=1&b HTTP/1.1',
      'Content-Type: application/json',
      'X-Stainless-OS: x',
      'Cookie: a=b',
      `Content-Length: ${body.length}`,
    );
    expect(status(await raw(request + body))).toBe(403);
    expect(calls).toEqual([
      {
        action: 'http.openai.post',
        params: {
          path: '/v1/responses',
          query: 'a=1&b',
          headers: ['content-type: application/json'],
          size: 28,
          model: 'm',
          max_tokens: 5,
          include: true,
        },
        cwd: '/',
      },
    ]);
  });

  test('is passed on as it is written, for the repeater to judge', async () => {
    await raw(head('GET /own/a/../b//%2e%2e/c HTTP/1.1'));
    expect(calls).toMatchObject([{ action: 'work.own.get', params: { path: '/a/../b//%2e%2e/c' } }]);
  });

  test.each([
    ['denied', 403, 'x-should-retry: false'],
    ['budget_exhausted', 403, 'x-should-retry: false'],
    ['invalid_params', 400, 'x-should-retry: false'],
    ['token_revoked', 401, 'x-should-retry: false'],
    ['rate_limited', 429, 'retry-after: 3'],
    ['repeater_crashed', 502, 'x-should-retry: false'],
    ['internal', 500, 'x-should-retry: false'],
  ] as const)('that ends in %s is answered with %d', async (code, expected, header) => {
    refusal = new TurretError(code, 'no, \u001b[2Jnot this', {
      ...(code === 'rate_limited' ? { retryAfterMs: 2_500 } : {}),
    });
    const answer = await raw(head('GET /own/a HTTP/1.1'));
    expect(status(answer)).toBe(expected);
    expect(answer).toContain(header);
    expect(answer).toMatch(/"message":"turret: no, [^"\u001b]*not this"/);
  });
});

describe('an answer', () => {
  const HEAD =
    'HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nlocation: /a?b=1\r\nlink: </p?page=2>; rel="next", <https://h/>; rel="x"\r\n\r\n';

  test('is passed on as it comes, and what leads to the upstream leads through the gateway', async () => {
    refusal = undefined;
    pieces = [HEAD.slice(0, 30), HEAD.slice(30, -2), `${HEAD.slice(-2)}hel`, 'lo'];
    const answer = await raw(head('GET /own/a HTTP/1.1'));
    expect(status(answer)).toBe(200);
    expect(answer).toContain(`location: http://127.0.0.1:${port}/own/a?b=1\r\n`);
    expect(answer).toContain(
      `link: <http://127.0.0.1:${port}/own/p?page=2>; rel="next", <https://h/>; rel="x"\r\n`,
    );
    expect(answer).toMatch(/\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n$/);
  });

  test('that breaks off does not look like a whole one', async () => {
    refusal = new TurretError('repeater_error', 'it ended early');
    pieces = [`${HEAD}hello`];
    const answer = await raw(head('GET /own/a HTTP/1.1'));
    expect(answer).toContain('hello');
    expect(answer).not.toContain('\r\n0\r\n');
  });

  test.each([[[]], [['no head at all']], [[`HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(20_000)}`]]])(
    'without a head is none (%#)',
    async (said) => {
      refusal = undefined;
      pieces = said;
      expect(status(await raw(head('GET /own/a HTTP/1.1')))).toBe(502);
    },
  );
});

describe('no call comes of', () => {
  const body = '{"model":"m"}';
  test.each<[string, () => string, number]>([
    ['another bearer', () => head('GET /own/a HTTP/1.1').replace(BEARER, `${BEARER.slice(0, -2)}ef`), 401],
    ['no bearer', () => head('GET /own/a HTTP/1.1').replace(/Authorization.*\r\n/, ''), 401],
    ['an origin', () => head('GET /own/a HTTP/1.1', 'Origin: http://127.0.0.1'), 403],
    ['another host', () => head('GET /own/a HTTP/1.1').replace(/Host.*\r\n/, 'Host: evil.example\r\n'), 421],
    ['two hosts', () => head('GET /own/a HTTP/1.1', 'Host: evil.example'), 421],
    ['an alias nobody has', () => head('GET /nobody/a HTTP/1.1'), 404],
    ['an absolute address', () => head('GET http://api.openai.com/own/a HTTP/1.1'), 404],
    ['a method nobody passes on', () => head('PURGE /own/a HTTP/1.1'), 404],
    ['two lengths', () => head('POST /own/a HTTP/1.1', 'Content-Length: 5', 'Content-Length: 6') + body, 400],
    [
      'a length and chunks',
      () => head('POST /own/a HTTP/1.1', 'Content-Length: 5', 'Transfer-Encoding: chunked') + body,
      400,
    ],
    [
      'broken chunks',
      () =>
        `${head('POST /openai/a HTTP/1.1', 'Content-Type: application/json', 'Transfer-Encoding: chunked')}zz\r\n`,
      400,
    ],
    ['a header without end', () => head('GET /own/a HTTP/1.1', `X: ${'x'.repeat(70_000)}`), 431],
    ['a folded header', () => head('GET /own/a HTTP/1.1', 'X: a', ' Origin: x', 'Y : b'), 400],
    [
      'two models',
      () =>
        `${head('POST /openai/v1/responses HTTP/1.1', 'Content-Type: application/json', 'Content-Length: 25')}{"model":"a","model":"b"} `,
      400,
    ],
    ['no HTTP', () => 'TRT\r\n\u001a\n\u0001 nonsense\r\n\r\n', 400],
  ])('%s', async (_what, bytes, expected) => {
    expect(status(await raw(bytes()))).toBe(expected);
    expect(calls).toEqual([]);
  });

  test('a body that ends early', async () => {
    const socket = connect(port, '127.0.0.1');
    socket.end(
      `${head('POST /openai/v1/responses HTTP/1.1', 'Content-Type: application/json', 'Content-Length: 500')}{"model":"m"}`,
    );
    await text(socket);
    expect(calls).toEqual([]);
    expect(status(await raw(head('GET /own/a HTTP/1.1')))).toBe(403);
  });
});
