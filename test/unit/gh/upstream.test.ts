import {
  createServer,
  request,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { createUpstream } from '../../../repeaters/gh/inject/upstream.js';

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

async function listen(
  handler: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server: Server = createServer(handler);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  open.push(
    () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  );
  const { port } = server.address() as AddressInfo;
  return `http://127.0.0.1:${port}`;
}

/** A door that forwards everything with this token, as the injector does after its checks. */
async function door(endpoint: string, token: string | undefined, learned: unknown[] = []): Promise<string> {
  const upstream = createUpstream(new URL(endpoint));
  open.push(() => {
    upstream.close();
    return Promise.resolve();
  });
  return listen((incoming, response) => {
    const address = `https://${incoming.headers.host}${incoming.url}`;
    upstream
      .forward({ request: incoming, response, address, body: undefined, token }, (answer) =>
        learned.push(answer.status),
      )
      .catch(() => {
        response.destroy();
      });
  });
}

function ask(
  url: string,
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
) {
  return new Promise<{ status: number; headers: IncomingHttpHeaders; raw: string[]; body: string }>(
    (resolve, reject) => {
      const { port } = new URL(url);
      const { method = 'GET', headers = {}, body } = options;
      const asked = request(
        {
          host: '127.0.0.1',
          port,
          path,
          method,
          headers: { host: 'api.github.com', ...headers },
          agent: false,
        },
        (response) => {
          text(response).then((received) => {
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              raw: response.rawHeaders,
              body: received,
            });
          }, reject);
        },
      );
      asked.once('error', reject);
      asked.end(body);
    },
  );
}

const SECRETS = {
  authorization: 'token ghp_dummy',
  cookie: 'a=b',
  'proxy-authorization': 'x',
  'x-github-otp': '1',
};
const seen = (incoming: IncomingMessage, response: ServerResponse): void => {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ url: incoming.url, method: incoming.method, headers: incoming.headers }));
};

describe('what reaches GitHub', () => {
  it('closes a connection that nobody uses before the other end does', async () => {
    const server = createServer((_, response) => response.end('answered'));
    server.keepAliveTimeout = 0;
    const closed = new Promise((resolve) => {
      server.once('connection', (socket) => socket.once('close', resolve));
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    open.push(() => Promise.resolve(void server.close()));
    const { port } = server.address() as AddressInfo;
    expect((await ask(await door(`http://127.0.0.1:${port}`, undefined), '/')).body).toBe('answered');
    await closed;
  });

  it('carries the real token in place of the dummy, the true host, and the path as it was', async () => {
    const url = await door(await listen(seen), 'ghp_real');
    const { body } = await ask(url, '/repos/a/b?q=%2F..&x', { headers: { ...SECRETS, accept: 'x/y' } });
    const got: { url: string; headers: Record<string, string> } = JSON.parse(body);
    expect(got.url).toBe('/repos/a/b?q=%2F..&x');
    expect(got.headers).toMatchObject({
      host: 'api.github.com',
      authorization: 'token ghp_real',
      accept: 'x/y',
    });
    expect(body).not.toMatch(/dummy|cookie|proxy-auth|otp/);
  });
  it('carries no token where none is due, not even the dummy', async () => {
    const url = await door(await listen(seen), undefined);
    const { body } = await ask(url, '/file', {
      headers: { ...SECRETS, host: 'objects.githubusercontent.com' },
    });
    expect(body).not.toMatch(/authorization|dummy|ghp_/);
  });
  it('keeps the operator’s base path', async () => {
    const url = await door(`${await listen(seen)}/base/`, 'ghp_real');
    expect(JSON.parse((await ask(url, '/user')).body)).toMatchObject({ url: '/base/user' });
  });
  it('streams bodies of any length both ways', async () => {
    const url = await door(
      await listen((incoming, response) => {
        incoming.pipe(response);
      }),
      'ghp_real',
    );
    const body = 'x'.repeat(3_000_000);
    expect((await ask(url, '/echo', { method: 'POST', body })).body).toBe(body);
  });
});

describe('what comes back', () => {
  it('is the answer as it is, without cookies', async () => {
    const learned: unknown[] = [];
    const url = await door(
      await listen((_incoming, response) => {
        response.writeHead(
          302,
          'Found',
          [
            ['X-Two', '1'],
            ['X-Two', '2'],
            ['Location', 'https://evil.example/'],
            ['Set-Cookie', 'a=b'],
          ].flat(),
        );
        response.end('moved');
      }),
      'ghp_real',
      learned,
    );
    const { status, raw, headers, body } = await ask(url, '/x');
    expect({ status, body, location: headers.location }).toEqual({
      status: 302,
      body: 'moved',
      location: 'https://evil.example/',
    });
    expect(raw.filter((word) => word === 'X-Two')).toHaveLength(2);
    expect(headers['set-cookie']).toBeUndefined();
    expect(learned).toEqual([302]);
  });
  it('is a broken connection when the upstream breaks', async () => {
    const url = await door(
      await listen((_incoming, response) => {
        response.write('half');
        response.socket?.destroy();
      }),
      'ghp_real',
    );
    await expect(ask(url, '/x')).rejects.toThrow(/aborted|hang up|ECONNRESET/);
  });
});
