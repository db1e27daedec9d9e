// Files of the caller, by value: copies in before gh starts, downloads out after it ended.

import { createReadStream, createWriteStream } from 'node:fs';
import { lstat, mkdir, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { TurretError } from '../../src/errors.js';
import { FILE_ENTRIES_MAX } from '../../src/protocol/limits.js';
import { readFileEntries, writeFileEntry, type FileEntry } from '../../src/wire/file-stream.js';
import type { PlannedFile } from './types.js';

/**
 * Write the files of the stream below `work`. Only files that the plan names are taken; what the caller does not have
 * is missed by gh in gh's own words.
 * @returns empty files that only show gh which names are taken
 * @throws TurretError `protocol_error` for another file
 */
export async function receiveFiles(
  from: Readable,
  files: readonly PlannedFile[],
  work: string,
): Promise<ReadonlySet<string>> {
  const taken = new Set<string>();
  if (!files.some(({ use }) => use !== 'write')) return taken;
  for await (const entry of readFileEntries(from)) {
    const file = files.find((one) => isAnswer(one, entry));
    if (!file) {
      throw new TurretError(
        'protocol_error',
        `the caller sent ${JSON.stringify(entry.path)}, which nobody asked for`,
      );
    }
    const copy = join(work, file.path === '.' ? entry.path : file.copy + entry.path.slice(file.path.length));
    if (entry.kind === 'dir') {
      await mkdir(copy, { recursive: true, mode: 0o700 });
      continue;
    }
    await mkdir(dirname(copy), { recursive: true, mode: 0o700 });
    await pipeline(entry.content, createWriteStream(copy, { flags: 'wx', mode: 0o600 }));
    if (entry.kind === 'stat') taken.add(copy);
  }
  return taken;
}

function isAnswer({ use, tree, path }: PlannedFile, entry: FileEntry): boolean {
  const kinds = use === 'read' ? ['file'] : use === 'stat' ? ['stat', 'dir'] : [];
  if (!kinds.includes(entry.kind)) return false;
  // The names in the current directory, not those below it.
  if (path === '.' && !tree) return entry.kind === 'stat' && !entry.path.includes('/');
  return entry.path === path || (tree && entry.path.startsWith(`${path}/`));
}

/** Directories that gh expects to be there, as the caller's own are. */
export async function preparePlaces(files: readonly PlannedFile[], work: string): Promise<void> {
  for (const { use, tree, copy } of files) {
    if (use !== 'write') continue;
    await mkdir(join(work, tree ? copy : dirname(copy)), { recursive: true, mode: 0o700 });
  }
}

/**
 * Send what gh wrote. The names of assets are chosen by whoever owns the release: hidden ones, links and anything that
 * is no plain file stay here.
 * @returns the names that were left out
 */
export async function sendFiles(
  to: Writable,
  { files, work, taken }: { files: readonly PlannedFile[]; work: string; taken: ReadonlySet<string> },
): Promise<string[]> {
  const left: string[] = [];
  let entries = 0;
  const send = async (name: string, path: string): Promise<void> => {
    const file = join(work, name);
    if (taken.has(file)) return;
    const stats = await lstat(file);
    entries += 1;
    if (entries > FILE_ENTRIES_MAX) throw new TurretError('output_limit', 'the download has too many files');
    const mode = stats.mode & 0o777;
    const header = { path, size: 0, mode, mtime_ms: Math.trunc(stats.mtimeMs) };
    if (stats.isDirectory()) {
      if (path !== '') await writeFileEntry(to, { ...header, kind: 'dir' });
      for (const child of (await readdir(file)).sort()) {
        const childPath = path === '' ? child : `${path}/${child}`;
        if (taken.has(join(file, child))) continue;
        if (/^\.|[\u0000-\u001f\u007f]/.test(child)) left.push(childPath);
        else await send(join(name, child), childPath);
      }
    } else if (stats.isFile()) {
      await writeFileEntry(to, { ...header, kind: 'file', size: stats.size }, createReadStream(file));
    } else {
      left.push(path);
    }
  };
  for (const { use, copy, path } of files) {
    if (use !== 'write') continue;
    if (await exists(join(work, copy))) await send(copy, path === '.' ? '' : path);
  }
  return left;
}

async function exists(file: string): Promise<boolean> {
  try {
    await lstat(file);
    return true;
  } catch {
    // gh wrote nothing there, because it failed or had nothing to write.
    return false;
  }
}
