// A way to a server's socket for an agent that cannot be given the socket itself: everything that comes in goes there.
// What is said passes through here unread; the proofs on both sides are made against the ends.

import { chmodSync, lchownSync } from 'node:fs';
import { type AddressInfo, type Server, connect, createServer } from 'node:net';

import type { AgentAddress } from '../isolation/enclosure.js';

export interface Door {
  /** Of 127.0.0.1, when the agent is met there. */
  port: number | undefined;
  close(): void;
}

/** Opens one where the agent looks for its broker. */
export async function openDoor(address: AgentAddress, server: string): Promise<Door> {
  const door = createServer({ allowHalfOpen: true }, (inside) => {
    const outside = connect({ path: server, allowHalfOpen: true });
    inside.pipe(outside).pipe(inside);
    inside.on('error', () => outside.destroy());
    outside.on('error', () => inside.destroy());
  });
  await listening(door, address);
  // It does not keep this process: the agent does.
  door.unref();
  const at = door.address() as AddressInfo | string;
  return { port: typeof at === 'string' ? undefined : at.port, close: () => door.close() };
}

async function listening(door: Server, address: AgentAddress): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    door.once('error', reject);
    if (address === 'loopback') door.listen(0, '127.0.0.1', resolve);
    else door.listen(address.path, resolve);
  });
  if (address === 'loopback') return;
  chmodSync(address.path, 0o600);
  if (address.owner !== undefined) lchownSync(address.path, address.owner.uid, address.owner.gid);
}
