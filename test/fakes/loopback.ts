import type { Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

/** Listens on 127.0.0.1 and nowhere else; resolves to the base URL. */
export async function listenOnLoopback(server: Server, port: number): Promise<string> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  // A TCP server that is listening always has an AddressInfo.
  const { port: bound } = server.address() as AddressInfo;
  return `http://127.0.0.1:${bound}`;
}

/** Stops listening and cuts the connections that are still open, so that a hanging client cannot keep a test alive. */
export async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

/** `--name value` pairs of a fake run as a program; anything else is refused with exit code 2. */
export function readFlags(argv: readonly string[], known: readonly string[]): Record<string, string> {
  const flags: Record<string, string> = {};
  for (let at = 0; at < argv.length; at += 2) {
    const name = argv[at]?.replace(/^--/, '') ?? '';
    const value = argv[at + 1];
    if (!known.includes(name) || value === undefined) {
      process.stderr.write(`usage: ${known.map((flag) => `[--${flag} VALUE]`).join(' ')}\n`);
      process.exit(2);
    }
    flags[name] = value;
  }
  return flags;
}
