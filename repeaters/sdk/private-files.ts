// Files by value on the repeater's side: what the shim sent is put into a private directory where the real CLI finds it
// under the name it was typed with, and what the CLI wrote there goes back. The shim is not trusted: an entry has to
// belong to a need that was decided on.

import { createWriteStream } from 'node:fs';
import {
  type FileHandle,
  constants,
  lstat,
  mkdir,
  open,
  readdir,
  realpath,
  truncate,
  utimes,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { TurretError } from '../../src/errors.js';
import { DATA_BYTES_MAX, FILE_ENTRIES_MAX } from '../../src/protocol/limits.js';
import type { FileNeed } from '../../src/protocol/messages.js';
import { type FileEntry, readFileEntries, writeFileEntry } from '../../src/wire/file-stream.js';

/** A file of the call and its place in the private directory the CLI runs in. */
export interface LocalFile extends FileNeed {
  /** Relative to that directory. */
  local: string;
}

export interface PrivateFiles {
  /** Without links in its path, before the CLI ran. */
  directory: string;
  files: readonly LocalFile[];
  /** What lay there before the CLI ran, by private path. */
  placed: ReadonlyMap<string, string>;
}

/** What of a tree goes back, besides plain files. */
export interface ReturnRule {
  directories: boolean;
  /** A name below the place that was typed: whoever owns the bucket or the release chose it. */
  accepts(name: string): boolean;
}

/**
 * Take what the shim sends and put it in place. What the caller does not have is missed by the CLI in its own words.
 * @throws TurretError `protocol_error` for an entry that no need asks for
 */
export async function placeFiles(
  where: string,
  files: readonly LocalFile[],
  from: Readable,
): Promise<PrivateFiles> {
  const directory = await realpath(where);
  const placed = new Map<string, string>();
  const wanted = files.filter(({ use }) => use !== 'write');
  if (wanted.length > 0) {
    for await (const entry of readFileEntries(from)) {
      const local = wanted.map((file) => placeOf(entry, file)).find((path) => path !== undefined);
      if (local === undefined) {
        throw new TurretError(
          'protocol_error',
          `file ${JSON.stringify(entry.path)} was sent and not asked for`,
        );
      }
      const target = join(directory, local);
      await place(target, entry);
      if (entry.kind !== 'dir') placed.set(target, await identity(target));
    }
  }
  for (const { local, tree, use } of files) {
    if (use !== 'write') continue;
    // The tree's own directory, or that of a single file: the CLI expects what the caller has.
    const target = join(directory, tree ? local : dirname(local));
    // Where the caller has a file in the way, the CLI says so.
    await mkdir(target, { recursive: true, mode: 0o700 }).catch(unlessInTheWay);
  }
  return { directory, files, placed };
}

function unlessInTheWay(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST' && error.code !== 'ENOTDIR') throw error;
}

/** Where an entry goes when it answers this need. Its path has no `..` (isCarriedPath), so the place is below. */
function placeOf({ path, kind }: FileEntry, need: LocalFile): string | undefined {
  const kindFits = kind === 'dir' ? need.tree : kind === (need.use === 'stat' ? 'stat' : 'file');
  if (!kindFits) return undefined;
  if (path === need.path) return need.local;
  const rest = partsBelow(path, need.path);
  if (rest === undefined) return undefined;
  // Of a directory whose tree nobody wants to see, the names in it.
  const isWanted = need.tree || (need.use === 'stat' && !rest.includes('/'));
  return isWanted ? join(need.local, rest) : undefined;
}

function partsBelow(path: string, directory: string): string | undefined {
  if (directory === '.') return path.startsWith('/') ? undefined : path;
  return path.startsWith(`${directory}/`) ? path.slice(directory.length + 1) : undefined;
}

async function place(target: string, entry: FileEntry): Promise<void> {
  if (entry.kind === 'dir') {
    await mkdir(target, { recursive: true, mode: 0o700 });
    return;
  }
  await mkdir(dirname(target), { recursive: true, mode: 0o700 });
  if (entry.kind === 'file') {
    await pipeline(entry.content, createWriteStream(target, { flags: 'wx', mode: 0o600 }));
  } else {
    // Names, sizes and times are what a sync compares. The file has a hole of that size and no content.
    await (await open(target, 'wx', 0o600)).close();
    await truncate(target, entry.size);
  }
  await utimes(target, entry.mtime_ms / 1_000, entry.mtime_ms / 1_000);
}

interface Found {
  /** As the caller calls it. */
  path: string;
  place: string;
  kind: 'file' | 'dir' | 'left out';
}

/**
 * Send back what the CLI wrote for needs of use `write`. What lay there before and was not touched is the caller's own.
 * @returns paths of what stays here: refused names, links, what is behind one, and whatever is no plain file
 * @throws TurretError `output_limit` for more files than a call may carry
 */
export async function returnFiles(
  { directory, files, placed }: PrivateFiles,
  to: Writable,
  rule: ReturnRule,
): Promise<string[]> {
  const left: string[] = [];
  const seen = new Set<string>();
  for (const need of files) {
    if (need.use !== 'write') continue;
    const top = need.path === '.' ? '' : need.path;
    const target = join(directory, need.local);
    if (await isElsewhere(dirname(target))) {
      left.push(need.path);
      continue;
    }
    for await (const { path, place, kind } of foundAt(target, top, { need, rule })) {
      if (seen.has(path) || (await isUntouched(place, placed))) continue;
      seen.add(path);
      if (seen.size > FILE_ENTRIES_MAX)
        throw new TurretError('output_limit', `the command wrote more than ${FILE_ENTRIES_MAX} files`);
      if (kind === 'left out') left.push(path);
      else if (kind === 'file') await returnFile(path, place, to);
      else if (rule.directories && path !== '') await returnDirectory(path, place, to);
    }
  }
  return left;
}

/**
 * A CLI that has been taken over can put a link in the place of a directory, and would have us read for it what it
 * cannot see. Its processes have ended when we look.
 */
async function isElsewhere(directory: string): Promise<boolean> {
  const real = await realpath(directory).catch(() => directory); // Nothing was written there.
  return real !== directory;
}

async function isUntouched(place: string, placed: PrivateFiles['placed']): Promise<boolean> {
  const before = placed.get(place);
  return before !== undefined && before === (await identity(place));
}

/** A directory before what is in it. */
async function* foundAt(
  place: string,
  path: string,
  within: { need: FileNeed; rule: ReturnRule },
): AsyncGenerator<Found> {
  const found = await lstat(place).catch(() => undefined); // Nothing was written there.
  if (!found) return;
  if (found.isFile()) yield { path, place, kind: 'file' };
  else if (!found.isDirectory()) yield { path, place, kind: 'left out' };
  if (!found.isDirectory() || !within.need.tree) return;
  yield { path, place, kind: 'dir' };
  for (const name of (await readdir(place)).sort()) {
    const child = { path: path === '' ? name : `${path}/${name}`, place: join(place, name) };
    if (within.rule.accepts(name)) yield* foundAt(child.place, child.path, within);
    else yield { ...child, kind: 'left out' };
  }
}

async function returnDirectory(path: string, place: string, to: Writable): Promise<void> {
  const { mode, mtimeMs } = await lstat(place);
  await writeFileEntry(to, { path, kind: 'dir', size: 0, mode: mode & 0o777, mtime_ms: mtimeMs });
}

async function returnFile(path: string, place: string, to: Writable): Promise<void> {
  const handle = await open(place, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const { size, mode, mtimeMs } = await handle.stat();
    const header = { path, kind: 'file', size, mode: mode & 0o777, mtime_ms: mtimeMs } as const;
    await writeFileEntry(to, header, contentOf(handle));
  } finally {
    await handle.close();
  }
}

async function* contentOf(handle: FileHandle): AsyncGenerator<Buffer> {
  for (;;) {
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(DATA_BYTES_MAX));
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}

async function identity(place: string): Promise<string> {
  const { ino, size, mtimeNs, ctimeNs } = await lstat(place, { bigint: true });
  return [ino, size, mtimeNs, ctimeNs].join(' ');
}
