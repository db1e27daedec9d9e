// Files by value on the repeater's side: what is taken from a shim, and what goes back to it.

import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DOWNLOADS as GH_DOWNLOADS } from '../../../repeaters/gh/perform.js';
import {
  type LocalFile,
  type PrivateFiles,
  type ReturnRule,
  placeFiles,
  returnFiles,
} from '../../../repeaters/sdk/private-files.js';
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
const FILES_ONLY: ReturnRule = { directories: false, accepts: () => true };
const ALL: ReturnRule = { directories: true, accepts: () => true };

/** Content of a file, size of a `stat`, nothing for a directory. */
type Sent = [path: string, content?: string | number];

async function place(files: LocalFile[], ...entries: Sent[]): Promise<PrivateFiles> {
  const stream = new PassThrough();
  for (const [path, content] of entries) {
    const header = { path, mode: 0o777, mtime_ms: 1_700_000_000_000 };
    if (content === undefined) await writeFileEntry(stream, { ...header, kind: 'dir', size: 0 });
    else if (typeof content === 'number')
      await writeFileEntry(stream, { ...header, kind: 'stat', size: content });
    else
      await writeFileEntry(stream, { ...header, kind: 'file', size: content.length }, [Buffer.from(content)]);
  }
  stream.end();
  return placeFiles(directory, files, stream);
}

/** What goes back, in order: `path=content`, `path/` for a directory; and what does not. */
async function returned(files: PrivateFiles, rule = ALL): Promise<{ sent: string[]; left: string[] }> {
  const stream = new PassThrough();
  const writing = returnFiles(files, stream, rule).finally(() => stream.end());
  const sent: string[] = [];
  for await (const entry of readFileEntries(stream))
    sent.push(entry.kind === 'file' ? `${entry.path}=${await text(entry.content)}` : `${entry.path}/`);
  return { sent, left: await writing };
}

describe('files of the caller', () => {
  it('lie where the plan says, private, with the time they had', async () => {
    await place(
      [need('a/b', 'read'), need('/tmp/x', 'read', true, '.absolute/tmp/x')],
      ['a/b', 'one'],
      ['/tmp/x'],
      ['/tmp/x/y', 'two'],
    );
    expect(await readFile(join(directory, 'a/b'), 'utf8')).toBe('one');
    expect(await readFile(join(directory, '.absolute/tmp/x/y'), 'utf8')).toBe('two');
    const { mode, mtimeMs } = await stat(join(directory, 'a/b'));
    expect([mode & 0o777, mtimeMs]).toEqual([0o600, 1_700_000_000_000]);
    expect((await stat(join(directory, '.absolute/tmp/x'))).mode & 0o777).toBe(0o700);
  });

  it('are names of a size and a time, and no content, where only that is needed', async () => {
    await place([need('tree', 'stat', true), need('.', 'stat')], ['tree'], ['tree/x', 9], ['here', 3]);
    const { size, mtimeMs } = await stat(join(directory, 'tree/x'));
    expect([size, mtimeMs]).toEqual([9, 1_700_000_000_000]);
    expect(await readFile(join(directory, 'tree/x'), 'latin1')).toBe('\0'.repeat(9));
    expect((await stat(join(directory, 'here'))).size).toBe(3);
  });

  it.each<[string, LocalFile, Sent]>([
    ['a neighbour of the file', need('a', 'read'), ['b', 'x']],
    ['something below a single file', need('a', 'read'), ['a/b', 'x']],
    ['a directory for a single file', need('a', 'read'), ['a']],
    ['a neighbour of the tree', need('a', 'read', true), ['ab', 'x']],
    ['an absolute path for the tree of the working directory', need('.', 'read', true), ['/etc/x', 'x']],
    ['an absolute path for the names in the working directory', need('.', 'stat'), ['/x', 3]],
    ['a name below the directory whose names were asked for', need('.', 'stat'), ['a/b', 3]],
    ['a directory among the names that were asked for', need('.', 'stat'), ['a']],
    ['content where only names were asked for', need('a', 'stat', true), ['a/b', 'x']],
    ['content where the names in a directory were asked for', need('.', 'stat'), ['a', 'x']],
    ['names where content was asked for', need('a', 'read'), ['a', 3]],
  ])('are refused when they are %s', async (_what, file, entry) => {
    const refused = { code: 'protocol_error' };
    await expect(place([file], entry)).rejects.toMatchObject(refused);
    await expect(
      place([need('a', 'write', true), need('.', 'write', true), file], entry),
    ).rejects.toMatchObject(refused);
    expect(await readdir(directory)).toEqual([]);
  });

  it('are not taken twice', async () => {
    await expect(place([need('a', 'read', true)], ['a/b', 'x'], ['a/b', 'y'])).rejects.toMatchObject({
      code: 'EEXIST',
    });
  });

  it('may be missing', async () => {
    await place([need('a/b', 'read')]);
    expect(await readdir(directory)).toEqual([]);
  });

  it('have the directories ready that the CLI writes to, unless a file of the caller is in the way', async () => {
    await place([need('tree/deep', 'write', true), need('one/a', 'write'), need('b', 'write')]);
    expect((await readdir(directory, { recursive: true })).toSorted()).toEqual(['one', 'tree', 'tree/deep']);
    await place([need('file', 'stat', true), need('file', 'write', true)], ['file', 3]);
    expect((await stat(join(directory, 'file'))).size).toBe(3);
  });
});

describe('what the CLI wrote', () => {
  it('goes back when it is new or changed, and no link is followed', async () => {
    const files = await place(
      [need('.', 'stat', true), need('.', 'write', true)],
      ['kept', 4],
      ['.hidden', 4],
      ['changed', 4],
    );
    await writeFile(join(directory, 'changed'), 'new!');
    await mkdir(join(directory, 'sub'));
    await writeFile(join(directory, 'sub/made'), 'made');
    await writeFile(join(directory, 'empty'), '');
    await symlink('/etc/passwd', join(directory, 'link'));
    await symlink('/etc', join(directory, 'sub/tree'));
    const left = ['link', 'sub/tree'];
    const sent = ['changed=new!', 'empty=', 'sub/made=made'];
    expect(await returned(files, FILES_ONLY)).toEqual({ sent, left });
    expect(await returned(files)).toEqual({ sent: [...sent.slice(0, 2), 'sub/', 'sub/made=made'], left });
  });

  it('goes back from a place that was named, and not at all when nothing was written', async () => {
    const files = await place([
      need('out', 'write'),
      need('dir', 'write'),
      need('/tmp/o', 'write', false, '.absolute/tmp/o'),
      need('tree', 'write', true),
    ]);
    await mkdir(join(directory, 'dir'));
    await writeFile(join(directory, 'dir/below'), 'x');
    await writeFile(join(directory, 'other'), 'x');
    expect(await returned(files, FILES_ONLY)).toEqual({ sent: [], left: [] });
    await writeFile(join(directory, '.absolute/tmp/o'), 'O');
    await writeFile(join(directory, 'tree/t'), 'T');
    expect(await returned(files)).toEqual({ sent: ['/tmp/o=O', 'tree/', 'tree/t=T'], left: [] });
  });

  it('stays here when a link has taken the place of a directory on the way to it, the first one included', async () => {
    const elsewhere = await mkdtemp(join(tmpdir(), 'turret-elsewhere-'));
    try {
      await writeFile(join(elsewhere, 'credentials'), 'secret');
      const files = await place([need('out/credentials', 'write'), need('plain/credentials', 'write')]);
      await writeFile(join(directory, 'plain/credentials'), 'own');
      await rm(join(directory, 'out'), { recursive: true });
      await symlink(elsewhere, join(directory, 'out'));
      expect(await returned(files)).toEqual({ sent: ['plain/credentials=own'], left: ['out/credentials'] });
      const top = await place([need('credentials', 'write')]);
      await rm(directory, { recursive: true });
      await symlink(elsewhere, directory);
      expect(await returned(top)).toEqual({ sent: [], left: ['credentials'] });
      await rm(directory);
      await mkdir(directory);
    } finally {
      await rm(elsewhere, { recursive: true });
    }
  });

  it('goes back once, though two needs name it', async () => {
    const files = await place([need('a/b', 'write'), need('a', 'write', true)]);
    await writeFile(join(directory, 'a/b'), 'x');
    expect(await returned(files, FILES_ONLY)).toEqual({ sent: ['a/b=x'], left: [] });
  });

  it('stays here when its name is refused, with all that is below', async () => {
    const files = await place([need('.', 'write', true), need('.', 'stat')], ['.mine', 3]);
    await mkdir(join(directory, 'd/.git'), { recursive: true });
    for (const name of ['.bashrc', 'a\nb', 'a\x7fb', 'd/.git/config', 'fine'])
      await writeFile(join(directory, name), 'x');
    expect(await returned(files, GH_DOWNLOADS)).toEqual({
      sent: ['d/', 'fine=x'],
      left: ['.bashrc', 'a\nb', 'a\x7fb', 'd/.git'],
    });
  });

  it('carries permission bits and no others', async () => {
    const files = await place([need('a', 'write')]);
    await writeFile(join(directory, 'a'), 'A');
    await chmod(join(directory, 'a'), 0o4755);
    const stream = new PassThrough();
    await returnFiles(files, stream, ALL);
    stream.end();
    for await (const { mode } of readFileEntries(stream)) expect(mode).toBe(0o755);
  });
});
