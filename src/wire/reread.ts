// Node gets new memory for every read of a socket, which costs more than the read. A socket can read into the same memory
// again and again, but only one that is told so when it is made; what others made is made again around its handle.

import { Socket } from 'node:net';

interface Handle {
  reading: boolean;
  readStop(): void;
}

/**
 * The same connection, whose `data` is in `memory` and good only while it is handled. Who needs it for longer pauses the
 * socket, or copies. `socket` is of no use afterwards; one that is closed or was read from is returned as it is.
 */
export function reread(socket: Socket, memory: Buffer): Socket {
  const owner = socket as unknown as { _handle?: Handle | null };
  const handle = owner._handle;
  if (!handle || socket.readableLength > 0) return socket;
  handle.readStop();
  handle.reading = false;
  owner._handle = null;
  socket.destroy();
  const again: Socket = new Socket({
    handle,
    allowHalfOpen: socket.allowHalfOpen,
    onread: {
      buffer: memory,
      callback: (bytes: number): boolean => again.emit('data', memory.subarray(0, bytes)),
    },
  } as object);
  return again;
}
