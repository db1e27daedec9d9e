// Files by value on the repeater's side: what the shim sent is put into a private directory where the real CLI finds it
// under the name it was typed with, and what the CLI wrote there goes back. The shim is not trusted: an entry has to
// belong to a need that was decided on.

import { createWriteStream } from 'node:fs';
import { constants, lstat, mkdir, open, opendir, truncate, utimes, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { TurretError } from '../../src/errors.js';
import { DATA_BYTES_MAX } from '../../src/protocol/limits.js';
import type { FileNeed } from '../../src/protocol/messages.js';
import {
  readFileEntries,
  writeFileEntry,
  type FileEntry,
  type FileHeader,
} from '../../src/wire/file-stream.js';

/** A file of the call and its place in the private directory the CLI runs in. */
export interface LocalFile extends FileNeed {
  /** Relative to that directory. */
  local: string;
}

export interface PrivateFiles {
  directory: string;
  files: readonly LocalFile[];
  /** What lay there before the CLI ran, by private path. */
  placed: Map<string, string>;
}

/**
 * Take what the shim sends and put it in place.
 * @throws TurretError `protocol_error` for an entry that no need asks for
 */
export async function placeFiles(
  directory: string,
  files: readonly LocalFile[],
  from: Readable,
): Promise<PrivateFiles> {
  const placed = new Map<string, string>();
  for (const { local, tree, use } of files) {
    // A single file's directory, or the tree's own: the CLI expects what the caller has.
    const target = join(directory, local);
    await mkdir(tree && use === 'write' ? target : dirname(target), { recursive: true, mode: 0o700 });
  }
  const wanted = files.filter(({ use }) => use !== 'write');
  if (wanted.length === 0) return { directory, files, placed };
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
  return { directory, files, placed };
}

/** Where an entry goes when it answers this need. Its path has no `..` (isCarriedPath), so the place is below. */
function placeOf({ path, kind }: FileEntry, need: LocalFile): string | undefined {
  const kindFits = kind === 'dir' ? need.tree : kind === (need.use === 'stat' ? 'stat' : 'file');
  if (!kindFits) return undefined;
  if (path === need.path) return need.local;
  if (!need.tree) return undefined;
  if (need.path === '.') return path.startsWith('/') ? undefined : join(need.local, path);
  return path.startsWith(`${need.path}/`) ? join(need.local, path.slice(need.path.length)) : undefined;
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

/** Send back every file the CLI wrote for a need of use `write`. Links and devices are not files. */
export async function returnFiles({ directory, files, placed }: PrivateFiles, to: Writable): Promise<void> {
  const sent = new Set<string>();
  for (const need of files) {
    if (need.use !== 'write') continue;
    for await (const { path, place } of filesBelow(join(directory, need.local), need)) {
      if (sent.has(path) || placed.get(place) === (await identity(place))) continue;
      sent.add(path);
      await returnFile(path, place, to);
    }
  }
}

async function returnFile(path: string, place: string, to: Writable): Promise<void> {
  const handle = await open(place, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const { size, mode, mtimeMs } = await handle.stat();
    const header: FileHeader = { path, kind: 'file', size, mode: mode & 0o777, mtime_ms: mtimeMs };
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

async function* filesBelow(place: string, need: FileNeed): AsyncGenerator<{ path: string; place: string }> {
  const found = await lstat(place).catch(() => undefined); // Nothing was written there.
  if (found?.isFile()) yield { path: need.path, place };
  if (!found?.isDirectory() || !need.tree) return;
  for await (const entry of await opendir(place, { recursive: true })) {
    if (!entry.isFile()) continue;
    const full = join(entry.parentPath, entry.name);
    const rest = full.slice(place.length + 1);
    yield { path: need.path === '.' ? rest : `${need.path}/${rest}`, place: full };
  }
}

async function identity(place: string): Promise<string> {
  const { ino, size, mtimeNs, ctimeNs } = await lstat(place, { bigint: true });
  return [ino, size, mtimeNs, ctimeNs].join(' ');
}
