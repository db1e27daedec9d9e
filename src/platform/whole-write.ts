// Lines that are in a file whole or not at all.

import { fstatSync, ftruncateSync, writeSync } from 'node:fs';

/** write(2) may take less than it was given. */
export function writeWhole(fd: number, bytes: Buffer): void {
  for (let done = 0; done < bytes.length;) {
    const written = writeSync(fd, bytes, done);
    if (written === 0) throw new Error('the file took no more bytes');
    done += written;
  }
}

/** Whether the file is now of that size. */
export function truncateTo(fd: number, size: number): boolean {
  try {
    ftruncateSync(fd, size);
    return fstatSync(fd).size === size;
  } catch {
    // The caller remembers that half a line is in the file.
    return false;
  }
}
