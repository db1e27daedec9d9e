// Files that a call wrote, on their way to the agent's directory. Their names were chosen by whoever owns the bucket or
// the release: each must lie in a need that was decided on, no directory on the way may be a link, and a file appears
// whole or not at all.

import { randomBytes } from 'node:crypto';
import { createWriteStream, unlinkSync } from 'node:fs';
import { lstat, mkdir, rename, unlink, utimes } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { TurretError } from '../errors.js';
import type { FileNeed, Needs } from '../protocol/messages.js';
import { type FileEntry, readFileEntries } from '../wire/file-stream.js';
import { placeOf, rootOf } from './below.js';

const unfinished = new Set<string>();

/** Writes what comes, until the end. Rejects with TurretError unresolvable for a file nobody asked for or a place that is a link, state_unwritable for a full disk. */
export async function receiveFiles(needs: Needs, from: Readable, cwd: string): Promise<void> {
  const writes = needs.files.filter(({ use }) => use === 'write');
  for await (const entry of readFileEntries(from)) {
    if (!writes.some((need) => isWithin(entry, need))) {
      throw new TurretError(
        'unresolvable',
        `the call wants to write ${JSON.stringify(entry.path)}, which it did not name`,
      );
    }
    await put(entry, cwd);
  }
}

/** For a process about to die: half a download is no download. */
export function removeUnfinished(): void {
  for (const path of unfinished) {
    try {
      unlinkSync(path);
    } catch {
      // Renamed in this moment, or its directory is gone.
    }
  }
}

function isWithin({ path, kind }: FileEntry, need: FileNeed): boolean {
  if (kind === 'stat' || (kind === 'dir' && !need.tree)) return false;
  if (path === need.path) return true;
  if (!need.tree || path.startsWith('/') !== need.path.startsWith('/')) return false;
  return need.path === '.' || path.startsWith(`${need.path}/`);
}

async function put(entry: FileEntry, cwd: string): Promise<void> {
  const root = rootOf(entry.path, cwd);
  const place = placeOf(entry.path, cwd);
  try {
    await makeDirectories(root, entry.kind === 'dir' ? place : dirname(place));
    if (entry.kind === 'file') await putFile(entry, place);
  } catch (error) {
    if (error instanceof TurretError) throw error;
    throw new TurretError(
      'state_unwritable',
      `cannot write ${JSON.stringify(entry.path)}: ${reason(error)}`,
      { cause: error },
    );
  }
}

// One part after the other, so that no link is walked through.
async function makeDirectories(root: string, directory: string): Promise<void> {
  let at = root;
  for (const part of relative(root, directory).split('/')) {
    if (part === '') continue;
    at = join(at, part);
    const found = await lstat(at).catch(() => undefined);
    if (found === undefined) await mkdir(at);
    else if (!found.isDirectory()) {
      throw new TurretError(
        'unresolvable',
        `${JSON.stringify(at)} is ${found.isSymbolicLink() ? 'a link' : 'no directory'}`,
        {
          hints: ['name a directory that is not reached through links'],
        },
      );
    }
  }
}

async function putFile(entry: FileEntry, place: string): Promise<void> {
  const there = await lstat(place).catch(() => undefined);
  if (there !== undefined && !there.isFile() && !there.isSymbolicLink()) {
    throw new TurretError('unresolvable', `${JSON.stringify(entry.path)} is there already and no file`);
  }
  // A link at the place itself is replaced, not followed.
  const temporary = join(
    dirname(place),
    `.${basename(place).slice(0, 100)}.${randomBytes(6).toString('hex')}`,
  );
  unfinished.add(temporary);
  try {
    // Readable for whom the agent's umask says, as if the tool itself had written it.
    await pipeline(entry.content, createWriteStream(temporary, { flags: 'wx', mode: 0o666 }));
    await utimes(temporary, entry.mtime_ms / 1_000, entry.mtime_ms / 1_000);
    await rename(temporary, place);
  } catch (error) {
    await unlink(temporary).catch(() => {}); // It may never have been there.
    throw error;
  } finally {
    unfinished.delete(temporary);
  }
}

function reason(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'it failed';
}
