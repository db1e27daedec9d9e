// One approved request, from capability to the last byte of the answer. The upstream is not trusted either: it may be slow,
// endless, broken, or send us elsewhere.

import { STATUS_CODES } from 'node:http';

import { Agent, type Dispatcher } from 'undici';

import { TurretError } from '../../src/errors.js';
import { LlmAnswer } from '../../src/llm/answer.js';
import { costKind } from '../../src/llm/ask.js';
import { costOf, priceOf } from '../../src/llm/price.js';
import {
  HTTP_ANSWER_HEAD_BYTES_MAX,
  HTTP_CONNECT_MS_MAX,
  HTTP_REQUESTS_MAX,
} from '../../src/protocol/limits.js';
import type { Params } from '../../src/protocol/messages.js';
import type { Run, RunResult } from '../sdk/types.js';
import { type Body, readBody } from './body.js';
import { pairOf, returnedHeaders } from './headers.js';
import { WITH_BODY, isMethod } from './resolve.js';
import { relative, upstreamTrouble, wasNeverSent } from './trouble.js';
import type { Upstream } from './upstreams.js';

export function createAgent(): Agent {
  return new Agent({
    connect: { timeout: HTTP_CONNECT_MS_MAX, rejectUnauthorized: true },
    connections: HTTP_REQUESTS_MAX,
    maxHeaderSize: HTTP_ANSWER_HEAD_BYTES_MAX,
    allowH2: false,
    strictContentLength: true,
  });
}

export interface HttpRuntime {
  agent: Agent;
  upstreams: ReadonlyMap<string, Upstream>;
  /** An answer that is longer is cut there, and the call fails. */
  answerBytesMax: number;
}

/** @throws TurretError for what Turret could not do, or the upstream did not */
export async function performHttp(
  run: Run,
  { agent, upstreams, answerBytesMax }: HttpRuntime,
): Promise<RunResult> {
  const [capability] = run.capabilities;
  const [, alias = '', method = ''] = capability?.action.split('.') ?? [];
  const upstream = upstreams.get(alias);
  if (
    capability === undefined ||
    run.capabilities.length !== 1 ||
    upstream === undefined ||
    !isMethod(method)
  )
    throw new TurretError('no_such_action', 'that was never resolved');
  const { params } = capability;
  const sent = outgoing(params, upstream);
  upstream.authorize(sent);
  const { api, max_tokens: cap, prices } = upstream;
  const bounds = { cap, priced: prices !== undefined };
  const body = WITH_BODY.includes(method) ? await readBody(run.stdin, { api, params, ...bounds }) : undefined;
  if (body?.length !== undefined) sent.headers['content-length'] = String(body.length);
  const tap = api === undefined || body === undefined ? undefined : new Counted(run, upstream, params, body);
  try {
    const answer = await agent.request({
      origin: upstream.origin,
      path: sent.path,
      method: method.toUpperCase(),
      headers: sent.headers,
      body: body?.content ?? null,
      signal: run.signal,
      headersTimeout: upstream.silenceMs,
      bodyTimeout: upstream.silenceMs,
    });
    const result = await relay(run, answer, { upstream, params, tap, answerBytesMax });
    tap?.report();
    return result;
  } catch (error) {
    if (!wasNeverSent(error)) tap?.report();
    throw upstreamTrouble(error, upstream);
  }
}

function outgoing(params: Params, { base }: Upstream): { path: string; headers: Record<string, string> } {
  const { path, query, headers = [] } = params as { path: string; query?: string; headers?: string[] };
  return {
    path: `${base}${path}${query === undefined ? '' : `?${query}`}`,
    // What is compressed cannot be looked through for secrets, nor for usage.
    headers: { ...Object.fromEntries(headers.map(pairOf)), 'accept-encoding': 'identity' },
  };
}

async function relay(
  run: Run,
  { statusCode, headers, body }: Dispatcher.ResponseData,
  {
    upstream,
    params,
    tap,
    answerBytesMax,
  }: { upstream: Upstream; params: Params; tap: Counted | undefined; answerBytesMax: number },
): Promise<RunResult> {
  const isPlain =
    [undefined, 'identity'].includes(headers['content-encoding'] as string) &&
    [undefined, 'chunked'].includes(headers['transfer-encoding'] as string);
  if (!isPlain)
    throw new TurretError(
      'repeater_error',
      `the upstream "${upstream.alias}" compresses although it was asked not to`,
    );
  if (params['include'] === true)
    await write(run, headOf(statusCode, relative(returnedHeaders(headers), upstream)));
  else if (statusCode >= 400) run.stderr.write(`turret: ${statusCode} ${STATUS_CODES[statusCode] ?? ''}\n`);
  const answer = tap?.begin(statusCode, String(headers['content-type'] ?? ''));
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > answerBytesMax)
      throw new TurretError('output_limit', `the answer is longer than ${answerBytesMax} bytes`, {
        hints: [
          'ask for a part of it (range, which headers: of the upstream in turret.yaml can let through)',
        ],
      });
    await write(run, answer === undefined ? chunk : answer.push(chunk));
  }
  if (answer !== undefined) await write(run, answer.end());
  return { exit: statusCode >= 400 ? 1 : 0 };
}

function headOf(status: number, headers: readonly (readonly [string, string])[]): Buffer {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return Buffer.from(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines}\r\n`, 'latin1');
}

// Waits while nobody takes it: the upstream is then not read either. A write that is never taken ends with the call.
function write({ stdout, signal }: Run, bytes: Buffer): Promise<void> {
  if (bytes.length === 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const over = (): void => reject(signal.reason as Error);
    if (signal.aborted) return over();
    signal.addEventListener('abort', over, { once: true });
    stdout.write(bytes, (error) => {
      signal.removeEventListener('abort', over);
      if (error) reject(error);
      else resolve();
    });
  });
}

/** What one request to a model costs: as the API says, or a guess where it does not or was not let finish. */
class Counted {
  readonly #run: Run;
  readonly #upstream: Upstream;
  readonly #params: Params;
  readonly #body: Body;
  #answer: LlmAnswer | undefined;
  #failed = false;

  constructor(run: Run, upstream: Upstream, params: Params, body: Body) {
    this.#run = run;
    this.#upstream = upstream;
    this.#params = params;
    this.#body = body;
  }

  begin(status: number, contentType: string): LlmAnswer | undefined {
    const { api } = this.#upstream;
    this.#failed = status >= 300;
    if (api === undefined || this.#failed) return undefined;
    const events = contentType.startsWith('text/event-stream');
    this.#answer = new LlmAnswer({ api, events, hideUsage: events && this.#body.hideUsage });
    return this.#answer;
  }

  report(): void {
    const { api, prices } = this.#upstream;
    const { path, model } = this.#params as { path: string; model?: string };
    if (this.#failed || api === undefined) return;
    const said = this.#answer?.tokens;
    const whole = this.#answer?.ended === true;
    const cost = costKind(api, path) ?? (model === undefined ? 'free' : 'writes');
    if (said === undefined && cost === 'free') return;
    const written = cost === 'reads' ? 0 : tokensOf(this.#answer?.bytes ?? 0);
    const guess = {
      input: said === undefined ? tokensOf(this.#body.length ?? 0) : said.input,
      cached: said?.cached ?? 0,
      output: whole && said !== undefined ? said.output : Math.max(said?.output ?? 0, written),
    };
    const price = model === undefined || prices === undefined ? undefined : priceOf(prices, model);
    this.#run.used({
      ...guess,
      ...(model === undefined ? {} : { model }),
      ...(price === undefined ? {} : { usd: costOf(guess, price) }),
      ...(whole && said !== undefined ? {} : { estimated: true }),
    });
  }
}

/** Rather too many: four bytes are about one token of English, and less of anything else. */
function tokensOf(bytes: number): number {
  return Math.ceil(bytes / 4);
}
