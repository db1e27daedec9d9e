// Anthropic's messages.

import type { JsonObject } from '../../../src/protocol/messages.js';
import { type Conversation, type Dialect, type Reply, objects, plainText } from './conversation.js';

const USAGE = {
  input_tokens: 100,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 0,
  output_tokens: 10,
};

export const ANTHROPIC: Dialect = {
  path: /\/v1\/messages$/,
  read: (body) => ({
    model: plainText(body['model']),
    stream: body['stream'] === true,
    tools: objects(body['tools']).map((tool) => ({
      name: plainText(tool['name']),
      parameters: (tool['input_schema'] ?? {}) as JsonObject,
    })),
    results: objects(body['messages'])
      .flatMap((message) => objects(message['content']))
      .filter((block) => block['type'] === 'tool_result')
      .map((block) => plainText(block['content'])),
  }),
  document: (reply, asked, id) => ({
    ...message(asked, id),
    content: [blockOf(reply, id)],
    stop_reason: stopOf(reply),
    usage: USAGE,
  }),
  events(reply, asked, id) {
    const block = blockOf(reply, id);
    const empty = 'say' in reply ? { ...block, text: '' } : { ...block, input: {} };
    const delta =
      'say' in reply
        ? { type: 'text_delta', text: reply.say }
        : { type: 'input_json_delta', partial_json: JSON.stringify(reply.input) };
    const start = { ...message(asked, id), content: [], stop_reason: null, usage: USAGE };
    return [
      { type: 'message_start', message: start },
      { type: 'content_block_start', index: 0, content_block: empty },
      { type: 'content_block_delta', index: 0, delta },
      { type: 'content_block_stop', index: 0 },
      {
        type: 'message_delta',
        delta: { stop_reason: stopOf(reply), stop_sequence: null },
        usage: { output_tokens: USAGE.output_tokens },
      },
      { type: 'message_stop' },
    ].map((data) => ({ name: data.type, data }));
  },
};

const message = ({ model }: Conversation, id: number): object => ({
  id: `msg_${id}`,
  type: 'message',
  role: 'assistant',
  model,
  stop_sequence: null,
});

const stopOf = (reply: Reply): string => ('say' in reply ? 'end_turn' : 'tool_use');

function blockOf(reply: Reply, id: number): object {
  return 'say' in reply
    ? { type: 'text', text: reply.say }
    : { type: 'tool_use', id: `toolu_${id}`, name: reply.tool, input: reply.input };
}
