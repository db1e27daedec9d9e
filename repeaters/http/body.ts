// What is sent: the caller's input, held when it is short or has to be read first, passed on as it comes otherwise.

import { Readable } from 'node:stream';

import { TurretError } from '../../src/errors.js';
import { type LlmApi, completed, costKind, readLlmRequest } from '../../src/llm/ask.js';
import {
  HTTP_BODY_HELD_BYTES_MAX,
  HTTP_REQUEST_BYTES_MAX,
  LLM_REQUESTS_BYTES_MAX,
  LLM_REQUEST_BYTES_MAX,
} from '../../src/protocol/limits.js';
import type { Params } from '../../src/protocol/messages.js';

export interface Body {
  content: Buffer | Readable;
  /** Bytes, when known. */
  length: number | undefined;
  /** The client is not to see the usage we asked for. */
  hideUsage: boolean;
}

/** Of the upstream. */
interface LlmBounds {
  cap: number | undefined;
  /** What a model costs is counted. */
  priced: boolean;
}

/** UTF-8, as we read it: in another character set the same bytes are another text, with another model in it. */
const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json(?:[ \t]*;[ \t]*charset="?utf-?8"?)?$/;

/** @throws TurretError `invalid_params` when it is not what was decided on */
export async function readBody(
  stdin: Readable,
  { api, params, ...bounds }: { api: LlmApi | undefined; params: Params } & LlmBounds,
): Promise<Body> {
  const size = params['size'] as number | undefined;
  // Other forms than JSON have no place for a model that everybody would find.
  const isMultipart = contentType(params).startsWith('multipart/form-data');
  if (api !== undefined && !isMultipart) return readLlmBody(stdin, { api, params, ...bounds });
  if (api !== undefined && (params['model'] !== undefined || costKind(api, params['path'] as string)))
    throw differs('a form has no model');
  const chunks = chunksOf(stdin, size ?? HTTP_REQUEST_BYTES_MAX);
  const first = await upTo(chunks, HTTP_BODY_HELD_BYTES_MAX);
  if (!first.ended)
    return { content: Readable.from(followed(first.bytes, chunks)), length: size, hideUsage: false };
  if (size !== undefined && size !== first.bytes.length) throw wrongSize();
  return { content: first.bytes, length: first.bytes.length, hideUsage: false };
}

async function readLlmBody(
  stdin: Readable,
  { api, params, cap, priced }: { api: LlmApi; params: Params } & LlmBounds,
): Promise<Body> {
  const type = contentType(params);
  const bytes = await heldBytes(stdin);
  const { path, size, model, max_tokens } = params;
  if (size !== undefined && size !== bytes.length) throw wrongSize();
  if (bytes.length === 0 && model === undefined) return { content: bytes, length: 0, hideUsage: false };
  if (!JSON_TYPE.test(type)) throw differs(`a body of type ${JSON.stringify(type)} is not read`);
  const at = { api, path: path as string, cap };
  const request = readLlmRequest(api, at.path, bytes);
  const { ask, body } = request;
  if (ask.model !== model) throw differs(`the body asks for model ${JSON.stringify(ask.model ?? null)}`);
  const cost = costKind(api, at.path);
  // The server would take one of its own, and nobody would know what it costs.
  if (priced && model === undefined && (cost === 'writes' || cost === 'reads'))
    throw new TurretError(
      'invalid_params',
      'the body names no model, and turret.yaml has prices for models',
      {
        hints: ['give model=…, and name it in the body'],
      },
    );
  const isOurs = ask.max_tokens === undefined && max_tokens === cap && cost === 'writes';
  if (ask.max_tokens !== max_tokens && !isOurs)
    throw differs(`the body lets the model write ${ask.max_tokens ?? 'without a bound'}`);
  // Its usage is in an answer to somebody else's later request.
  if (body['background'] === true)
    throw new TurretError('invalid_params', 'an answer in the background cannot be counted', {
      hints: ['ask without background: true'],
    });
  const more = completed(request, at);
  const content = more === undefined ? bytes : Buffer.from(JSON.stringify(more.body));
  return { content, length: content.length, hideUsage: more?.addedUsage === true };
}

let held = 0;

// All that are held at once have a bound together: 64 calls must not be 64 times the most.
async function heldBytes(stdin: Readable): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of stdin as AsyncIterable<Buffer>) {
      parts.push(chunk);
      length += chunk.length;
      held += chunk.length;
      if (length > LLM_REQUEST_BYTES_MAX)
        throw new TurretError('invalid_params', `the body is longer than ${LLM_REQUEST_BYTES_MAX} bytes`);
      if (held > LLM_REQUESTS_BYTES_MAX)
        throw new TurretError('repeater_unavailable', 'too many large requests at once', {
          hints: ['wait for the others'],
        });
    }
    return Buffer.concat(parts);
  } finally {
    held -= length;
  }
}

async function* chunksOf(stdin: Readable, most: number): AsyncGenerator<Buffer, void> {
  let length = 0;
  for await (const chunk of stdin as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > most) throw wrongSize();
    yield chunk;
  }
}

async function upTo(
  chunks: AsyncGenerator<Buffer, void>,
  most: number,
): Promise<{ bytes: Buffer; ended: boolean }> {
  const parts: Buffer[] = [];
  for (let length = 0; length <= most;) {
    const next = await chunks.next();
    if (next.done === true) return { bytes: Buffer.concat(parts), ended: true };
    parts.push(next.value);
    length += next.value.length;
  }
  return { bytes: Buffer.concat(parts), ended: false };
}

async function* followed(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  yield first;
  yield* rest;
}

function contentType(params: Params): string {
  const line = ((params['headers'] ?? []) as string[]).find((each) => each.startsWith('content-type:'));
  // What `turret call` pipes in, when it says nothing.
  return line?.slice('content-type:'.length).trim().toLowerCase() ?? 'application/json';
}

function wrongSize(): TurretError {
  return new TurretError('invalid_params', 'the body is not as long as the call says', {
    hints: ['leave the param size out, or give the bytes of the body'],
  });
}

function differs(what: string): TurretError {
  return new TurretError('invalid_params', `${what}, and that is not what the call says`, {
    hints: ['give model=… and max_tokens:=… as they are in the body'],
  });
}
