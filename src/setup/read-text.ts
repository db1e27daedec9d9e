// Files of other programs, looked at for names. What is read never leaves the functions of this folder as it is.

import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

import { CREDENTIAL_FILE_BYTES_MAX } from '../protocol/limits.js';

/** The beginning of a file as text; undefined when it is not there, not a file or not readable for this user. */
export function readText(path: string): string | undefined {
  let fd: number;
  try {
    // Not blocking: a FIFO under that name must not stop us.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    // Not there or not ours to read: then nothing is found in it.
    return undefined;
  }
  try {
    if (!fstatSync(fd).isFile()) return undefined;
    const buffer = Buffer.alloc(CREDENTIAL_FILE_BYTES_MAX);
    let length = 0;
    for (;;) {
      const read = readSync(fd, buffer, length, buffer.length - length, null);
      if (read === 0) return buffer.toString('utf8', 0, length);
      length += read;
    }
  } catch {
    // A file system that gives an error in the middle: as if it were not there.
    return undefined;
  } finally {
    closeSync(fd);
  }
}
