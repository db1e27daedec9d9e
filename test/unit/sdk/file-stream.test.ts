import { PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import {
  encodeFileHeader,
  isCarriedPath,
  readFileEntries,
  writeFileEntry,
  type FileHeader,
} from '../../../src/wire/file-stream.js';
import { FILE_HEADER_BYTES_MAX, FILE_PATH_BYTES_MAX } from '../../../src/protocol/limits.js';

const file = (path: string, size: number): FileHeader => ({
  path,
  kind: 'file',
  size,
  mode: 0o644,
  mtime_ms: 1.5,
});

async function collect(from: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of from) parts.push(Buffer.from(part));
  return Buffer.concat(parts);
}

async function readAll(bytes: Buffer, cut: number): Promise<[string, string, string][]> {
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += cut) chunks.push(bytes.subarray(at, at + cut));
  const out: [string, string, string][] = [];
  for await (const entry of readFileEntries(Readable.from(chunks))) {
    out.push([entry.path, entry.kind, (await collect(entry.content)).toString('latin1')]);
  }
  return out;
}

function raw(header: unknown, content = ''): Buffer {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const prefix = Buffer.alloc(4);
  prefix.writeUInt32BE(json.length);
  return Buffer.concat([prefix, json, Buffer.from(content)]);
}

describe('a stream of files', () => {
  it('comes back as it was written, however the bytes are cut', async () => {
    const to = new PassThrough();
    const written = buffer(to);
    await writeFileEntry(to, file('a/ü ~.txt', 5), [Buffer.from('hel'), Buffer.from('lo')]);
    await writeFileEntry(to, { ...file('d', 0), kind: 'dir', mode: 0o755 });
    await writeFileEntry(to, { ...file('big', 1e12), kind: 'stat' });
    await writeFileEntry(to, file('/tmp/x', 0));
    to.end();
    const bytes = await written;
    const expected = [
      ['a/ü ~.txt', 'file', 'hello'],
      ['d', 'dir', ''],
      ['big', 'stat', ''],
      ['/tmp/x', 'file', ''],
    ];
    for (const cut of [1, 3, 7, 64, bytes.length]) expect(await readAll(bytes, cut)).toEqual(expected);
  });

  it('waits for a slow reader instead of holding everything in memory', async () => {
    const to = new PassThrough({ highWaterMark: 1024 });
    let produced = 0;
    const content = (async function* () {
      for (let i = 0; i < 64; i++) {
        produced++;
        yield Buffer.alloc(1024, i);
      }
    })();
    const writing = writeFileEntry(to, file('f', 65_536), content).then(() => to.end());
    await new Promise((resolve) => setImmediate(resolve));
    expect(produced).toBeLessThan(5);
    expect((await buffer(to)).length).toBeGreaterThan(65_536);
    await writing;
  });

  it('skips content that nobody read, and the part of it that nobody read', async () => {
    const bytes = Buffer.concat([
      raw(file('a', 4), 'aaaa'),
      raw(file('b', 4), 'bbbb'),
      raw(file('c', 2), 'cc'),
    ]);
    const seen: string[] = [];
    for await (const entry of readFileEntries(Readable.from([bytes.subarray(0, 70), bytes.subarray(70)]))) {
      if (entry.path === 'b')
        for await (const part of entry.content) {
          seen.push(part.toString().slice(0, 1));
          break;
        }
      if (entry.path === 'c') seen.push((await collect(entry.content)).toString());
    }
    expect(seen).toEqual(['b', 'cc']);
  });

  it.each([
    '',
    '/',
    '.',
    '..',
    'a/../b',
    '../a',
    'a//b',
    'a/',
    './a',
    'a/.',
    '/tmp/../etc/x',
    '//etc',
    'a\0b',
    '\ud800',
    'x'.repeat(FILE_PATH_BYTES_MAX + 1),
  ])('refuses the path %j, on both sides', async (path) => {
    expect(isCarriedPath(path)).toBe(false);
    expect(() => encodeFileHeader(file(path, 0))).toThrow(TypeError);
    await expect(readAll(raw(file(path, 0)), 9)).rejects.toMatchObject({ code: 'protocol_error' });
  });

  it.each(['a', 'a/b', '...', '..a', '.git', '/tmp/a', 'a\\..\\b', 'x'.repeat(FILE_PATH_BYTES_MAX)])(
    'carries the neighbour %j',
    async (path) => {
      expect(await readAll(encodeFileHeader(file(path, 0)), 1000)).toEqual([[path, 'file', '']]);
    },
  );

  it.each([
    ['a set-id mode', { ...file('a', 0), mode: 0o4755 }],
    ['a negative mode', { ...file('a', 0), mode: -1 }],
    ['a negative size', file('a', -1)],
    ['a fraction of a byte', file('a', 1.5)],
    ['a symbolic link', { ...file('a', 0), kind: 'link' }],
    ['a directory with bytes', { ...file('a', 1), kind: 'dir' }],
    ['no time', { ...file('a', 0), mtime_ms: 'now' }],
    ['an array', []],
    ['null', null],
    ['broken JSON', '{'],
  ])('refuses %s', async (_what, header) => {
    await expect(readAll(raw(header, 'xxxx'), 1000)).rejects.toMatchObject({ code: 'protocol_error' });
  });

  it('refuses a header longer than the bound before reading it, and takes the longest path', async () => {
    const prefix = Buffer.alloc(4);
    prefix.writeUInt32BE(FILE_HEADER_BYTES_MAX + 1);
    await expect(readAll(prefix, 4)).rejects.toMatchObject({ code: 'protocol_error' });
    const worst = encodeFileHeader(file('\x01'.repeat(FILE_PATH_BYTES_MAX), 0));
    expect(worst.length).toBeLessThan(FILE_HEADER_BYTES_MAX);
    expect(await readAll(worst, 1000)).toHaveLength(1);
  });

  it('refuses an end anywhere but between two entries', async () => {
    const bytes = raw(file('a', 4), 'aaaa');
    for (let length = 1; length < bytes.length; length++) {
      await expect(readAll(bytes.subarray(0, length), 5)).rejects.toMatchObject({ code: 'protocol_error' });
    }
    expect(await readAll(bytes, 5)).toHaveLength(1);
  });

  it.each([
    ['grew', 'aaaaa'],
    ['shrank', 'aaa'],
  ])('refuses to send a file that %s while it was read', async (_what, content) => {
    const to = new PassThrough();
    to.resume();
    await expect(writeFileEntry(to, file('a', 4), [Buffer.from(content)])).rejects.toMatchObject({
      code: 'protocol_error',
    });
  });
});
