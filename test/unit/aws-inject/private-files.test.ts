import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  placeFiles,
  returnFiles,
  type LocalFile,
  type PrivateFiles,
} from '../../../repeaters/aws/private-files.js';
import { readFileEntries, writeFileEntry } from '../../../src/wire/file-stream.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'turret-files-'));
});
afterEach(() => rm(directory, { recursive: true }));

const need = (path: string, use: LocalFile['use'], tree = false, local = path): LocalFile => ({
  path,
  use,
  tree,
  local,
});

async function sent(
  files: LocalFile[],
  entries: [path: string, content: string | number][],
): Promise<PrivateFiles> {
  const stream = new PassThrough();
  for (const [path, content] of entries) {
    const header = { path, mode: 0o777, mtime_ms: 1_700_000_000_000 };
    if (typeof content === 'number') await writeFileEntry(stream, { ...header, kind: 'stat', size: content });
    else
      await writeFileEntry(stream, { ...header, kind: 'file', size: content.length }, [Buffer.from(content)]);
  }
  stream.end();
  return placeFiles(directory, files, stream);
}

async function returned(files: PrivateFiles): Promise<Record<string, string>> {
  const stream = new PassThrough();
  const writing = returnFiles(files, stream).then(() => stream.end());
  const out: Record<string, string> = {};
  for await (const entry of readFileEntries(stream)) {
    const content = new PassThrough();
    for await (const chunk of entry.content) content.write(chunk);
    content.end();
    out[entry.path] = await text(content);
  }
  await writing;
  return out;
}

describe('files by value in the private directory', () => {
  it('lie where the plan says, private, with the time they had', async () => {
    await sent(
      [need('a/b', 'read'), need('/tmp/x', 'read', true, 'turret-tmp/x')],
      [
        ['a/b', 'one'],
        ['/tmp/x/y', 'two'],
      ],
    );
    expect(await readFile(join(directory, 'a/b'), 'utf8')).toBe('one');
    expect(await readFile(join(directory, 'turret-tmp/x/y'), 'utf8')).toBe('two');
    const { mode, mtimeMs } = await stat(join(directory, 'a/b'));
    expect([mode & 0o777, mtimeMs]).toEqual([0o600, 1_700_000_000_000]);
  });

  it.each<[string, LocalFile, [string, string | number]]>([
    ['a neighbour of the file', need('a', 'read'), ['b', 'x']],
    ['something below a single file', need('a', 'read'), ['a/b', 'x']],
    ['a neighbour of the tree', need('a', 'read', true), ['ab', 'x']],
    ['an absolute path for the tree of the working directory', need('.', 'read', true), ['/etc/x', 'x']],
    ['content where only names were asked for', need('a', 'stat', true), ['a/b', 'x']],
    ['names where content was asked for', need('a', 'read'), ['a', 3]],
  ])('are refused when they are %s', async (_what, file, entry) => {
    await expect(sent([file], [entry])).rejects.toMatchObject({ code: 'protocol_error' });
  });

  it('are not taken twice', async () => {
    await expect(
      sent(
        [need('a', 'read', true)],
        [
          ['a/b', 'x'],
          ['a/b', 'y'],
        ],
      ),
    ).rejects.toMatchObject({ code: 'EEXIST' });
  });

  it('go back when they are new or changed, and no link is followed', async () => {
    const files = await sent(
      [need('.', 'stat', true), need('.', 'write', true), need('/tmp/o', 'write', false, 'turret-tmp/o')],
      [
        ['kept', 4],
        ['changed', 4],
      ],
    );
    await writeFile(join(directory, 'changed'), 'new!');
    await mkdir(join(directory, 'sub'));
    await writeFile(join(directory, 'sub/made'), 'made');
    await writeFile(join(directory, 'empty'), '');
    await symlink('/etc/passwd', join(directory, 'link'));
    await symlink('/etc', join(directory, 'sub/tree'));
    expect(await returned(files)).toEqual({ changed: 'new!', 'sub/made': 'made', empty: '' });
  });

  it('go back from a single place only for that name, and not at all when nothing was written', async () => {
    const files = await sent([need('out', 'write'), need('/tmp/o', 'write', false, 'turret-tmp/o')], []);
    await writeFile(join(directory, 'other'), 'x');
    expect(await returned(files)).toEqual({});
    await writeFile(join(directory, 'turret-tmp/o'), 'x');
    expect(await returned(files)).toEqual({ '/tmp/o': 'x' });
  });
});
