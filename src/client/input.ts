import { constants, fstatSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';

/**
 * Standard input, touched only when a call reads it. A pipe is opened once more for ourselves, so that the next process
 * that reads it does not find it non-blocking; and nothing waits in a thread, so an input that stays open holds no exit.
 */
export function openInput(): Readable {
  try {
    if (fstatSync(0).isFIFO()) {
      return new Socket({
        fd: openSync('/proc/self/fd/0', constants.O_RDONLY | constants.O_NONBLOCK),
        writable: false,
      });
    }
  } catch {
    // No /proc, or a pipe of another user: read as it is.
  }
  return process.stdin;
}
