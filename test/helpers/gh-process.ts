// Looking into a running gh, from outside.

import { createServer, type IncomingHttpHeaders } from 'node:http';
import { open, readdir, readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';

export interface Stalling {
  url: string;
  /** Headers of the first request, as soon as it is there. */
  asked: Promise<IncomingHttpHeaders>;
  close(): Promise<void>;
}

/** An upstream that takes a request and never answers. */
export async function startStalling(): Promise<Stalling> {
  const server = createServer();
  const asked = new Promise<IncomingHttpHeaders>((resolve) => {
    server.once('request', ({ headers }: { headers: IncomingHttpHeaders }) => {
      resolve(headers);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

/** Processes whose environment names the directory. */
export async function processesOf(directory: string): Promise<{ pid: number; environ: string }[]> {
  const found: { pid: number; environ: string }[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    try {
      const environ = await readFile(`/proc/${name}/environ`, 'latin1');
      if (environ.includes(`HOME=${directory}/`)) found.push({ pid: Number(name), environ });
    } catch {
      // Gone in the meantime, or another user's.
    }
  }
  return found;
}

/** True when the writable memory of the process has the text. */
export async function memoryHas(pid: number, needle: string): Promise<boolean> {
  const maps = await readFile(`/proc/${pid}/maps`, 'latin1');
  const memory = await open(`/proc/${pid}/mem`, 'r');
  try {
    for (const line of maps.split('\n')) {
      const match = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line);
      if (!match) continue;
      const [start, end] = [Number.parseInt(match[1] ?? '0', 16), Number.parseInt(match[2] ?? '0', 16)];
      const bytes = Buffer.alloc(Math.min(end - start, 256 * 1024 * 1024));
      try {
        const { bytesRead } = await memory.read(bytes, 0, bytes.length, start);
        if (bytes.subarray(0, bytesRead).includes(needle)) return true;
      } catch {
        // A reserved range that has no pages.
      }
    }
    return false;
  } finally {
    await memory.close();
  }
}
