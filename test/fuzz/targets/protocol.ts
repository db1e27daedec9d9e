// Frames, JSON payloads and the messages in them: bytes of anybody who can open the socket.

import { deepEqual, equal, ok } from 'node:assert/strict';
import * as fc from 'fast-check';

import { parseRegister } from '../../../src/broker/registration.js';
import { parseResolveResult } from '../../../src/broker/resolution.js';
import { TurretError } from '../../../src/errors.js';
import { FLAG, FRAME } from '../../../src/protocol/codes.js';
import { encodeFrame, type Frame, FrameDecoder, HEADER_BYTES } from '../../../src/protocol/frames.js';
import { encodeControl, parseControl, parseJson } from '../../../src/protocol/json.js';
import type { Json, JsonObject } from '../../../src/protocol/messages.js';
import { parseAgentCall, parseSignal } from '../../../src/protocol/parse.js';
import { cutAt, mutated, places, word } from '../arbitraries/text.js';
import { type FuzzTarget, refusedOr } from '../target.js';
import { slowProblem } from './slow-json.js';

const anyFrame = fc.record({
  type: fc.constantFrom<number>(...Object.values(FRAME), 0x9a, 0xff),
  flags: fc.constantFrom(0, FLAG.FIN, FLAG.SIGNED, FLAG.FIN | FLAG.ACK),
  channel: fc.integer({ min: 0, max: 255 }),
  stream: fc.integer({ min: 0, max: 0x7fff_ffff }),
  payload: fc.uint8Array({ maxLength: 80 }),
});
const frames = fc.array(anyFrame, { maxLength: 6 });

/** Frames up to the error, and the error. */
function decode(chunks: readonly Uint8Array[], authenticated: boolean): [Frame[], string] {
  const decoder = new FrameDecoder({ preface: false });
  decoder.authenticated = authenticated;
  const out: Frame[] = [];
  try {
    for (const chunk of chunks)
      for (const frame of decoder.push(chunk)) out.push({ ...frame, payload: Buffer.from(frame.payload) });
  } catch (error) {
    if (error instanceof TurretError && ['protocol_error', 'frame_too_large'].includes(error.code))
      return [out, error.code];
    throw error;
  }
  return [out, ''];
}

const jsonish = fc
  .array(
    fc.constantFrom(
      ...[
        '{',
        '}',
        '[',
        ']',
        ':',
        ',',
        '"a"',
        '"b"',
        '"__proto__"',
        '"constructor"',
        '"\\u0061"',
        '"\\ud800"',
        '"\\ud83d\\ude00"',
      ],
      ...[
        '1',
        '-0',
        '1e400',
        '9007199254740993',
        '-9007199254740991',
        '1.5',
        'true',
        'null',
        ' ',
        '\n',
        '"',
        '\\',
        '\u0000',
        '"\u{1f600}"',
      ],
    ),
    { maxLength: 24 },
  ) // prettier-ignore
  .map((parts) => Buffer.from(parts.join('')));
/** JSON text with doubled and forbidden keys in it more often than by chance. */
const { json: doubling } = fc.letrec<{ json: string }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom('1', '"x"', 'null', '9007199254740993', '"\\ud800"', '"a\\"}"', '[]', '{}'),
    fc.array(tie('json'), { maxLength: 3 }).map((items) => `[${items.join(',')}]`),
    fc
      .array(fc.tuple(fc.constantFrom('a', 'b', '\\u0061', '__proto__', 'c\\n', 'prototype'), tie('json')), {
        maxLength: 3,
      })
      .map((pairs) => `{${pairs.map(([key, value]) => `"${key}": ${value}`).join(' ,')}}`),
  ),
}));

const scalars = fc.oneof(word, fc.double(), fc.integer(), fc.boolean(), fc.constant(null));
const messageKeys = fc.constantFrom(
  ...['tool', 'argv', 'cwd', 'action', 'params', 'facts', 'tty', 'timeout_ms', 'signal', 'cols', 'redirect', 'capabilities'],
  ...['needs', 'files', 'path', 'use', 'unbounded', 'annotations', 'repeater', 'actions', 'name', 'version', 'kind', 'tools'],
); // prettier-ignore
const message = fc
  .dictionary(
    messageKeys,
    fc.oneof(
      scalars,
      fc.constantFrom('aws', '/w', 'r.a', 'r', 'read', 'INT'),
      fc.array(scalars, { maxLength: 3 }),
      fc.jsonValue({ maxDepth: 3 }),
      fc.array(
        fc.dictionary(messageKeys, fc.oneof(scalars, fc.constantFrom('r.a', '/x', 'write')), { maxKeys: 4 }),
        { maxLength: 2 },
      ),
    ),
    { maxKeys: 6 },
  )
  .map((value) => JSON.parse(JSON.stringify(value)) as JsonObject);

const REGISTER = parseRegister('r', {
  repeater: 'r',
  version: '1',
  kind: 'k',
  tools: [],
  resolve: true,
  actions: [{ name: '**' }],
}).register;

export const PROTOCOL: FuzzTarget[] = [
  {
    name: 'frames/cuts',
    claim: 'frames come back as they were encoded, however the bytes are cut',
    cases: 400,
    property: fc.property(frames, places, (sent, at) => {
      const plain = sent.map((frame) => ({ ...frame, payload: Buffer.from(frame.payload) }));
      deepEqual(decode(cutAt(Buffer.concat(plain.map(encodeFrame)), at), true), [plain, '']);
    }),
  },
  {
    name: 'frames/hostile',
    claim: 'broken frames end in the same frames and the same refusal, however the bytes are cut',
    cases: 600,
    property: fc.property(
      mutated(frames.map((sent) => Buffer.concat(sent.map(encodeFrame)))),
      places,
      fc.boolean(),
      (bytes, at, authenticated) => {
        const whole = decode([bytes], authenticated);
        deepEqual(decode(cutAt(bytes, at), authenticated), whole);
        const used = whole[0].reduce((sum, { payload }) => sum + HEADER_BYTES + payload.length, 0);
        ok(used <= bytes.length);
      },
    ),
  },
  {
    name: 'json/strict',
    claim:
      'a payload is taken exactly when a slow reader finds no doubled key, lone surrogate or unsafe number',
    cases: 800,
    property: fc.property(
      fc.oneof(
        doubling.map((text) => Buffer.from(text)),
        jsonish,
        mutated(doubling.map((text) => Buffer.from(text))),
      ),
      (bytes) => {
        const value = refusedOr(['protocol_error'], () => ({ is: parseJson(bytes) }));
        equal(slowProblem(bytes), value === undefined ? 'refused' : undefined);
        if (value) deepEqual(value.is, JSON.parse(bytes.toString()));
      },
    ),
  },
  {
    name: 'json/round',
    claim: 'what is encoded comes back',
    cases: 300,
    property: fc.property(fc.jsonValue({ maxDepth: 5, stringUnit: 'grapheme' }), (value) => {
      const json = JSON.stringify(value);
      fc.pre(!/"(__proto__|constructor|prototype)":/.test(json) && !/\d{16}/.test(json));
      deepEqual(parseControl(encodeControl({ value })), JSON.parse(`{"value":${json}}`));
    }),
  },
  {
    name: 'messages/call',
    claim: 'any object is refused or becomes a call that reads as itself again',
    cases: 600,
    property: fc.property(message, (object) => {
      const call = refusedOr(['protocol_error'], () => parseAgentCall(object));
      if (call) deepEqual(parseAgentCall(JSON.parse(JSON.stringify(call)) as JsonObject), call);
      refusedOr(['protocol_error'], () => parseSignal(object));
    }),
  },
  {
    name: 'messages/repeater',
    claim: "a repeater's answer is refused or names its own actions and files below the caller's directory",
    cases: 600,
    property: fc.property(message, (object) => {
      const result = refusedOr(['repeater_error'], () => parseResolveResult(REGISTER, object));
      if (result && 'capabilities' in result) {
        for (const { action, params } of result.capabilities) {
          ok(action.startsWith('r.'));
          for (const value of Object.values(params))
            ok([value].flat().every((one) => typeof one !== 'object'));
        }
        for (const { path } of result.needs.files) ok(!path.split('/').includes('..'));
      }
      const registered = refusedOr(['protocol_error'], () => parseRegister('r', object));
      if (registered) equal(registered.register.repeater, 'r');
    }),
  },
  {
    name: 'messages/deep',
    claim: 'nothing is too deep to be refused',
    cases: 30,
    property: fc.property(
      fc.constantFrom('[', '{"a":', '[{"a":', '{"params":{"p":['),
      fc.integer({ min: 1, max: 60_000 }),
      fc.boolean(),
      (open, depth, closed) => {
        const ends = Array.from(open)
          .reverse()
          .flatMap((one) => (one === '[' ? ']' : one === '{' ? '}' : []));
        const text = open.repeat(depth) + (closed ? `0${ends.join('').repeat(depth)}` : '');
        const value: Json | undefined = refusedOr(['protocol_error'], () => parseJson(Buffer.from(text)));
        ok(value === undefined || depth <= 32);
      },
    ),
  },
];
