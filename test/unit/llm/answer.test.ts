import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { type AnswerKind, LlmAnswer } from '../../../src/llm/answer.js';
import { costOf, priceOf } from '../../../src/llm/price.js';
import { LLM_ANSWER_BYTES_MAX } from '../../../src/protocol/limits.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function through(kind: AnswerKind, pieces: (string | Buffer)[]): { answer: LlmAnswer; out: Buffer } {
  const answer = new LlmAnswer(kind);
  const out = pieces.map((piece) => answer.push(Buffer.from(piece as string)));
  return { answer, out: Buffer.concat([...out, answer.end()]) };
}

const ANTHROPIC = [
  'event: message_start\ndata: {"type":"message_start","message":{"usage":{"input_tokens":10,"cache_creation_input_tokens":2,"cache_read_input_tokens":5,"output_tokens":1}}}\n\n',
  'event: content_block_delta\ndata: {"type":"content_block_delta","delta":{"text":"\\"usage\\":{\\"input_tokens\\":0}"}}\n\n',
  'event: message_delta\ndata: {"type":"message_delta","usage":{"output_tokens":40}}\n\n',
].join('');
const CHAT = [
  'data: {"choices":[{"delta":{"content":"a usage"}}]}\n\n',
  'data: {"choices":[],"usage":{"prompt_tokens":15,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":5}}}\n\n',
  'data: [DONE]\n\n',
];
const EVENTS = { api: 'anthropic', events: true, hideUsage: false } as const;

describe('the usage of a stream', () => {
  test('is read however the bytes are cut, and the bytes stay', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(ANTHROPIC.length), { maxLength: 12 }), fc.boolean(), (cuts, crlf) => {
        const text = crlf ? ANTHROPIC.replaceAll('\n', '\r\n') : ANTHROPIC;
        const ends = [...cuts, text.length].sort((a, b) => a - b);
        const pieces = ends.map((end, index) => text.slice(ends[index - 1] ?? 0, end));
        const { answer, out } = through(EVENTS, pieces);
        expect(out.toString() || text).toBe(text);
        expect(answer.tokens).toEqual({ input: 12, cached: 5, output: 40 });
      }),
    );
  });

  test('what the model writes about usage is none', () => {
    const { answer } = through(EVENTS, [ANTHROPIC.split('\n\n')[1] + '\n\n']);
    expect(answer.tokens).toBeUndefined();
  });

  test('that we asked for ourselves is kept from the client, and nothing else', () => {
    const kind = { api: 'openai', events: true, hideUsage: true } as const;
    fc.assert(
      fc.property(fc.array(fc.nat(CHAT.join('').length), { maxLength: 12 }), (cuts) => {
        const text = CHAT.join('');
        const ends = [...cuts, text.length].sort((a, b) => a - b);
        const { answer, out } = through(
          kind,
          ends.map((end, index) => text.slice(ends[index - 1] ?? 0, end)),
        );
        expect(out.toString()).toBe(`${CHAT[0]}${CHAT[2]}`);
        expect(answer.tokens).toEqual({ input: 10, cached: 5, output: 4 });
      }),
    );
  });

  test('each event goes out when it is whole', () => {
    const answer = new LlmAnswer({ api: 'openai', events: true, hideUsage: true });
    const [first = '', second = ''] = CHAT;
    expect(answer.push(Buffer.from(first + second.slice(0, 9))).toString()).toBe(first);
  });

  test('of an answer with its last event missing is what was said until then', () => {
    const { answer } = through(EVENTS, [ANTHROPIC.slice(0, 300)]);
    expect(answer.tokens).toEqual({ input: 12, cached: 5, output: 1 });
  });

  test('is not looked for without end, and nothing is held without end', () => {
    const answer = new LlmAnswer({ api: 'openai', events: true, hideUsage: true });
    const chunk = Buffer.alloc(1_048_576, 'x');
    let out = 0;
    for (let sent = 0; sent <= LLM_ANSWER_BYTES_MAX; sent += chunk.length) out += answer.push(chunk).length;
    expect(out).toBeGreaterThan(LLM_ANSWER_BYTES_MAX);
  });

  test.each([true, false])(
    'costs no more memory when it comes byte by byte (hidden usage: %s)',
    (hideUsage) => {
      const answer = new LlmAnswer({ api: 'openai', events: true, hideUsage });
      const bytes = Buffer.alloc(65_536, 'x');
      collectGarbage();
      const before = process.memoryUsage().heapUsed;
      for (let sent = 0; sent < 2_000_000; sent += 1)
        answer.push(bytes.subarray(sent % bytes.length, (sent % bytes.length) + 1));
      collectGarbage();
      expect(process.memoryUsage().heapUsed - before).toBeLessThan(20_000_000);
      expect(answer.bytes).toBe(2_000_000);
    },
  );
});

describe('the usage of one document', () => {
  test.each([
    ['anthropic', '{"usage":{"input_tokens":3,"output_tokens":4}}', { input: 3, cached: 0, output: 4 }],
    [
      'openai',
      '{"usage":{"input_tokens":9,"input_tokens_details":{"cached_tokens":4},"output_tokens":1}}',
      { input: 5, cached: 4, output: 1 },
    ],
    ['openai', '{"usage":{"prompt_tokens":9}}', { input: 9, cached: 0, output: 0 }],
    [
      'gemini',
      '{"usageMetadata":{"promptTokenCount":9,"cachedContentTokenCount":4,"candidatesTokenCount":2,"thoughtsTokenCount":3}}',
      { input: 5, cached: 4, output: 5 },
    ],
    [
      'gemini',
      '[{"usageMetadata":{"promptTokenCount":1}},{"usageMetadata":{"promptTokenCount":9}}]',
      { input: 9, cached: 0, output: 0 },
    ],
  ] as const)('%s %s', (api, text, tokens) => {
    expect(through({ api, events: false, hideUsage: false }, [text]).answer.tokens).toEqual(tokens);
  });

  test.each(['', 'null', '{"usage":null}', '{"usage":{"input_tokens":-5,"output_tokens":"9"}}', '<html>'])(
    'is never below nothing: %j',
    (text) => {
      const { tokens } = through({ api: 'anthropic', events: false, hideUsage: false }, [text]).answer;
      expect(Object.values(tokens ?? {}).every((count) => count === 0)).toBe(true);
    },
  );
});

describe('money', () => {
  const prices = { 'big-*': { input: 3, output: 15, cached: 0.3 }, 'big-mini': { input: 1, output: 2 } };
  test('the longest name that fits has the price', () => {
    expect(priceOf(prices, 'big-mini')).toBe(prices['big-mini']);
    expect(priceOf(prices, 'big-2')).toBe(prices['big-*']);
    expect(priceOf(prices, 'small')).toBeUndefined();
  });
  test('is counted in millionths, rounded up', () => {
    expect(costOf({ input: 1_000_000, cached: 1_000_000, output: 100_000 }, prices['big-*'])).toBe(4.8);
    expect(costOf({ input: 0, cached: 1, output: 0 }, prices['big-*'])).toBe(0.000001);
    expect(costOf({ input: 3, cached: 2, output: 1 }, prices['big-mini'])).toBe(0.000007);
  });
});
