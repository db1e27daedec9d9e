// A local GitHub. Listens on 127.0.0.1 and, when asked, on a Unix socket for gh's `http_unix_socket`; answers for
// api., uploads., codeload.github.com and objects.githubusercontent.com by the Host header. Every token is checked.

import { createHash, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, realpathSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import { createGraphql, type GraphqlRunner } from './github/graphql.js';
import { DOCUMENTATION, json, members, type GithubReply, type GithubRequest } from './github/reply.js';
import { answerRest } from './github/rest.js';
import { answerArchive, answerObject, answerUpload } from './github/rest-releases.js';
import { seedStore } from './github/seed.js';
import type { GithubStore } from './github/store.js';
import { closeServer, listenOnLoopback, readFlags } from './loopback.js';
import { createRecorder, type RecordedRequest } from './recorder.js';

export { VICTIM_CANARY } from './github/seed.js';

export interface GithubToken {
  readonly token: string;
  readonly scopes: readonly string[];
  /** Mutations and every REST method but GET answer 403. */
  readonly readOnly?: boolean;
}

/** Tokens that work when none are given. They open nothing but this fake. */
export const FAKE_GITHUB_TOKEN: GithubToken = {
  token: 'ghp_fakefull00000000000000000000000000001',
  scopes: ['repo', 'read:org', 'gist', 'workflow'],
};
export const FAKE_GITHUB_READ_ONLY_TOKEN: GithubToken = {
  token: 'ghp_fakeread00000000000000000000000000001',
  scopes: ['repo', 'read:org'],
  readOnly: true,
};

export interface FakeGithubOptions {
  readonly tokens?: readonly GithubToken[];
  readonly port?: number;
  /** A Unix socket to listen on as well. */
  readonly socket?: string;
  readonly logFile?: string;
}

export interface FakeGithub {
  readonly url: string;
  readonly requests: RecordedRequest[];
  readonly state: GithubStore;
  /** May be set while it runs: so many of the next requests are never answered, or answered with their own token. */
  readonly faults: { hang: number; echo: number };
  /** Puts the seeded repositories back. */
  reset(): void;
  close(): Promise<void>;
}

/** A token named in a record without being in it. */
export const fingerprint = (token: string): string =>
  createHash('sha256').update(token).digest('hex').slice(0, 12);

const BODY_BYTES_MAX = 256 * 1024 * 1024;
const FIXED_HEADERS = {
  date: 'Fri, 02 Jan 2026 03:04:05 GMT',
  server: 'GitHub.com',
  'x-github-request-id': 'FAKE:0001',
  'x-github-media-type': 'github.v3; format=json',
  'x-ratelimit-limit': '5000',
  'x-ratelimit-remaining': '4999',
  'x-ratelimit-reset': '1767326645',
  'x-ratelimit-used': '1',
  'x-ratelimit-resource': 'core',
};

function readToken(message: IncomingMessage): string | undefined {
  return /^(?:token|bearer) (.+)$/i.exec(message.headers.authorization ?? '')?.[1];
}

function checkToken(given: string | undefined, tokens: readonly GithubToken[]): GithubToken | undefined {
  const bytes = Buffer.from(given ?? '');
  return tokens.find(({ token }) => {
    const known = Buffer.from(token);
    return known.length === bytes.length && timingSafeEqual(known, bytes);
  });
}

async function readRequest(message: IncomingMessage): Promise<GithubRequest> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of message) {
    const bytes: Uint8Array = chunk;
    size += bytes.length;
    if (size > BODY_BYTES_MAX) throw new RangeError('request body too large');
    chunks.push(bytes);
  }
  const url = message.url ?? '/';
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  return {
    method: message.method ?? 'GET',
    host: (message.headers.host ?? '').replace(/:\d+$/, '').toLowerCase(),
    path: path.replace(/^\/api\/(?:v3(?=\/)|(?=graphql$))/, path.startsWith('/api/graphql') ? '/' : ''),
    query: new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1)),
    accept: message.headers.accept ?? '',
    contentType: message.headers['content-type'] ?? '',
    body: Buffer.concat(chunks),
  };
}

interface Answer {
  readonly reply: GithubReply;
  readonly operation: string;
}

/** What a request gets once its host and token are known. */
async function answer(
  request: GithubRequest,
  token: GithubToken | undefined,
  given: string | undefined,
  world: { store: GithubStore; graphql: GraphqlRunner },
): Promise<Answer> {
  if (request.host === 'objects.githubusercontent.com') {
    return { reply: answerObject(world.store, request), operation: 'object.GET' };
  }
  if (token === undefined) {
    const message = given === undefined ? 'Requires authentication' : 'Bad credentials';
    return { reply: json(401, { message, documentation_url: DOCUMENTATION }), operation: '' };
  }
  if (request.path === '/graphql' && request.method === 'POST') {
    const { operation, body } = await world.graphql(members(request), { readOnly: token.readOnly === true });
    return { reply: json(200, body), operation: `graphql.${operation}` };
  }
  const operation = `rest.${request.method}`;
  if (token.readOnly === true && request.method !== 'GET' && request.method !== 'HEAD') {
    const message = 'Resource not accessible by personal access token';
    return { reply: json(403, { message, documentation_url: DOCUMENTATION }), operation };
  }
  if (request.host === 'uploads.github.com') return { reply: answerUpload(world.store, request), operation };
  if (request.host === 'codeload.github.com')
    return { reply: answerArchive(world.store, request), operation };
  return { reply: answerRest(world.store, request), operation };
}

const bytesOf = ({ bytes, json: value }: GithubReply): Buffer =>
  bytes ?? (value === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(value)));

function send(response: ServerResponse, reply: GithubReply, scopes: readonly string[] | undefined): void {
  const bytes = bytesOf(reply);
  response.writeHead(reply.status, {
    ...FIXED_HEADERS,
    ...(scopes === undefined ? {} : { 'x-oauth-scopes': scopes.join(', ') }),
    ...(reply.json === undefined ? {} : { 'content-type': 'application/json; charset=utf-8' }),
    ...(reply.status === 204 ? {} : { 'content-length': bytes.length }),
    ...reply.headers,
  });
  response.end(reply.status === 204 ? undefined : bytes);
}

/** A server that says what it was sent, as debugging proxies do. */
function echo({ headers: { authorization = '' } }: IncomingMessage): GithubReply {
  const bytes = Buffer.from(authorization);
  return json(200, { plain: authorization, base64: bytes.toString('base64'), hex: bytes.toString('hex') });
}

/** Starts the fake. Loads GitHub's schema, which takes about half a second. */
export async function startFakeGithub(options: FakeGithubOptions = {}): Promise<FakeGithub> {
  const tokens = options.tokens ?? [FAKE_GITHUB_TOKEN, FAKE_GITHUB_READ_ONLY_TOKEN];
  const store: GithubStore = { repos: new Map() };
  seedStore(store);
  const graphql = createGraphql(store);
  const recorder = createRecorder(options.logFile);
  const faults = { hang: 0, echo: 0 };
  const serve = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const request = await readRequest(message);
    if (faults.hang > 0) {
      faults.hang -= 1;
      return;
    }
    const given = readToken(message);
    const token = checkToken(given, tokens);
    const answered = await answer(request, token, given, { store, graphql });
    const { operation } = answered;
    const reply = faults.echo > 0 ? echo(message) : answered.reply;
    if (faults.echo > 0) faults.echo -= 1;
    const { errors } = (reply.json ?? {}) as { errors?: readonly { message?: string }[] };
    recorder.record({
      fake: 'github',
      method: request.method,
      host: request.host,
      path: request.path,
      query: request.query.toString().replace(/(X-Amz-Signature=)[^&]*/, '$1…'),
      operation,
      region: '',
      credential: given === undefined ? null : fingerprint(given),
      verified: token !== undefined,
      status: reply.status,
      error: errors?.[0]?.message ?? (reply.status >= 400 ? String(reply.status) : null),
      bytesIn: request.body.length,
      bytesOut: bytesOf(reply).length,
    });
    send(response, reply, token?.scopes);
  };
  const handler = (message: IncomingMessage, response: ServerResponse): void => {
    serve(message, response).catch((error: unknown) => {
      // A client that went away in the middle is normal here; anything else is a bug of the fake and must be seen.
      if (!message.destroyed || message.complete) process.stderr.write(`fake github: ${String(error)}\n`);
      response.destroy();
    });
  };
  const servers = [createServer(handler), createServer(handler)] as const;
  const url = await listenOnLoopback(servers[0], options.port ?? 0);
  if (options.socket !== undefined) {
    rmSync(options.socket, { force: true });
    servers[1].listen(options.socket);
    await once(servers[1], 'listening');
  }
  return {
    url,
    faults,
    requests: recorder.requests,
    state: store,
    reset: () => seedStore(store),
    close: async () => {
      await Promise.all(servers.map(closeServer));
    },
  };
}

/** `--state FILE` is JSON: { "tokens": […] }. SIGHUP puts the seed back. */
async function main(): Promise<void> {
  const flags = readFlags(process.argv.slice(2), ['state', 'log', 'port', 'socket']);
  const seed: Pick<FakeGithubOptions, 'tokens'> =
    flags['state'] === undefined ? {} : JSON.parse(readFileSync(flags['state'], 'utf8'));
  const fake = await startFakeGithub({
    ...seed,
    port: Number(flags['port'] ?? '0'),
    ...(flags['log'] === undefined ? {} : { logFile: flags['log'] }),
    ...(flags['socket'] === undefined ? {} : { socket: flags['socket'] }),
  });
  process.on('SIGHUP', () => fake.reset());
  process.stdout.write(`${JSON.stringify({ url: fake.url })}\n`);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      void fake.close().then(() => process.exit(0));
    });
  }
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url))
  await main();
