import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { preparePlaces, receiveFiles, sendFiles } from '../../../repeaters/gh/files.js';
import type { PlannedFile } from '../../../repeaters/gh/types.js';
import { readFileEntries, writeFileEntry } from '../../../src/wire/file-stream.js';

let work: string;
beforeEach(async () => {
  work = await mkdtemp(join(tmpdir(), 'ghf-'));
});
afterEach(async () => {
  await rm(work, { recursive: true, force: true });
});

const read = (path: string, copy = path): PlannedFile => ({ path, copy, use: 'read', tree: false });
const write = (path: string, tree: boolean): PlannedFile => ({ path, copy: path, use: 'write', tree });
const stat = (path: string, tree: boolean): PlannedFile => ({ path, copy: path, use: 'stat', tree });

type Sent = [path: string, content: string, kind?: 'file' | 'stat' | 'dir'];
async function receive(files: PlannedFile[], ...sent: Sent[]): Promise<ReadonlySet<string>> {
  const stream = new PassThrough();
  const received = receiveFiles(stream, files, work);
  for (const [path, content, kind = 'file'] of sent) {
    const bytes = Buffer.from(content);
    const carried = kind === 'file' ? [bytes] : [];
    await writeFileEntry(stream, { path, kind, size: bytes.length, mode: 0o644, mtime_ms: 0 }, carried).catch(
      () => undefined,
    );
  }
  stream.end();
  return received;
}
async function send(
  files: PlannedFile[],
  taken: ReadonlySet<string> = new Set(),
): Promise<{ sent: string[]; left: string[] }> {
  const stream = new PassThrough();
  const sent: string[] = [];
  const reading = (async () => {
    for await (const entry of readFileEntries(stream)) {
      sent.push(entry.kind === 'file' ? `${entry.path}=${await text(entry.content)}` : `${entry.path}/`);
    }
  })();
  const left = await sendFiles(stream, { files, work, taken });
  stream.end();
  await reading;
  return { sent, left };
}

describe('files of the caller', () => {
  it('are written where the plan says, for this user only', async () => {
    await receive([read('a/b.md'), read('/tmp/c', '.absolute/tmp/c')], ['/tmp/c', 'C'], ['a/b.md', 'B']);
    expect(await readFile(join(work, 'a/b.md'), 'utf8')).toBe('B');
    expect(await readFile(join(work, '.absolute/tmp/c'), 'utf8')).toBe('C');
  });
  it.each<[string, PlannedFile[], Sent[]]>([
    ['a file nobody asked for', [read('a')], [['b', 'x']]],
    ['a file below one that was asked for', [read('a')], [['a/b', 'x']]],
    ['a file where a name was asked for', [stat('a', true)], [['a/b', 'x']]],
    ['a name where a file was asked for', [read('a')], [['a', '', 'stat']]],
    ['a file for a place to write', [write('a', true), read('z')], [['a/b', 'x']]],
  ])('are not %s', async (_title, files, sent) => {
    await expect(receive(files, ...sent)).rejects.toMatchObject({ code: 'protocol_error' });
    expect(await readdir(work)).toEqual([]);
  });
  it('are not sent twice', async () => {
    await expect(receive([read('a')], ['a', 'one'], ['a', 'two'])).rejects.toThrow(/EEXIST/);
  });
  it('may be missing', async () => {
    expect(await receive([read('a')])).toEqual(new Set());
  });
  it('can be names that are taken', async () => {
    const taken = await receive([stat('out', true)], ['out', '', 'dir'], ['out/x', 'long text', 'stat']);
    expect(taken).toEqual(new Set([join(work, 'out/x')]));
    expect(await readFile(join(work, 'out/x'), 'utf8')).toBe('');
  });
});

describe('downloads', () => {
  it('are sent as plain files below the place that was named', async () => {
    await preparePlaces([write('out/here', true), write('one/a', false)], work);
    await writeFile(join(work, 'out/here/a.txt'), 'A');
    await mkdir(join(work, 'out/here/sub'));
    await writeFile(join(work, 'out/here/sub/b'), 'B');
    await writeFile(join(work, 'elsewhere'), 'never');
    await writeFile(join(work, 'one/a'), '1');
    expect(await send([write('out/here', true), write('one/a', false)])).toEqual({
      sent: ['out/here/', 'out/here/a.txt=A', 'out/here/sub/', 'out/here/sub/b=B', 'one/a=1'],
      left: [],
    });
  });
  it('leave out hidden names, links, and names with control characters', async () => {
    await writeFile(join(work, '.bashrc'), 'x');
    await writeFile(join(work, 'a\nb'), 'x');
    await symlink('/etc/passwd', join(work, 'link'));
    await mkdir(join(work, 'd/.git'), { recursive: true });
    await writeFile(join(work, 'd/.git/config'), 'x');
    await writeFile(join(work, 'fine'), 'F');
    expect(await send([write('.', true)])).toEqual({
      sent: ['d/', 'fine=F'],
      left: ['.bashrc', 'a\nb', 'd/.git', 'link'],
    });
  });
  it('leave out names that were only shown to gh, and what gh did not write', async () => {
    const taken = await receive([stat('a', false)], ['a', 'x', 'stat']);
    expect(await send([write('.', true), write('nothing', false)], taken)).toEqual({ sent: [], left: [] });
  });
  it('leave out what is directly in the current directory, hidden or not, and take no name from below it', async () => {
    const here = stat('.', false);
    const taken = await receive([here, write('.', true)], ['a', 'x', 'stat'], ['.hidden', 'x', 'stat']);
    await writeFile(join(work, 'new'), 'N');
    expect(await send([write('.', true), here], taken)).toEqual({ sent: ['new=N'], left: [] });
    await expect(receive([here], ['sub/a', 'x', 'stat'])).rejects.toThrow(/nobody asked for/);
    await expect(receive([here], ['b', 'x'])).rejects.toThrow(/nobody asked for/);
  });
  it('carry permission bits and no others', async () => {
    await writeFile(join(work, 'a'), 'A');
    await chmod(join(work, 'a'), 0o4755);
    const stream = new PassThrough();
    await sendFiles(stream, { files: [write('a', false)], work, taken: new Set() });
    stream.end();
    for await (const { mode } of readFileEntries(stream)) expect(mode).toBe(0o755);
  });
});
