// OpenAI's responses.

import type { JsonObject } from '../../../src/protocol/messages.js';
import {
  type Conversation,
  type Dialect,
  type Reply,
  type StreamEvent,
  objects,
  plainText,
} from './conversation.js';

const USAGE = {
  input_tokens: 100,
  input_tokens_details: { cached_tokens: 0 },
  output_tokens: 10,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: 110,
};

export const RESPONSES: Dialect = {
  path: /\/v1\/responses$/,
  read: (body) => ({
    model: plainText(body['model']),
    stream: body['stream'] === true,
    tools: objects(body['tools'])
      .filter((tool) => tool['type'] === 'function')
      .map((tool) => ({
        name: plainText(tool['name']),
        parameters: (tool['parameters'] ?? {}) as JsonObject,
      })),
    results: objects(body['input'])
      .filter((item) => item['type'] === 'function_call_output')
      .map((item) => plainText(item['output'])),
  }),
  document: (reply, asked, id) => response(asked, id, [itemOf(reply, id)]),
  events(reply, asked, id) {
    const item = itemOf(reply, id);
    const begun = { ...response(asked, id, []), status: 'in_progress', usage: null };
    const list: [string, object][] = [
      ['response.created', { response: begun }],
      ['response.output_item.added', { output_index: 0, item: { ...item, ...EMPTY, ...emptied(reply) } }],
      ...piecesOf(reply, item.id),
      ['response.output_item.done', { output_index: 0, item }],
      ['response.completed', { response: response(asked, id, [item]) }],
    ];
    return list.map(([name, data], at): StreamEvent => ({
      name,
      data: { type: name, sequence_number: at, ...data },
    }));
  },
};

const EMPTY = { status: 'in_progress' };
const emptied = (reply: Reply): object => ('say' in reply ? { content: [] } : { arguments: '' });

function piecesOf(reply: Reply, item_id: string): [string, object][] {
  if ('say' in reply) {
    const at = { item_id, output_index: 0, content_index: 0 };
    const part = (text: string): object => ({ type: 'output_text', text, annotations: [] });
    return [
      ['response.content_part.added', { ...at, part: part('') }],
      ['response.output_text.delta', { ...at, delta: reply.say }],
      ['response.output_text.done', { ...at, text: reply.say }],
      ['response.content_part.done', { ...at, part: part(reply.say) }],
    ];
  }
  const at = { item_id, output_index: 0 };
  const text = JSON.stringify(reply.input);
  return [
    ['response.function_call_arguments.delta', { ...at, delta: text }],
    ['response.function_call_arguments.done', { ...at, arguments: text }],
  ];
}

function response({ model }: Conversation, id: number, output: object[]): object {
  return {
    id: `resp_${id}`,
    object: 'response',
    created_at: 1,
    status: 'completed',
    model,
    output,
    parallel_tool_calls: false,
    error: null,
    incomplete_details: null,
    usage: USAGE,
  };
}

function itemOf(reply: Reply, id: number): { id: string } {
  if ('say' in reply) {
    const content = [{ type: 'output_text', text: reply.say, annotations: [] }];
    return { id: `msg_${id}`, ...{ type: 'message', role: 'assistant', status: 'completed', content } };
  }
  const named = { call_id: `call_${id}`, name: reply.tool, arguments: JSON.stringify(reply.input) };
  return { id: `fc_${id}`, ...{ type: 'function_call', status: 'completed', ...named } };
}
