// Where the agent has a process namespace of its own, its key and those that come from it are taken from processes in it only.

import type { Socket } from 'node:net';

import { TurretError } from '../errors.js';
import { loadLibc } from '../platform/libc.js';
import { isPeerVisible, isPeerWithin } from '../platform/peer-credentials.js';
import { type Principal, lineage } from './keys.js';

export class PeerCheck {
  /**
   * Whether it can hold from now on: callers elsewhere are refused. `pidNamespace` is its inode number. `asker` is a peer whose
   * processes those will be: where we may not look at another user's, nothing is promised, and nothing refused.
   */
  require(principal: Principal, pidNamespace: string, asker: Socket): boolean {
    const loaded = loadLibc();
    if ('problem' in loaded || !isPeerVisible(loaded.libc, descriptorOf(asker))) return false;
    principal.pidNamespace = pidNamespace;
    return true;
  }

  /** Passes where that cannot be told on this machine. Throws TurretError unauthenticated. */
  check(socket: Socket, principal: Principal): void {
    const fd = descriptorOf(socket);
    for (const { pidNamespace } of lineage(principal)) {
      if (pidNamespace === undefined) continue;
      const loaded = loadLibc();
      if ('problem' in loaded) continue;
      if (fd < 0 || !isPeerWithin(loaded.libc, fd, pidNamespace))
        throw new TurretError('unauthenticated', 'the caller is no process of this session');
    }
  }
}

function descriptorOf(socket: Socket): number {
  return (socket as { _handle?: { fd?: number } })._handle?.fd ?? -1;
}
