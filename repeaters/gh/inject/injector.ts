// A Unix socket that gh takes for GitHub, for one call. When a request gets here nothing of it has been verified: it
// is refused unless it carries this call's dummy token, names a known host, and is part of what was approved. Only
// then the real credential goes on it.

import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import {
  INJECTOR_GRAPHQL_BYTES_MAX,
  INJECTOR_HEADER_BYTES_MAX,
  INJECTOR_REQUESTS_MAX,
} from '../../../src/protocol/limits.js';
import type { GhWireAllowance } from '../types.js';
import { checkGraphql, checkRest, type Refusal } from './check.js';
import { HandedOut } from './handed-out.js';
import { hostRole, plainPath, type HostRole } from './hosts.js';
import type { Upstream } from './upstream.js';

export interface InjectorOptions {
  /** Path of the socket, in a directory that only this user can enter. */
  socket: string;
  /** What gh has as its token. */
  dummy: string;
  /** The real one. */
  token: string;
  host: string;
  allow: readonly GhWireAllowance[];
  upstream: Upstream;
  /** Told of each refused request, in one sentence. */
  onRefused?: (reason: string) => void;
}

export interface Injector {
  close(): Promise<void>;
}

/** Listen on the socket. @throws the listen error */
export async function startInjector(options: InjectorOptions): Promise<Injector> {
  const handedOut = new HandedOut();
  let requests = 0;
  const server = createServer(
    { maxHeaderSize: INJECTOR_HEADER_BYTES_MAX, requestTimeout: 0 },
    (request, response) => {
      requests += 1;
      if (requests > INJECTOR_REQUESTS_MAX) {
        refuse(response, 429, 'too many requests in one call');
        return;
      }
      serve({ request, response, handedOut, options }).catch((error: unknown) => {
        // After the head, one side broke off, and gh does so with every body it does not want: nothing to say about it.
        if (response.headersSent || response.destroyed) {
          response.destroy();
          return;
        }
        options.onRefused?.(error instanceof Error ? error.message : 'a request failed');
        refuse(response, 502, 'GitHub could not be reached');
      });
    },
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.socket, resolve);
  });
  return { close: () => closeServer(server) };
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
    server.closeAllConnections();
  });
}

interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  handedOut: HandedOut;
  options: InjectorOptions;
}

async function serve({ request, response, handedOut, options }: Exchange): Promise<void> {
  const { method = '', url = '', headers } = request;
  const header = headers.host ?? '';
  const role = hostRole(header, options.host);
  const address = `https://${header.toLowerCase()}${url}`;
  const followed = handedOut.has({ method, address });
  const authorization = headers.authorization;
  // Addresses of stored files carry a signature of their own, and gh sends no token there.
  const needsToken = !(
    followed &&
    (role === 'download' || role === 'archive') &&
    authorization === undefined
  );
  if (needsToken && !isDummy(authorization, options.dummy)) {
    deny(options, response, 401, 'the request does not carry the token of this call');
    return;
  }
  if (role === undefined || !url.startsWith('/')) {
    deny(options, response, 403, `${JSON.stringify(header)} is not a host of ${options.host}`);
    return;
  }
  const mark = url.indexOf('?');
  const path = plainPath(mark < 0 ? url : url.slice(0, mark), options.host);
  const query = mark < 0 ? '' : url.slice(mark + 1);
  const body = path === '/graphql' && role === 'api' ? await readBounded(request) : undefined;
  const reason = followed ? undefined : checkOwn({ method, path, query, role, body, options });
  if (reason !== undefined) {
    deny(options, response, 403, reason);
    return;
  }
  const token = role !== 'download' && authorization !== undefined ? options.token : undefined;
  await options.upstream.forward({ request, response, address, body, token }, (answer) => {
    handedOut.learn({ method, address }, answer);
  });
}

function checkOwn({
  method,
  path,
  query,
  role,
  body,
  options,
}: {
  method: string;
  path: string;
  query: string;
  role: HostRole;
  body: Buffer | 'too large' | undefined;
  options: InjectorOptions;
}): Refusal {
  if (role === 'archive' || role === 'download') return 'GitHub did not point to this address in this call';
  if (path !== '/graphql') return checkRest({ method, path, query }, options.allow);
  if (body === 'too large' || body === undefined) return 'the GraphQL request is too large';
  return method === 'POST' ? checkGraphql(body.toString(), options.allow) : 'GraphQL is asked by POST';
}

function isDummy(authorization: string | undefined, dummy: string): boolean {
  const sent = Buffer.from(/^(?:token|bearer) (.+)$/i.exec(authorization ?? '')?.[1] ?? '');
  const wanted = Buffer.from(dummy);
  return sent.length === wanted.length && timingSafeEqual(sent, wanted);
}

async function readBounded(request: IncomingMessage): Promise<Buffer | 'too large'> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > INJECTOR_GRAPHQL_BYTES_MAX) return 'too large';
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function deny(options: InjectorOptions, response: ServerResponse, status: number, reason: string): void {
  options.onRefused?.(reason);
  refuse(response, status, reason);
}

/** An error in GitHub's own form, which gh prints as it is. */
function refuse(response: ServerResponse, status: number, reason: string): void {
  const body = JSON.stringify({ message: `turret: ${reason}` });
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  });
  response.end(body);
}
