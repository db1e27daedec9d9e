// An HTTP request of the agent's to the action it asks for. Everything here is a claim: the repeater brings the path into
// its one form, keeps the headers that pass, and compares the body with what is said of it.

import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';

import { TurretError } from '../errors.js';
import { type LlmAsk, readLlmRequest } from '../llm/ask.js';
import type { GatewayRoute } from '../protocol/agent-directory.js';
import { HTTP_HEADERS_MAX, LLM_REQUEST_BYTES_MAX } from '../protocol/limits.js';
import type { ActionCall, Params } from '../protocol/messages.js';

const METHODS = new Set(['get', 'head', 'options', 'post', 'put', 'patch', 'delete']);
/** Not worth the way: the repeater leaves them out. */
const OURS =
  /^(?:accept-encoding|authorization|connection|content-length|cookie|expect|host|keep-alive|origin|proxy-.*|te|trailer|transfer-encoding|upgrade|x-api-key|x-goog-api-key|api-key|x-stainless-.*|sec-.*)$/;

export interface Asked {
  alias: string;
  call: ActionCall;
  body: Readable | Buffer;
}

/** @throws TurretError `no_such_action`, `invalid_params` */
export async function readRequest(request: IncomingMessage, routes: readonly GatewayRoute[]): Promise<Asked> {
  const { route, path, query } = placeOf(request.url ?? '', routes);
  const method = (request.method ?? '').toLowerCase();
  if (!METHODS.has(method))
    throw new TurretError('no_such_action', `the method ${method.toUpperCase()} is not passed on`);
  const read = route.api !== undefined && isJson(request);
  const body = read ? await heldBody(request) : request;
  const ask =
    read && Buffer.isBuffer(body) && body.length > 0
      ? readLlmRequest(route.api ?? 'openai', path, body).ask
      : {};
  const headers = headerLines(request);
  const params: Params = {
    path,
    ...(query === '' ? {} : { query }),
    ...(headers.length === 0 ? {} : { headers }),
    ...sizeOf(request, body),
    ...askParams(ask),
    include: true,
  };
  return { alias: route.alias, call: { action: `${route.action}.${method}`, params, cwd: '/' }, body };
}

function placeOf(
  url: string,
  routes: readonly GatewayRoute[],
): { route: GatewayRoute; path: string; query: string } {
  const [, alias = '', path = '', query = ''] = /^\/([^/?]*)([^?]*)\??(.*)$/s.exec(url) ?? [];
  const route = routes.find((each) => each.alias === alias);
  if (route === undefined) {
    throw new TurretError('no_such_action', `the gateway serves no ${JSON.stringify(alias)}`, {
      hints: [`paths begin with: ${routes.map((each) => `/${each.alias}`).join(', ')}`],
    });
  }
  return { route, path: path === '' ? '/' : path, query };
}

function headerLines(request: IncomingMessage): string[] {
  const lines: string[] = [];
  for (const [name, value] of Object.entries(request.headers)) {
    if (value === undefined || OURS.test(name)) continue;
    lines.push(`${name}: ${[value].flat().join(', ')}`);
  }
  return lines.slice(0, HTTP_HEADERS_MAX);
}

function isJson({ headers }: IncomingMessage): boolean {
  const type = headers['content-type'] ?? '';
  return /^application\/(?:[\w.-]+\+)?json\b/i.test(type);
}

// One that ends before its end is an error of the stream.
async function heldBody(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > LLM_REQUEST_BYTES_MAX)
      throw new TurretError('invalid_params', `the body is longer than ${LLM_REQUEST_BYTES_MAX} bytes`);
    parts.push(chunk);
  }
  return Buffer.concat(parts);
}

function sizeOf({ headers }: IncomingMessage, body: Readable | Buffer): Params {
  if (Buffer.isBuffer(body)) return { size: body.length };
  const said = headers['content-length'];
  return said === undefined ? {} : { size: Number(said) };
}

function askParams({ model, max_tokens }: LlmAsk): Params {
  return {
    ...(model === undefined ? {} : { model }),
    ...(max_tokens === undefined ? {} : { max_tokens }),
  };
}
