// What an escape attempt could reach if the sandbox did not stop it: all of it is the doctor's own, made for the moment.

import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';

export interface OutsideWorld {
  /** In the command line and the environment of a process. */
  canary: string;
  /** The process. */
  child: ChildProcess;
  /** A socket with a path, and one in the abstract name space. */
  socket: string;
  abstract: string;
  /** On 127.0.0.1. */
  port: number;
  close(): void;
}

/** Opens it. The process waits for our pipe: it cannot outlive us. */
export async function openOutsideWorld(directory: string): Promise<OutsideWorld> {
  const canary = `turret-doctor-${randomBytes(12).toString('hex')}`;
  const socket = join(directory, 'door.sock');
  const abstract = `\0${canary}`;
  const servers = await Promise.all([
    listening({ path: socket }),
    listening({ path: abstract }),
    listening({ host: '127.0.0.1', port: 0 }),
  ]);
  const child = spawn('/bin/sh', ['-c', 'read -r _', canary], {
    env: { TURRET_DOCTOR: canary },
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  child.on('error', () => {
    // Without a shell there is nothing to find; `pid` is undefined then and the attempt counts as not tried.
  });
  const { port } = servers[2].address() as AddressInfo;
  const close = (): void => {
    child.stdin?.destroy();
    child.kill('SIGKILL');
    for (const server of servers) server.close();
  };
  return { canary, child, socket, abstract, port, close };
}

async function listening(where: { path: string } | { host: string; port: number }): Promise<Server> {
  const server = createServer((connection) => {
    connection.on('error', () => {
      // The other side closes at once.
    });
    connection.destroy();
  });
  server.listen(where);
  await once(server, 'listening');
  return server;
}
