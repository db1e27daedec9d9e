// Files by value, in both directions (SPEC.md §Files). The bytes come from the other side of a trust border:
// a shim is written by anybody, and downloads carry names chosen by whoever owns the bucket.
//
//   entry:  u32be header length ‖ header, UTF-8 JSON ‖ `size` bytes of content (kind `file` only)
//   header: {"path": "dir/name", "kind": "file" | "dir" | "stat", "size": n, "mode": 420, "mtime_ms": n}
//
// `stat` says what a file looks like without its content; its `size` is the file's, and no bytes follow.

import type { Readable, Writable } from 'node:stream';
import { TurretError } from '../errors.js';
import { FILE_ENTRIES_MAX, FILE_HEADER_BYTES_MAX, FILE_PATH_BYTES_MAX } from '../protocol/limits.js';

export interface FileHeader {
  /** `/` between the parts. Relative without `.` or `..` parts, or absolute when the need itself was. */
  path: string;
  kind: 'file' | 'dir' | 'stat';
  size: number;
  /** Permission bits only. Symbolic links, devices and set-id bits do not exist here. */
  mode: number;
  mtime_ms: number;
}

export interface FileEntry extends FileHeader {
  /** Exactly `size` bytes for a `file`, nothing otherwise. Must be read, or left, before the next entry is asked for. */
  content: AsyncIterable<Buffer>;
}

const KINDS: ReadonlySet<string> = new Set(['file', 'dir', 'stat']);

/** A path that names something below where it is put: no empty, `.` or `..` part, no NUL. */
export function isCarriedPath(path: string): boolean {
  if (path === '' || path === '/' || path.includes('\0')) return false;
  if (Buffer.byteLength(path) > FILE_PATH_BYTES_MAX || /\p{Surrogate}/u.test(path)) return false;
  const parts = (path.startsWith('/') ? path.slice(1) : path).split('/');
  return parts.every((part) => part !== '' && part !== '.' && part !== '..');
}

/** Bytes of one header. @throws TypeError for a header that the other side would refuse */
export function encodeFileHeader(header: FileHeader): Buffer {
  const problem = headerProblem(header);
  if (problem) throw new TypeError(`file header: ${problem}`);
  const { path, kind, size, mode, mtime_ms } = header;
  const json = Buffer.from(JSON.stringify({ path, kind, size, mode, mtime_ms }));
  const bytes = Buffer.allocUnsafe(4 + json.length);
  bytes.writeUInt32BE(json.length, 0);
  json.copy(bytes, 4);
  return bytes;
}

/**
 * Write one entry with back-pressure. The content must have exactly `size` bytes: a file that grew or shrank
 * while it was read would shift every entry after it.
 * @throws TurretError `protocol_error` when the content has another length
 */
export async function writeFileEntry(
  to: Writable,
  header: FileHeader,
  content: AsyncIterable<Buffer> | Iterable<Buffer> = [],
): Promise<void> {
  await write(to, encodeFileHeader(header));
  const expected = header.kind === 'file' ? header.size : 0;
  let sent = 0;
  for await (const chunk of content) {
    sent += chunk.length;
    if (sent > expected) break;
    if (chunk.length > 0) await write(to, chunk);
  }
  if (sent !== expected) {
    throw new TurretError('protocol_error', `file ${JSON.stringify(header.path)} changed while it was read`, {
      hints: ['run the command again when nothing writes to the file'],
    });
  }
}

async function write(to: Writable, bytes: Buffer): Promise<void> {
  if (to.destroyed) throw closed(to);
  if (to.write(bytes)) return;
  await new Promise<void>((resolve, reject) => {
    const settle = (): void => {
      to.off('drain', settle);
      to.off('close', settle);
      if (to.destroyed) reject(closed(to));
      else resolve();
    };
    to.on('drain', settle);
    to.on('close', settle);
  });
}

function closed(to: Writable): Error {
  return to.errored ?? new TurretError('cancelled', 'the file stream was closed');
}

/**
 * Read entries one after the other. Content that the consumer did not read is skipped before the next entry.
 * @throws TurretError `protocol_error` for a header, path or length that breaks the format or a bound
 */
export async function* readFileEntries(from: Readable | AsyncIterable<Buffer>): AsyncGenerator<FileEntry> {
  const source = new ByteSource(from);
  let entries = 0;
  try {
    for (;;) {
      const prefix = await source.take(4, 'may end here');
      if (prefix === undefined) return;
      if (++entries > FILE_ENTRIES_MAX) throw broken(`more than ${FILE_ENTRIES_MAX} files`);
      const length = prefix.readUInt32BE(0);
      if (length > FILE_HEADER_BYTES_MAX) throw broken(`a file header of ${length} bytes`);
      const header = parseFileHeader(await source.take(length));
      const left = { bytes: header.kind === 'file' ? header.size : 0 };
      const content = source.rest(left);
      yield { ...header, content: { [Symbol.asyncIterator]: () => content } };
      for await (const skipped of source.rest(left)) void skipped;
    }
  } finally {
    await source.close();
  }
}

function parseFileHeader(bytes: Buffer): FileHeader {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw broken('a file header that is not JSON', cause);
  }
  const problem = headerProblem(value);
  if (problem !== undefined || !isHeader(value)) throw broken(problem ?? 'a file header that is none');
  const { path, kind, size, mode, mtime_ms } = value;
  return { path, kind, size, mode, mtime_ms };
}

function isHeader(value: unknown): value is FileHeader {
  return headerProblem(value) === undefined;
}

function headerProblem(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return 'a file header that is not an object';
  const { path, kind, size, mode, mtime_ms: time }: { [K in keyof FileHeader]?: unknown } = value;
  if (typeof path !== 'string' || !isCarriedPath(path)) return 'a file path that leaves its place';
  if (typeof kind !== 'string' || !KINDS.has(kind)) return 'an unknown kind of file';
  if (!isCount(size)) return 'a file size that is not a count';
  if (kind === 'dir' && size !== 0) return 'a directory with content';
  if (!isCount(mode) || mode > 0o777) return 'a file mode past 0777';
  if (typeof time !== 'number' || !Number.isFinite(time)) return 'a file time that is no time';
  return undefined;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function broken(what: string, cause?: unknown): TurretError {
  return new TurretError('protocol_error', `file stream has ${what}`, { cause });
}

/** Cuts a stream of chunks into counted pieces. */
class ByteSource {
  readonly #chunks: AsyncIterator<Buffer>;
  #held: Buffer = Buffer.alloc(0);

  constructor(from: Readable | AsyncIterable<Buffer>) {
    this.#chunks = from[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  async #more(): Promise<boolean> {
    const next = await this.#chunks.next();
    if (next.done) return false;
    this.#held = this.#held.length === 0 ? next.value : Buffer.concat([this.#held, next.value]);
    return true;
  }

  take(bytes: number): Promise<Buffer>;
  take(bytes: number, end: 'may end here'): Promise<Buffer | undefined>;
  async take(bytes: number, end?: 'may end here'): Promise<Buffer | undefined> {
    while (this.#held.length < bytes) {
      if (await this.#more()) continue;
      if (end && this.#held.length === 0) return undefined;
      throw broken('an end in the middle of an entry');
    }
    const taken = this.#held.subarray(0, bytes);
    this.#held = this.#held.subarray(bytes);
    return taken;
  }

  /** The rest of one entry's content. `left` is shared: a second reader goes on where the first one stopped. */
  async *rest(left: { bytes: number }): AsyncGenerator<Buffer> {
    while (left.bytes > 0) {
      if (this.#held.length === 0 && !(await this.#more())) throw broken('an end in the middle of a file');
      const chunk = this.#held.subarray(0, left.bytes);
      this.#held = this.#held.subarray(chunk.length);
      left.bytes -= chunk.length;
      if (chunk.length > 0) yield chunk;
    }
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }
}
