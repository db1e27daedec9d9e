// Where the agent has a process namespace of its own, a session key is taken from processes in it only.

import type { Socket } from 'node:net';

import { TurretError } from '../errors.js';
import { type Libc, loadLibc } from '../platform/libc.js';
import { isPeerWithin } from '../platform/peer-credentials.js';

export class PeerCheck {
  #libc: Libc | undefined;
  #pidNamespace: string | undefined;

  /** Whether it can hold from now on: callers elsewhere are refused. `pidNamespace` is its inode number. */
  require(pidNamespace: string): boolean {
    const loaded = loadLibc();
    if ('problem' in loaded) return false;
    this.#libc = loaded.libc;
    this.#pidNamespace = pidNamespace;
    return true;
  }

  /** Throws TurretError unauthenticated. */
  check(socket: Socket): void {
    if (this.#libc === undefined || this.#pidNamespace === undefined) return;
    const { fd } = (socket as { _handle?: { fd?: number } })._handle ?? {};
    if (fd !== undefined && fd >= 0 && isPeerWithin(this.#libc, fd, this.#pidNamespace)) return;
    throw new TurretError('unauthenticated', 'the caller is no process of this session');
  }
}
