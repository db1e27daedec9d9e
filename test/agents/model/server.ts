// A model on loopback that does what a script says, in the language in which it is asked. It takes one key; who shows
// another one gets nothing.

import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';

import type { JsonObject } from '../../../src/protocol/messages.js';
import { closeServer, listenOnLoopback } from '../../fakes/loopback.js';
import { ANTHROPIC } from './anthropic.js';
import { CHAT } from './chat.js';
import type { Dialect, Reply } from './conversation.js';
import { GEMINI } from './gemini.js';
import { RESPONSES } from './responses.js';
import { type Script, replyTo } from './script.js';

export interface ModelRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** It showed the key. */
  readonly verified: boolean;
  readonly status: number;
  readonly tools: readonly string[];
  /** What the agent's tools have answered so far. */
  readonly results: readonly string[];
  readonly reply?: Reply;
}
export interface ScriptedModel {
  readonly url: string;
  readonly requests: ModelRequest[];
  close(): Promise<void>;
}

const DIALECTS: readonly Dialect[] = [ANTHROPIC, CHAT, RESPONSES, GEMINI];

/** @param models names that are listed when somebody asks for them */
export async function startScriptedModel(
  script: Script,
  { key, models }: { key: string; models: readonly string[] },
): Promise<ScriptedModel> {
  const requests: ModelRequest[] = [];
  const server = createServer((message, response) => {
    void answer(message, response, { script, key, models, requests }).catch(() => response.destroy());
  });
  const url = await listenOnLoopback(server, 0);
  return { url, requests, close: () => closeServer(server) };
}

interface Model {
  script: Script;
  key: string;
  models: readonly string[];
  requests: ModelRequest[];
}

async function answer(message: IncomingMessage, response: ServerResponse, model: Model): Promise<void> {
  const { headers, method = '' } = message;
  const path = (message.url ?? '').split('?')[0] ?? '';
  const body = (await buffer(message)).toString('utf8');
  const verified = keyOf(headers) === model.key;
  const dialect = DIALECTS.find((each) => each.path.test(path));
  const request = { method, path, headers, body, verified, tools: [], results: [] };
  const plain = (status: number, value: object): void => {
    model.requests.push({ ...request, status });
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  };
  if (!verified) return plain(401, { type: 'error', error: { type: 'authentication_error', message: 'no' } });
  if (path.endsWith('/models')) return plain(200, listOf(model.models));
  if (path.endsWith('/messages/count_tokens')) return plain(200, { input_tokens: 100 });
  if (path.endsWith(':countTokens')) return plain(200, { totalTokens: 100 });
  if (method !== 'POST' || dialect === undefined)
    return plain(404, { error: { type: 'not_found_error', message: `nothing at ${path}` } });
  const asked = dialect.read(JSON.parse(body) as JsonObject, path);
  const reply = replyTo(asked, model.script);
  const { results } = asked;
  const tools = asked.tools.map(({ name }) => name);
  model.requests.push({ ...request, status: 200, tools, results, reply });
  const id = model.requests.length;
  if (!asked.stream) {
    response.writeHead(200, { 'content-type': 'application/json' });
    return void response.end(JSON.stringify(dialect.document(reply, asked, id)));
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const { name, data } of dialect.events(reply, asked, id)) {
    const line = typeof data === 'string' ? data : JSON.stringify(data);
    response.write(`${name === undefined ? '' : `event: ${name}\n`}data: ${line}\n\n`);
  }
  response.end();
}

function keyOf(headers: IncomingHttpHeaders): string | undefined {
  const named = headers['x-api-key'] ?? headers['x-goog-api-key'];
  const [, bearer] = /^Bearer (\S+)$/.exec(headers.authorization ?? '') ?? [];
  return [named].flat()[0] ?? bearer;
}

function listOf(models: readonly string[]): object {
  const data = models.map((id) => ({ id, object: 'model', created: 1, owned_by: 'test' }));
  return { object: 'list', data, has_more: false };
}
