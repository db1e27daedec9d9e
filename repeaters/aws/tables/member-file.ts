// A file of gzip members side by side with an index of offsets: one service is read and inflated without the other 400.

import { closeSync, openSync, readSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

export type MemberIndex = Record<string, [offset: number, length: number, ...rest: unknown[]]>;

/** Largest service after inflating (ec2 is about 0.6 MB): the tables are ours, but a damaged file must not fill the memory. */
const MEMBER_BYTES_MAX = 16_777_216;

/** The JSON text of one member; undefined when the index has no such name. Throws when the file is damaged. */
export function readMember(file: string, index: MemberIndex, name: string): string | undefined {
  if (!Object.hasOwn(index, name)) return undefined;
  const [offset, length] = index[name]!;
  const packed = Buffer.allocUnsafe(length);
  const fd = openSync(file, 'r');
  try {
    if (readSync(fd, packed, 0, length, offset) !== length)
      throw new Error(`${file} is shorter than its index says`);
  } finally {
    closeSync(fd);
  }
  return gunzipSync(packed, { maxOutputLength: MEMBER_BYTES_MAX }).toString('utf8');
}
