// The way to GitHub, or to the one address the operator pinned instead. The only place where the real token is written.

import {
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { INJECTOR_IDLE_MS_MAX } from '../../../src/protocol/limits.js';
import { HOP_BY_HOP, headersWithout } from '../../sdk/headers.js';

interface Forwarding {
  request: IncomingMessage;
  response: ServerResponse;
  /** `https://host/path?query` as gh asked. */
  address: string;
  /** The body, when it was read to be checked; what was checked is what is sent. */
  body: Buffer | 'too large' | undefined;
  token: string | undefined;
}

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
}

export interface Upstream {
  forward(forwarding: Forwarding, learn: (answer: Answer) => void): Promise<void>;
  close(): void;
}

/** Also what must never be passed on. */
const NOT_FORWARDED: ReadonlySet<string> = new Set([
  ...HOP_BY_HOP,
  'authorization',
  'cookie',
  'expect',
  'x-github-otp',
]);
/** gh does not repeat what a connection broke of that was kept too long, and of a mutation nobody may. */
const KEPT = { keepAlive: true, timeout: INJECTOR_IDLE_MS_MAX } as const;
const NOT_RETURNED: ReadonlySet<string> = new Set([...HOP_BY_HOP, 'set-cookie']);

/** @param endpoint the operator's pinned upstream for all hosts; without it, GitHub itself over TLS */
export function createUpstream(endpoint: URL | undefined): Upstream {
  const agents = {
    http: new HttpAgent(KEPT),
    https: new HttpsAgent({ ...KEPT, rejectUnauthorized: true }),
  };
  return {
    forward: (forwarding, learn) => forward(forwarding, learn, { endpoint, agents }),
    close: () => {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

async function forward(
  { request, response, address, body, token }: Forwarding,
  learn: (answer: Answer) => void,
  { endpoint, agents }: { endpoint: URL | undefined; agents: { http: HttpAgent; https: HttpsAgent } },
): Promise<void> {
  const asked = new URL(address);
  const target = endpoint ?? new URL(asked.origin);
  const secure = target.protocol === 'https:';
  const headers = outgoing(request.headers, asked.host, token);
  if (Buffer.isBuffer(body)) headers['content-length'] = String(body.length);
  else if (request.headers['transfer-encoding'] !== undefined) headers['transfer-encoding'] = 'chunked';
  const host = target.hostname.replace(/^\[|\]$/g, '');
  const options = {
    host,
    // The certificate must be that of the machine we connect to. Node would take the name from the Host header, which
    // stays GitHub's when the operator pinned another endpoint.
    servername: isIP(host) === 0 ? host : '',
    port: target.port === '' ? (secure ? 443 : 80) : Number(target.port),
    method: request.method ?? 'GET',
    // As gh sent it: a second normalisation could make another path of it.
    path: (endpoint ? endpoint.pathname.replace(/\/$/, '') : '') + (request.url ?? '/'),
    headers,
  };
  const upstream = secure
    ? httpsRequest({ ...options, agent: agents.https })
    : httpRequest({ ...options, agent: agents.http });
  response.once('close', () => upstream.destroy());
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    upstream.once('response', resolve);
    // More than one can come; the first is the answer, and none may be left without a listener.
    upstream.on('error', reject);
  });
  const sent = Buffer.isBuffer(body) ? Promise.resolve(upstream.end(body)) : pipeline(request, upstream);
  // An upstream that answers before it has read the body ends the sending with an error that says nothing new.
  const sending = sent.then(
    () => undefined,
    () => undefined,
  );
  const answer = await answered;
  const status = answer.statusCode ?? 502;
  learn({ status, headers: answer.headers });
  response.writeHead(status, answer.statusMessage, headersWithout(answer.rawHeaders, NOT_RETURNED));
  await pipeline(answer, response);
  await sending;
}

function outgoing(
  given: IncomingHttpHeaders,
  host: string,
  token: string | undefined,
): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined && !NOT_FORWARDED.has(name)) headers[name] = value;
  }
  headers['host'] = host;
  if (token !== undefined) headers['authorization'] = `token ${token}`;
  return headers;
}
