// Gemini's generateContent.

import type { JsonObject } from '../../../src/protocol/messages.js';
import { type Dialect, type Reply, objects, plainText } from './conversation.js';

const USAGE = { promptTokenCount: 100, candidatesTokenCount: 10, totalTokenCount: 110 };

export const GEMINI: Dialect = {
  path: /\/v1beta\/models\/[^/]+:(?:generateContent|streamGenerateContent)$/,
  read: (body, path) => ({
    model: /models\/([^/:]+):/.exec(path)?.[1] ?? '',
    stream: path.endsWith(':streamGenerateContent'),
    tools: objects(body['tools'])
      .flatMap((tool) => objects(tool['functionDeclarations']))
      .map((tool) => ({
        name: plainText(tool['name']),
        parameters: (tool['parametersJsonSchema'] ?? tool['parameters'] ?? {}) as JsonObject,
      })),
    results: objects(body['contents'])
      .flatMap((content) => objects(content['parts']))
      .map((part) => part['functionResponse'] as JsonObject | undefined)
      .filter((answer) => answer !== undefined)
      .map(({ response }) => plainText(response)),
  }),
  document: documentOf,
  events: (reply, asked, id) => [{ data: documentOf(reply, asked, id) }],
};

function documentOf(reply: Reply, _asked: unknown, id: number): object {
  const part =
    'say' in reply
      ? { text: reply.say }
      : { functionCall: { id: `call_${id}`, name: reply.tool, args: reply.input } };
  return {
    candidates: [{ content: { role: 'model', parts: [part] }, finishReason: 'STOP', index: 0 }],
    usageMetadata: USAGE,
  };
}
