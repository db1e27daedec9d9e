import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';

/**
 * Sends a message with a socket, whose other end may talk already. Node begins to read a pipe of a child when it makes it,
 * and goes on, into nothing, until the receiver has said that it has the socket: on a busy machine that was after the other
 * end's first words, and whoever waited for them waited for ever.
 */
export function handOver(to: ChildProcess, message: object, socket: Socket): void {
  (socket as unknown as { _handle?: { readStop?(): void } })._handle?.readStop?.();
  to.send(message, socket, () => {});
}
