// OpenAI's chat completions, which half of all model servers speak.

import type { JsonObject } from '../../../src/protocol/messages.js';
import { type Conversation, type Dialect, type Reply, objects, plainText } from './conversation.js';

const USAGE = { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 };

export const CHAT: Dialect = {
  path: /\/v1\/chat\/completions$/,
  read: (body) => ({
    model: plainText(body['model']),
    stream: body['stream'] === true,
    tools: objects(body['tools'])
      .map((tool) => (tool['function'] ?? {}) as JsonObject)
      .map((tool) => ({
        name: plainText(tool['name']),
        parameters: (tool['parameters'] ?? {}) as JsonObject,
      })),
    results: objects(body['messages'])
      .filter((message) => message['role'] === 'tool')
      .map((message) => plainText(message['content'])),
  }),
  document: (reply, asked, id) => ({
    ...base(asked, id),
    object: 'chat.completion',
    choices: [{ index: 0, message: messageOf(reply, id), finish_reason: finishOf(reply) }],
    usage: USAGE,
  }),
  events(reply, asked, id) {
    const chunk = (choices: object[], more: object = {}): { data: object } => ({
      data: { ...base(asked, id), object: 'chat.completion.chunk', choices, ...more },
    });
    return [
      chunk([{ index: 0, delta: messageOf(reply, id), finish_reason: null }]),
      chunk([{ index: 0, delta: {}, finish_reason: finishOf(reply) }]),
      chunk([], { usage: USAGE }),
      { data: '[DONE]' },
    ];
  },
};

const base = ({ model }: Conversation, id: number): object => ({ id: `chatcmpl-${id}`, created: 1, model });
const finishOf = (reply: Reply): string => ('say' in reply ? 'stop' : 'tool_calls');

function messageOf(reply: Reply, id: number): object {
  if ('say' in reply) return { role: 'assistant', content: reply.say };
  const named = { name: reply.tool, arguments: JSON.stringify(reply.input) };
  const call = { index: 0, id: `call_${id}`, type: 'function', function: named };
  return { role: 'assistant', content: null, tool_calls: [call] };
}
