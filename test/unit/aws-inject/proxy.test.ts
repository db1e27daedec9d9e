import { request as httpRequest } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { connect as tlsConnect } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCertificateAuthority } from '../../../repeaters/aws/inject/certificates.js';
import { startInjector, type AdmittedCall, type Injector } from '../../../repeaters/aws/inject/injector.js';
import { createUpstream } from '../../../repeaters/aws/inject/upstream.js';
import { loadTables } from '../../../repeaters/aws/tables/load.js';
import { closeServer, listenOnLoopback } from '../../fakes/loopback.js';
import { REAL, startVerifyingUpstream, type VerifyingUpstream } from '../../helpers/verifying-upstream.js';

const basic = (user: string, password: string): string =>
  `Proxy-Authorization: Basic ${Buffer.from(`${user}:${password}`).toString('base64')}\r\n`;

describe('the loopback proxy', () => {
  let directory: string;
  let upstream: VerifyingUpstream;
  let injector: Injector;
  let call: AdmittedCall;
  let proxy: URL;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'turret-proxy-'));
    upstream = await startVerifyingUpstream((_request, response) => response.end('ok'));
    injector = await startInjector({
      directory,
      tables: loadTables('1.45.11'),
      credentials: () => Promise.resolve(REAL),
      endpoint: upstream.endpoint,
      now: Date.now,
    });
    call = injector.admit({
      allow: [{ service: 'sts', operations: ['GetCallerIdentity'] }],
      region: 'us-east-1',
    });
    proxy = new URL(call.env['HTTPS_PROXY'] ?? '');
  });
  afterEach(async () => {
    await injector.close();
    await upstream.close();
    await rm(directory, { recursive: true });
  });

  /** The first line of the answer to raw bytes. */
  const answerTo = (bytes: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect(Number(proxy.port), '127.0.0.1', () => socket.write(bytes));
      socket.once('data', (data: Buffer) => {
        resolve(data.toString('latin1').split('\r\n')[0] ?? '');
        socket.destroy();
      });
      socket.once('error', reject);
      socket.once('end', () => resolve('closed'));
    });
  const open = (target: string, headers: string): Promise<string> =>
    answerTo(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${headers}\r\n`);
  const own = (): string => basic(proxy.username, proxy.password);
  const STS = 'sts.us-east-1.amazonaws.com:443';

  it('opens a tunnel for the password of a running call', async () => {
    expect(await open(STS, own())).toBe('HTTP/1.1 200 Connection Established');
  });

  it('asks everybody else for a password', async () => {
    const other = injector.admit({ allow: [], region: 'us-east-1' });
    const otherProxy = new URL(other.env['HTTPS_PROXY'] ?? '');
    const wrong = [
      '',
      basic(proxy.username, 'x'),
      basic(proxy.username, ''),
      basic('', proxy.password),
      basic('__proto__', proxy.password),
      basic(otherProxy.username, proxy.password),
      own().replace('Basic', 'Bearer'),
      `${own()}Origin: https://evil.example\r\n`,
    ];
    for (const headers of wrong) expect(await open(STS, headers)).toContain(' 407 ');
    call.close();
    expect(await open(STS, own())).toContain(' 407 ');
  });

  it.each([
    'sts.us-east-1.amazonaws.com:80',
    '127.0.0.1:443',
    '169.254.169.254:443',
    '[::1]:443',
    'localhost:443',
    'a..b:443',
  ])('opens no tunnel to %s', async (target) => {
    expect(await open(target, own())).toContain(' 403 ');
    expect(call.refused()).toBe('only TLS to a named host on port 443 is possible');
  });

  it.each([
    'GET http://sts.us-east-1.amazonaws.com/ HTTP/1.1',
    'GET / HTTP/1.1',
    'POST http://evil.example/ HTTP/1.1',
  ])('relays nothing in the form %s', async (line) => {
    expect(await answerTo(`${line}\r\nHost: sts.us-east-1.amazonaws.com\r\n${own()}\r\n`)).toContain(' 403 ');
    expect(upstream.seen).toEqual([]);
  });

  it('listens on loopback only, and writes the CA where nobody else reads it', async () => {
    const [name = ''] = await readdir(directory);
    const file = call.env['AWS_CA_BUNDLE'] ?? '';
    expect(file).toBe(join(directory, name, 'ca.pem'));
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readFile(file, 'utf8')).toMatch(/^-----BEGIN CERTIFICATE-----/);
    expect(await readFile(file, 'utf8')).not.toContain('PRIVATE');
    expect(proxy.hostname).toBe('127.0.0.1');
  });

  it('makes dummy keys of the right form, new for every call', () => {
    const next = injector.admit({ allow: [], region: 'us-east-1' });
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'HTTPS_PROXY']) {
      expect(next.env[name]).not.toBe(call.env[name]);
    }
    expect(call.env['AWS_ACCESS_KEY_ID']).toMatch(/^AKIA[A-Z2-7]{16}$/);
    expect(call.env['AWS_SECRET_ACCESS_KEY']).toMatch(/^[A-Za-z0-9+/]{40}$/);
    expect(JSON.stringify(call.env)).not.toContain(REAL.secretAccessKey);
  });

  /** Sends one request through a tunnel, as a program that has the proxy's password would. */
  const through = async (
    host: string,
    lines: Record<string, string>,
    path = '/',
  ): Promise<{ status: number; body: string }> => {
    const ca = await readFile(call.env['AWS_CA_BUNDLE'] ?? '', 'utf8');
    const tunnel = connect(Number(proxy.port), '127.0.0.1');
    tunnel.write(`CONNECT ${host}:443 HTTP/1.1\r\nHost: ${host}:443\r\n${own()}\r\n`);
    await new Promise((resolve) => tunnel.once('data', resolve));
    const tls = tlsConnect({ socket: tunnel, servername: host, ca });
    const request = httpRequest({
      createConnection: () => tls,
      method: 'POST',
      path,
      headers: { host, ...lines },
    });
    const answered = new Promise<{ status: number; body: string }>((resolve, reject) => {
      request.once('error', reject);
      request.once('response', (response) => {
        void text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }));
      });
    });
    request.end();
    const answer = await answered;
    tls.destroy();
    return answer;
  };

  it('speaks TLS as the named host, and refuses what is not signed in the words of its service', async () => {
    const json = await through('dynamodb.us-east-1.amazonaws.com', {
      'x-amz-target': 'DynamoDB_20120810.ListTables',
    });
    expect(json.status).toBe(403);
    expect(JSON.parse(json.body)).toEqual({
      __type: 'AccessDeniedException',
      message: 'turret: the request is not signed',
    });
    const xml = await through('b.s3.us-east-1.amazonaws.com', {});
    expect(xml.body).toContain(
      '<Error><Code>AccessDenied</Code><Message>turret: the request is not signed</Message></Error>',
    );
    const form = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
    expect((await through('evil.example.com', form)).body).toContain(
      '<ErrorResponse><Error><Type>Sender</Type>',
    );
    expect(upstream.seen).toEqual([]);
  });

  it.each([
    ['another Host header', { host: 'iam.amazonaws.com' }, 'the request names another host than its tunnel'],
    ['a web page', { origin: 'https://evil.example' }, 'requests from web pages are refused'],
  ])('refuses %s inside the tunnel', async (_what, lines, sentence) => {
    expect((await through('sts.us-east-1.amazonaws.com', lines)).status).toBe(403);
    expect(call.refused()).toBe(sentence);
  });

  it('refuses an absolute target inside the tunnel', async () => {
    const answer = await through('sts.us-east-1.amazonaws.com', {}, 'https://evil.example/');
    expect(answer.status).toBe(403);
    expect(call.refused()).toBe('the request target is not a path');
  });

  it('does not send the credential to an upstream whose certificate nobody vouches for', async () => {
    const authority = createCertificateAuthority();
    let requests = 0;
    const server = createHttpsServer(
      { SNICallback: (name, done) => done(null, authority.contextFor(name)) },
      () => requests++,
    );
    const port = new URL(await listenOnLoopback(server, 0)).port;
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    const upstreamTls = createUpstream(new URL(`https://localhost:${port}`));
    const outgoing = { method: 'GET', target: '/', headers: { host: 'localhost' } };
    const sent = upstreamTls.send(
      'sts.amazonaws.com',
      outgoing,
      { content: Buffer.alloc(0) },
      new AbortController().signal,
    );
    await expect(sent).rejects.toMatchObject({ code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' });
    Reflect.deleteProperty(process.env, 'NODE_TLS_REJECT_UNAUTHORIZED');
    expect(requests).toBe(0);
    upstreamTls.close();
    await closeServer(server);
  });
});
