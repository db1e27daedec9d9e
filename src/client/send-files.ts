// Local files a command names, by value: opened here, with the agent's rights, and streamed. The tool sees copies.
// What the need does not name, or a link leads out to, is not sent; what is not there is not sent either, and the real
// tool says so in its own words.

import { createReadStream } from 'node:fs';
import { type FileHandle, constants, lstat, open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Writable } from 'node:stream';

import { TurretError } from '../errors.js';
import { FILE_ENTRIES_MAX } from '../protocol/limits.js';
import type { FileNeed, Needs } from '../protocol/messages.js';
import { type FileHeader, isCarriedPath, writeFileEntry } from '../wire/file-stream.js';
import { placeOf, realBelow, rootOf } from './below.js';

interface Sending {
  to: Writable;
  root: string;
  use: FileNeed['use'];
  count: { entries: number };
}

/** Sends all files a call reads, then the end. Rejects with TurretError unresolvable, output_limit or protocol_error. */
export async function sendFiles(needs: Needs, to: Writable, { cwd }: { cwd: string }): Promise<void> {
  const wanted = needs.files.filter(({ use }) => use !== 'write');
  if (wanted.length === 0) return;
  const count = { entries: 0 };
  for (const { path, use, tree } of wanted) {
    const sending = { to, use, count, root: rootOf(path, cwd) };
    const place = placeOf(path, cwd);
    const real = await present(realBelow(place, sending.root));
    if (real === undefined) continue;
    const isDirectory = (await stat(real)).isDirectory();
    if (isDirectory && tree) await sendTree(path, real, sending, [real]);
    else if (isDirectory && use === 'stat') await sendNames(path, real, sending);
    else await sendFile(path, real, sending);
  }
  to.end();
}

// `above` are the directories on the way down: a link back to one of them would never end.
async function sendTree(path: string, real: string, sending: Sending, above: string[]): Promise<void> {
  if (path !== '.') await sendDirectory(path, real, sending);
  for (const entry of (await readdir(real, { withFileTypes: true })).toSorted((a, b) =>
    a.name < b.name ? -1 : 1,
  )) {
    const childPath = path === '.' ? entry.name : `${path}/${entry.name}`;
    const child = await present(realBelow(join(real, entry.name), sending.root));
    if (child === undefined) continue;
    if (!(await stat(child)).isDirectory()) await sendFile(childPath, child, sending);
    else if (above.includes(child)) throw refused(childPath, 'is a link to a directory it is in');
    else await sendTree(childPath, child, sending, [...above, child]);
  }
}

/** What is directly in a directory and no directory: the names a tool must not overwrite, a link's among them. */
async function sendNames(path: string, real: string, sending: Sending): Promise<void> {
  for (const name of (await readdir(real)).toSorted()) {
    const childPath = path === '.' ? name : `${path}/${name}`;
    const found = await present(lstat(join(real, name)));
    if (found === undefined || found.isDirectory() || !isCarriedPath(childPath)) continue;
    const { size, mode, mtimeMs } = found;
    await sendEntry(
      { path: childPath, kind: 'stat', size, mode: mode & 0o777, mtime_ms: mtimeMs },
      [],
      sending,
    );
  }
}

async function sendDirectory(path: string, real: string, sending: Sending): Promise<void> {
  const { mode, mtimeMs } = await stat(real);
  await sendEntry({ path, kind: 'dir', size: 0, mode: mode & 0o777, mtime_ms: mtimeMs }, [], sending);
}

async function sendFile(path: string, real: string, sending: Sending): Promise<void> {
  // The last link was followed already; a pipe must not make us wait for its other end.
  const file = await present(open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK));
  if (file === undefined) return;
  try {
    const { size, mode, mtimeMs, isFile } = await look(file);
    // Pipes, sockets, devices: the tool will not find them either.
    if (!isFile) return;
    const header = { path, size, mode: mode & 0o777, mtime_ms: mtimeMs };
    if (sending.use === 'stat') await sendEntry({ ...header, kind: 'stat' }, [], sending);
    else await sendEntry({ ...header, kind: 'file' }, size === 0 ? [] : firstBytes(file, size), sending);
  } finally {
    await file.close();
  }
}

async function sendEntry(
  header: FileHeader,
  content: AsyncIterable<Buffer> | Iterable<Buffer>,
  { to, count }: Sending,
): Promise<void> {
  count.entries += 1;
  if (count.entries > FILE_ENTRIES_MAX) {
    throw new TurretError('output_limit', `the command names more than ${FILE_ENTRIES_MAX} files`, {
      hints: ['send them in several commands'],
    });
  }
  await writeFileEntry(to, header, content);
}

/** As many bytes as the header says, also of a log that grows meanwhile. */
function firstBytes(file: FileHandle, size: number): AsyncIterable<Buffer> {
  return createReadStream('', { fd: file, start: 0, end: size - 1, autoClose: false });
}

async function look(
  file: FileHandle,
): Promise<{ size: number; mode: number; mtimeMs: number; isFile: boolean }> {
  const found = await file.stat();
  return { size: found.size, mode: found.mode, mtimeMs: found.mtimeMs, isFile: found.isFile() };
}

/** Not there, or not for us to read: undefined, and the tool will say what it misses. */
async function present<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (error instanceof TurretError) throw error;
    return undefined;
  }
}

function refused(path: string, why: string): TurretError {
  return new TurretError('unresolvable', `${JSON.stringify(path)} ${why}`, { hints: ['remove the link'] });
}
