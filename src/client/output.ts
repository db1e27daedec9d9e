// Standard output and error, byte for byte, one write after the other, and never in the way of a signal.

import { constants, fstatSync, openSync, write } from 'node:fs';
import { Socket } from 'node:net';

const AGAIN_MS = 4;

/** Writes that wait in a thread. */
let inThreads = 0;

/** While it is true Node cannot end by itself: it waits for its threads, and they for whoever reads. */
export const isHeldUp = (): boolean => inThreads > 0;

/** Somewhere bytes go. The promise is kept when the kernel has them; it breaks with the system's error (`EPIPE`). */
export interface ByteSink {
  write(bytes: Uint8Array): Promise<void>;
  /** A write that the reader does not take yet. */
  readonly blocked: boolean;
}

/**
 * The sink for a file descriptor. A pipe is opened once more, for ourselves: to write without blocking, `O_NONBLOCK`
 * has to be set, and on the shared description it would be set for every other process that has the pipe.
 */
export function openOutput(fd: number): ByteSink {
  const own = reopenPipe(fd);
  return own === undefined ? new DescriptorSink(fd) : new PipeSink(own);
}

function reopenPipe(fd: number): number | undefined {
  try {
    if (!fstatSync(fd).isFIFO()) return undefined;
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    // No /proc, or a pipe of another user: written to as it is.
    return undefined;
  }
}

class PipeSink implements ByteSink {
  readonly #socket: Socket;
  #broken: Error | undefined;
  blocked = false;

  constructor(fd: number) {
    this.#socket = new Socket({ fd, readable: false, writable: true });
    this.#socket.on('error', (error) => {
      this.#broken = error;
    });
  }

  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#broken !== undefined) return reject(this.#broken);
      this.blocked = true;
      this.#socket.write(bytes, (error) => {
        this.blocked = false;
        if (error) reject(error);
        else resolve();
      });
    });
  }
}

/** Files, terminals, sockets. The write waits in a thread, so the event loop goes on. */
class DescriptorSink implements ByteSink {
  readonly #fd: number;
  blocked = false;

  constructor(fd: number) {
    this.#fd = fd;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.blocked = true;
    try {
      let at = 0;
      while (at < bytes.length) at += await this.#writeSome(bytes.subarray(at));
    } finally {
      this.blocked = false;
    }
  }

  // Whoever had the descriptor before may have left it non-blocking.
  #writeSome(bytes: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      inThreads += 1;
      write(this.#fd, bytes, (error, written) => {
        inThreads -= 1;
        if (error === null) resolve(written);
        else if (error.code === 'EAGAIN') setTimeout(() => resolve(0), AGAIN_MS);
        else if (error.code === 'EINTR') resolve(0);
        else reject(error);
      });
    });
  }
}
