// Model APIs on loopback: Anthropic messages, OpenAI chat completions and responses, Gemini, streaming and not, each with
// its own form of key, which is checked. Some paths misbehave on purpose, for whoever talks to an upstream.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { gzipSync } from 'node:zlib';

import { closeServer, listenOnLoopback } from './loopback.js';

export const FAKE_LLM_KEY = 'sk-fake-0123456789abcdefghijklmnopqrstuv';
/** Between two events of a stream. */
export const EVENT_MS = 60;
const WORDS = ['The', ' quick', ' brown', ' fox'];

export interface LlmRequest {
  method: string;
  path: string;
  query: string;
  /** Whether the key was right, and where it was. */
  key: 'x-api-key' | 'bearer' | 'x-goog-api-key' | 'basic' | 'query' | undefined;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}
export interface FakeLlm {
  readonly url: string;
  readonly requests: LlmRequest[];
  /** Bytes the endless path has written so far. */
  written(): number;
  /** Answers that ended because the other side hung up. */
  hungUp(): number;
  close(): Promise<void>;
}

export async function startFakeLlm(port = 0): Promise<FakeLlm> {
  const requests: LlmRequest[] = [];
  const counts = { written: 0, hungUp: 0 };
  const server: Server = createServer((message, response) => {
    response.on('close', () => void (response.writableFinished || (counts.hungUp += 1)));
    void answer(message, response, { requests, counts }).catch(() => response.destroy());
  });
  const url = await listenOnLoopback(server, port);
  return {
    url,
    requests,
    written: () => counts.written,
    hungUp: () => counts.hungUp,
    close: () => closeServer(server),
  };
}

interface Noted {
  requests: LlmRequest[];
  counts: { written: number; hungUp: number };
}

async function answer(message: IncomingMessage, response: ServerResponse, noted: Noted): Promise<void> {
  const [path = '', query = ''] = (message.url ?? '').split('?');
  const bad = MISBEHAVING[path];
  if (bad !== undefined) return bad(message, response, noted);
  const body = (await buffer(message)).toString('utf8');
  const key = keyOf(message, query);
  noted.requests.push({ method: message.method ?? '', path, query, key, headers: message.headers, body });
  if (key === undefined)
    return json(response, 401, {
      type: 'error',
      error: { type: 'authentication_error', message: 'wrong key' },
    });
  if (path === '/v1/models')
    return json(response, 200, { object: 'list', data: [{ id: 'fake-1', object: 'model' }] });
  const asked = (body.startsWith('{') ? JSON.parse(body) : {}) as Asked;
  if (path === '/v1/messages') return anthropic(asked, response);
  if (path === '/v1/messages/count_tokens') return json(response, 200, { input_tokens: 12 });
  if (path === '/v1/chat/completions') return chat(asked, response);
  if (path === '/v1/responses') return responses(asked, response);
  const gemini = /^\/v1beta\/models\/[^/]+:(generateContent|streamGenerateContent)$/.exec(path);
  if (gemini !== null) return geminiAnswer(gemini[1] === 'streamGenerateContent', response);
  return json(response, 404, { error: { message: `no such path: ${path}` } });
}

interface Asked {
  model?: string;
  stream?: boolean;
  stream_options?: { include_usage?: boolean };
}

function keyOf(message: IncomingMessage, query: string): LlmRequest['key'] {
  const { headers } = message;
  if (headers['x-api-key'] === FAKE_LLM_KEY) return 'x-api-key';
  if (headers['x-goog-api-key'] === FAKE_LLM_KEY) return 'x-goog-api-key';
  if (headers.authorization === `Bearer ${FAKE_LLM_KEY}`) return 'bearer';
  if (headers.authorization === `Basic ${Buffer.from(`me:${FAKE_LLM_KEY}`).toString('base64')}`)
    return 'basic';
  return new URLSearchParams(query).get('key') === FAKE_LLM_KEY ? 'query' : undefined;
}

async function anthropic({ model, stream }: Asked, response: ServerResponse): Promise<void> {
  const usage = {
    input_tokens: 10,
    cache_creation_input_tokens: 2,
    cache_read_input_tokens: 5,
    output_tokens: 4,
  };
  const message = { id: 'msg_1', type: 'message', role: 'assistant', model, stop_sequence: null };
  const content = [{ type: 'text', text: WORDS.join('') }];
  if (stream !== true) return json(response, 200, { ...message, content, stop_reason: 'end_turn', usage });
  const text = { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } };
  return events(response, [
    {
      type: 'message_start',
      message: { ...message, content: [], stop_reason: null, usage: { ...usage, output_tokens: 1 } },
    },
    text,
    ...WORDS.map((word) => ({
      type: 'content_block_delta',
      index: 0,
      delta: { type: 'text_delta', text: word },
    })),
    { type: 'content_block_stop', index: 0 },
    {
      type: 'message_delta',
      delta: { stop_reason: 'end_turn', stop_sequence: null },
      usage: { output_tokens: 4 },
    },
    { type: 'message_stop' },
  ]);
}

async function chat({ model, stream, stream_options }: Asked, response: ServerResponse): Promise<void> {
  const usage = {
    prompt_tokens: 15,
    completion_tokens: 4,
    total_tokens: 19,
    prompt_tokens_details: { cached_tokens: 5 },
  };
  const base = { id: 'chatcmpl-1', created: 1, model };
  const message = { role: 'assistant', content: WORDS.join('') };
  if (stream !== true)
    return json(response, 200, {
      ...base,
      object: 'chat.completion',
      choices: [{ index: 0, message, finish_reason: 'stop' }],
      usage,
    });
  const chunk = (choices: object[], more: object = {}): object => ({
    ...base,
    object: 'chat.completion.chunk',
    choices,
    ...more,
  });
  const wanted = stream_options?.include_usage === true;
  return events(response, [
    ...WORDS.map((content) => chunk([{ index: 0, delta: { content }, finish_reason: null }])),
    chunk([{ index: 0, delta: {}, finish_reason: 'stop' }]),
    ...(wanted ? [chunk([], { usage })] : []),
    '[DONE]',
  ]);
}

async function responses({ model, stream }: Asked, response: ServerResponse): Promise<void> {
  const item = {
    type: 'message',
    id: 'msg_1',
    role: 'assistant',
    status: 'completed',
    content: [{ type: 'output_text', text: WORDS.join(''), annotations: [] }],
  };
  const usage = {
    input_tokens: 15,
    input_tokens_details: { cached_tokens: 5 },
    output_tokens: 4,
    total_tokens: 19,
  };
  const done = {
    id: 'resp_1',
    object: 'response',
    created_at: 1,
    status: 'completed',
    model,
    output: [item],
    usage,
  };
  if (stream !== true) return json(response, 200, done);
  const delta = { type: 'response.output_text.delta', item_id: 'msg_1', output_index: 0, content_index: 0 };
  return events(response, [
    { type: 'response.created', response: { ...done, status: 'in_progress', output: [], usage: null } },
    ...WORDS.map((word) => ({ ...delta, delta: word })),
    { type: 'response.completed', response: done },
  ]);
}

async function geminiAnswer(stream: boolean, response: ServerResponse): Promise<void> {
  const of = (text: string, written: number): object => ({
    candidates: [{ content: { role: 'model', parts: [{ text }] }, index: 0 }],
    usageMetadata: {
      promptTokenCount: 15,
      cachedContentTokenCount: 5,
      candidatesTokenCount: written,
      thoughtsTokenCount: 1,
    },
  });
  if (!stream) return json(response, 200, of(WORDS.join(''), 3));
  return events(
    response,
    WORDS.map((word, index) => of(word, index)),
  );
}

/** One event after the other, as a model writes. */
async function events(response: ServerResponse, list: (object | string)[]): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'set-cookie': 'tracked=1' });
  for (const event of list) {
    const { type } = event as { type?: string };
    const name = typeof type === 'string' ? `event: ${type}\n` : '';
    response.write(`${name}data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`);
    await sleep(EVENT_MS);
  }
  response.end();
}

type Handler = (message: IncomingMessage, response: ServerResponse, noted: Noted) => Promise<void> | void;
const MISBEHAVING: Record<string, Handler> = {
  '/hang': () => {},
  // Says how much comes, and sends less.
  '/half': (_message, response) => {
    response.writeHead(200, { 'content-length': '1000' });
    response.write('half of it');
    setTimeout(() => response.destroy(), EVENT_MS);
  },
  '/silent': (_message, response) => {
    response.writeHead(200);
    response.write('a beginning');
  },
  '/chunks': (_message, response) => {
    response.socket?.end(
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\nnonsense\r\n',
    );
  },
  '/no-http': (_message, response) => void response.socket?.end('SSH-2.0-nonsense\r\n\r\n'),
  '/endless': async (_message, response, { counts }) => {
    response.writeHead(200, { 'content-type': 'application/octet-stream' });
    const chunk = Buffer.alloc(65_536, 'x');
    const more = function* (): Generator<Buffer> {
      for (;;) {
        counts.written += chunk.length;
        yield chunk;
      }
    };
    await pipeline(Readable.from(more()), response);
  },
  '/quiet': (_message, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"object":"answer"}');
  },
  '/gzip': (_message, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(FAKE_LLM_KEY));
  },
  '/gzip-on-the-way': (_message, response) => {
    const body = gzipSync(FAKE_LLM_KEY);
    response.socket?.write(
      `HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n${body.length.toString(16)}\r\n`,
    );
    response.socket?.write(body);
    response.socket?.end('\r\n0\r\n\r\n');
  },
  '/echo-key': (message, response) => {
    response.writeHead(200, {
      'content-type': 'text/plain',
      'x-request-id': String(message.headers['x-api-key']),
    });
    const basic = message.headers.authorization ?? '';
    response.end(
      `${JSON.stringify(message.headers)} ${Buffer.from(basic.slice(6), 'base64').toString('latin1')}`,
    );
  },
  '/moved': (message, response) => {
    response
      .writeHead(302, {
        location: `http://${message.headers.host}/v1/models`,
        link: `<http://${message.headers.host}/p?page=2>; rel="next"`,
      })
      .end();
  },
  '/elsewhere': (_message, response) => {
    response.writeHead(307, { location: 'http://127.0.0.2:9/steal' }).end();
  },
};

function json(response: ServerResponse, status: number, value: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'x-request-id': 'req_1', server: 'fake' });
  response.end(JSON.stringify(value));
}
