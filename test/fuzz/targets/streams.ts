// Files by value, and the lines of a repeater that speaks JSON lines: bytes that come in pieces.

import { deepEqual, ok } from 'node:assert/strict';
import { PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import * as fc from 'fast-check';

import { dataMessages, dataOf, encodeMessage, readMessages } from '../../../repeaters/host/lines.js';
import { TurretError } from '../../../src/errors.js';
import { LINE_BYTES_MAX } from '../../../src/protocol/limits.js';
import type { JsonObject } from '../../../src/protocol/messages.js';
import {
  type FileHeader,
  isCarriedPath,
  readFileEntries,
  writeFileEntry,
} from '../../../src/wire/file-stream.js';
import { cutAt, mutated, pieced, places } from '../arbitraries/text.js';
import type { FuzzTarget } from '../target.js';

const part = fc.constantFrom('a', 'ü ~.txt', '.git', '-x', '__proto__', '\u202e', 'a\\b', '\n');
const file = fc.record({
  path: fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/')),
  kind: fc.constantFrom<FileHeader['kind']>('file', 'dir', 'stat'),
  content: fc.uint8Array({ maxLength: 60 }),
  mode: fc.integer({ min: 0, max: 0o777 }),
  mtime_ms: fc.double({ noNaN: true, noDefaultInfinity: true, min: 0 }),
});
type MadeFile = typeof file extends fc.Arbitrary<infer T> ? T : never;

const headerOf = ({ path, kind, content, mode, mtime_ms }: MadeFile): FileHeader => ({
  path,
  kind,
  size: kind === 'dir' ? 0 : content.length,
  mode,
  mtime_ms: mtime_ms + 0,
});

async function written(files: readonly MadeFile[]): Promise<Buffer> {
  const to = new PassThrough({ highWaterMark: 1 << 24 });
  for (const one of files)
    await writeFileEntry(to, headerOf(one), one.kind === 'file' ? [Buffer.from(one.content)] : []);
  to.end();
  return buffer(to);
}

/** Entries up to the error, and the error. */
async function entries(chunks: readonly Buffer[]): Promise<[unknown[], string]> {
  const out: unknown[] = [];
  try {
    for await (const entry of readFileEntries(Readable.from(chunks))) {
      const { content, ...header } = entry;
      ok(isCarriedPath(header.path) && !header.path.split('/').includes('..'));
      const parts: Buffer[] = [];
      out.push([header, parts]);
      for await (const chunk of content) parts.push(Buffer.from(chunk));
      out.splice(-1, 1, [header, Buffer.concat(parts).toString('latin1')]);
    }
  } catch (error) {
    if (error instanceof TurretError && error.code === 'protocol_error')
      return [out.slice(0, -1), error.message];
    throw error;
  }
  return [out, ''];
}

/** Messages up to the error, and the error. */
async function messages(chunks: readonly Buffer[]): Promise<[JsonObject[], string]> {
  const out: JsonObject[] = [];
  try {
    for await (const message of readMessages(Readable.from(chunks))) out.push(message);
  } catch (error) {
    if (error instanceof TurretError && ['protocol_error', 'frame_too_large'].includes(error.code))
      return [out, error.code];
    throw error;
  }
  return [out, ''];
}
const notEmpty = (chunks: Buffer[]): Buffer[] => chunks.filter((chunk) => chunk.length > 0);

export const STREAMS: FuzzTarget[] = [
  {
    name: 'files/cuts',
    claim: 'a stream of files comes back as it was written, however the bytes are cut',
    cases: 150,
    property: fc.asyncProperty(fc.array(file, { maxLength: 4 }), places, async (files, at) => {
      const [back, problem] = await entries(notEmpty(cutAt(await written(files), at)));
      ok(problem === '', problem);
      deepEqual(
        back,
        files.map((one) => [
          headerOf(one),
          one.kind === 'file' ? Buffer.from(one.content).toString('latin1') : '',
        ]),
      );
    }),
  },
  {
    name: 'files/hostile',
    claim:
      'a broken stream of files ends in the same files and the same refusal, however it is cut, and in no path out of its place',
    cases: 300,
    property: fc.asyncProperty(
      fc.array(file, { maxLength: 3 }),
      fc.nat(),
      mutated(
        pieced(['{"path":"a","kind":"file","size":2,"mode":1,"mtime_ms":1}', '\0\0\0\u0039', '../', '"__proto__":', '\0', '\u00ff'], 5).map((text) => Buffer.from(text, 'latin1')),
      ),
      places,
      async (files, split, noise, at) => {
        const good = await written(files);
        const place = split % (good.length + 1);
        const bytes = Buffer.concat([good.subarray(0, place), noise, good.subarray(place)]);
        deepEqual(await entries(notEmpty(cutAt(bytes, at))), await entries([bytes]));
      },
    ), // prettier-ignore
  },
  {
    name: 'lines/cuts',
    claim: 'data comes back from lines within the limit, however they are cut',
    cases: 60,
    property: fc.asyncProperty(
      fc.uint8Array({ maxLength: 50_000, size: 'max' }),
      places,
      async (data, at) => {
        const sent = [...dataMessages(2, 1, Buffer.from(data))].map((message) =>
          Buffer.from(encodeMessage(message)),
        );
        for (const line of sent) ok(line.length <= LINE_BYTES_MAX);
        const [back, problem] = await messages(notEmpty(cutAt(Buffer.concat(sent), at)));
        ok(problem === '', problem);
        deepEqual(Buffer.concat(back.map(dataOf)), Buffer.from(data));
      },
    ),
  },
  {
    name: 'lines/hostile',
    claim: 'broken lines end in the same messages and the same refusal, however they are cut',
    cases: 400,
    property: fc.asyncProperty(
      mutated(
        pieced(['{"t":"END"}\n', '{"t":"DATA","s":2,"c":1,"text":"x"}\n', '{"b64":"YQ=="}\n', '\n', '{', '}', '[]\n', '"a":1', '\u0000'], 8).map((text) => Buffer.from(text)),
      ),
      places,
      async (bytes, at) => {
        const whole = await messages(notEmpty([bytes]));
        deepEqual(await messages(notEmpty(cutAt(bytes, at))), whole);
        for (const message of whole[0]) {
          try {
            ok(dataOf(message).length <= LINE_BYTES_MAX);
          } catch (error) {
            ok(error instanceof TurretError && error.code === 'protocol_error');
          }
        }
      },
    ), // prettier-ignore
  },
];
