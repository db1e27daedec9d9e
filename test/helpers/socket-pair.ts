import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type Socket, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Two ends of a Unix socket: the kernel holds less of what is written than a window of one stream. */
export async function socketPair(): Promise<{ near: Socket; far: Socket; close: () => void }> {
  const directory = mkdtempSync(join(tmpdir(), 'turret-pair-'));
  const path = join(directory, 's');
  const server = createServer().listen(path);
  await once(server, 'listening');
  const near = connect(path);
  const [[far]] = (await Promise.all([once(server, 'connection'), once(near, 'connect')])) as [
    [Socket],
    unknown,
  ];
  server.close();
  rmSync(directory, { recursive: true });
  return {
    near,
    far,
    close() {
      near.destroy();
      far.destroy();
    },
  };
}
