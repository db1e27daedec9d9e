// Wherever a text or a byte means something, the native shim and the TypeScript code say the same of it: what random and damaged inputs are,
// and in which words a person is told.

import { Readable } from 'node:stream';
import { getSystemErrorMap } from 'node:util';

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { escapeForeign } from '../../../src/audit/escape.js';
import { exitCodeOf } from '../../../src/client/exit-code.js';
import { refusalLines } from '../../../src/client/refusal-lines.js';
import { TurretError } from '../../../src/errors.js';
import { ERROR_CODES } from '../../../src/protocol/codes.js';
import { FrameDecoder, encodeFrame } from '../../../src/protocol/frames.js';
import { parseControl } from '../../../src/protocol/json.js';
import { encodeFileHeader, readFileEntries } from '../../../src/wire/file-stream.js';
import { errorFromWire } from '../../../src/wire/wire-errors.js';
import { anyText, nasty } from '../../fuzz/arbitraries/text.js';
import { type Question, ask, refusal } from '../../helpers/native-shim.js';
import { bytes, vectors } from '../protocol/vectors.js';

const RUNS = 1_500;
const hex = (data: string | Uint8Array): string => Buffer.from(data).toString('hex');

/** What two sides say of the same inputs, side by side, so that a difference shows its input. */
function differences<T extends string | Uint8Array>(
  inputs: readonly T[],
  { native, here }: { native: (input: T) => Question; here: (input: T) => string },
): unknown[] {
  const answers = ask(inputs.map(native));
  const different = inputs.flatMap((input, at) => {
    const expected = here(input);
    return answers[at] === expected ? [] : [{ input: hex(input), native: answers[at], here: expected }];
  });
  return different.slice(0, 3);
}

/** Bytes of one of these with some changed, cut out or put in. */
function damaged(originals: readonly Uint8Array[]): Buffer[] {
  const change = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    remove: fc.nat(4),
    insert: fc.oneof(
      fc.uint8Array({ maxLength: 3 }),
      fc
        .constantFrom('"', '\\u', '\\ud83d', '[', '{', '1e', '-', '\u0000', '..', '/', '\u00ff')
        .map((text) => Buffer.from(text)),
    ),
  });
  const one = fc.tuple(fc.constantFrom(...originals), fc.array(change, { maxLength: 3 }));
  return fc.sample(one, RUNS).map(([original, changes]) => {
    let made = Buffer.from(original);
    for (const { at, remove, insert } of changes) {
      const start = Math.floor(at * made.length);
      made = Buffer.concat([made.subarray(0, start), insert, made.subarray(start + remove)]);
    }
    return made;
  });
}

describe('texts', () => {
  it('shows every character as escapeForeign shows it', () => {
    const characters = Array.from({ length: 0x11_0000 }, (_, code) => code).filter(
      (code) => code < 0xd800 || code > 0xdfff,
    );
    const lines: string[] = ['\\u{1b} \\u{', '\\u', '\\'];
    for (let at = 0; at < characters.length; at += 4_096)
      lines.push(String.fromCodePoint(...characters.slice(at, at + 4_096)));
    expect(
      differences(lines, { native: (text) => ['escaped', text], here: (text) => hex(escapeForeign(text)) }),
    ).toEqual([]);
  });

  it('writes and mends texts as JSON.stringify does with what Node reads of an argument', () => {
    const inputs = [
      ...damaged(['aé€😀\u2028"\\', 'x'].map((text) => Buffer.from(text))),
      Buffer.from([0, 8, 31, 127]),
    ];
    expect(
      differences(inputs, {
        native: (data) => ['string', data],
        here: (data) => hex(JSON.stringify(data.toString())),
      }),
    ).toEqual([]);
  });

  it('sorts names as JavaScript does', () => {
    const texts = fc
      .sample(fc.tuple(anyText, anyText), RUNS)
      .flat()
      .map((text) => text.replaceAll('\0', '').toWellFormed());
    const special = ['', 'a', 'ab', '\ue000', '\uffff', '😀', 'é'];
    const pairs = [
      ...special.flatMap((left) => special.map((right) => [left, right] as const)),
      ...texts.map((text, at) => [text, texts[at + 1] ?? ''] as const),
    ];
    const answers = ask(pairs.map(([left, right]) => ['order', left, right]));
    expect(answers).toEqual(pairs.map(([left, right]) => (left < right ? '-1' : left > right ? '1' : '0')));
  });
});

it('reads JSON the same, or refuses it the same', () => {
  const originals = [
    ...[...vectors.json_accepted, ...vectors.json_refused]
      .map((vector) => bytes(vector.hex))
      .filter((data) => data.length < 2_000),
    ...fc.sample(fc.jsonValue({ maxDepth: 4 }), 200).map((value) => Buffer.from(JSON.stringify({ value }))),
  ];
  const inputs = damaged(originals);
  const answers = ask(inputs.map((data) => ['control', data]));
  const different = inputs.filter((data, at) => !isSameJson(data, answers[at] ?? ''));
  expect(different.slice(0, 3).map(String)).toEqual([]);
});

function isSameJson(data: Buffer, answer: string): boolean {
  try {
    const value = parseControl(data);
    return answer.startsWith('ok ') && JSON.stringify(JSON.parse(answer.slice(3))) === JSON.stringify(value);
  } catch (error) {
    // Of two faults either may be told.
    return error instanceof TurretError && refusal(answer)?.name === error.code;
  }
}

it('cuts frames the same, and refuses them in the same words', () => {
  const originals = [...vectors.frames, ...vectors.frames_refused]
    .map((vector) => bytes(vector.hex))
    .filter((data) => data.length < 2_000);
  expect(
    differences(damaged([...originals, Buffer.concat(originals.slice(0, 5))]), {
      native: (data) => ['frames', 1, 0, 3, data],
      here: (data) => {
        const decoder = new FrameDecoder({ preface: false });
        decoder.authenticated = true;
        let told = '';
        try {
          for (const frame of decoder.push(data))
            told += `${frame.type} ${frame.flags} ${frame.channel} ${frame.stream} ${hex(encodeFrame(frame))};`;
        } catch (error) {
          if (!(error instanceof TurretError)) throw error;
          told += `no ${error.code} ${hex(error.message)}`;
        }
        return told;
      },
    }),
  ).toEqual([]);
});

it('reads files the same, and refuses them in the same words', async () => {
  const header = {
    path: 'dir/ü',
    kind: 'file',
    size: 3,
    mode: 0o644,
    mtime_ms: 1_600_000_000_000.25,
  } as const;
  const whole = Buffer.concat([
    encodeFileHeader({ ...header, path: 'd', kind: 'dir', size: 0 }),
    encodeFileHeader(header),
    Buffer.from('abc'),
    encodeFileHeader({ ...header, path: '/tmp/x', kind: 'stat', size: 5 }),
  ]);
  // A key twice is refused by the native shim alone: no writer makes one.
  const inputs = damaged([whole]).filter((data) => !data.toString().includes('\\'));
  for (const path of ['..', '../a', 'a/..', 'a/../b', '/tmp/../a', '.', './a', '/', 'a//b', 'a/', '..a/b..'])
    inputs.push(Buffer.concat([headerOf({ ...header, path, size: 0 }), whole]));
  const expected = await Promise.all(inputs.map(entriesOf));
  const answers = ask(inputs.map((data) => ['files', 5, data]));
  const different = inputs.flatMap((data, at) =>
    answers[at] === expected[at] ? [] : [{ input: hex(data), native: answers[at], here: expected[at] }],
  );
  expect(different.slice(0, 3)).toEqual([]);
  expect(expected.filter((told) => !told.includes('no '))).not.toEqual([]);
});

/** As no writer of ours makes it. */
function headerOf(header: object): Buffer {
  const json = Buffer.from(JSON.stringify(header));
  return Buffer.concat([Buffer.of(0, 0, json.length >> 8, json.length & 255), json]);
}

async function entriesOf(data: Buffer): Promise<string> {
  let told = '';
  try {
    for await (const { content, ...header } of readFileEntries(Readable.from([data]))) {
      told += `${hex(encodeFileHeader(header))} `;
      for await (const part of content) told += hex(part);
      told += ';';
    }
    return told;
  } catch (error) {
    if (!(error instanceof TurretError)) throw error;
    return `${told}no ${error.code} ${hex(error.message)}`;
  }
}

it('calls an error of the system as Node does, whatever the C library says of it', () => {
  // Past these are numbers that libuv made up.
  const known = [...getSystemErrorMap()].filter(([number]) => number > -1_000);
  expect(known.length).toBeGreaterThan(60);
  const told = ask(known.map(([number]) => ['system', -number])).map(refusal);
  expect(told.map((problem) => problem?.message)).toEqual(
    known.map(([, [name, words]]) => `something broke: Error: ${name}: ${words}, write`),
  );
});

describe('refusals', () => {
  it.each([...Object.keys(ERROR_CODES), 'no_such_name', '__proto__'])(
    'tells of %s in the same lines, with the same exit code',
    (name) => {
      const texts = [
        ...fc.sample(fc.oneof(anyText, nasty), 40),
        '\ud83d\ude00'.repeat(1_200),
        'x'.repeat(2_000),
        `x${'😀'.repeat(999)}`,
        '\\u{1b}',
      ];
      const objects = texts.flatMap((text) => [
        { name, message: text.toWellFormed() },
        { name, message: 'm', hint: text.toWellFormed() },
      ]);
      expect(
        differences(
          [...objects, { name }, { message: 'm' }].map((object) => JSON.stringify(object)),
          {
            native: (json) => ['refusal', json],
            here: (json) => {
              const error = errorFromWire(JSON.parse(json));
              return `${exitCodeOf(error)} ${hex(refusalLines(error))}`;
            },
          },
        ),
      ).toEqual([]);
    },
  );
});
