// The way out of a declared tool's network: CONNECT to the hosts it may reach, and nothing else. TLS stays between the
// tool and its server; this end moves bytes.
//
// Who is attacking: what made the tool read something it should not have. It can write to this door and has found out
// nothing by that: every other address, also of this machine, is refused before a packet is sent.

import { type Server as HttpServer, createServer } from 'node:http';
import { type Server, type Socket, connect } from 'node:net';
import { type Duplex, pipeline } from 'node:stream';
import { type Target, nameOf } from './hosts.js';

const HEAD_BYTES_MAX = 8_192;

/** Serves the connections of `door`, until it is closed. `log`: for what was refused. */
export function startPinnedProxy(
  door: Server,
  targets: readonly Target[],
  log: (line: string) => void,
): HttpServer {
  const allowed = new Map(targets.map((target) => [nameOf(target), target]));
  const proxy = createServer({ maxHeaderSize: HEAD_BYTES_MAX }, (_request, response) => {
    // Absolute-form requests (`GET http://…`) would be readable to us, and nobody who has TLS sends them.
    response.writeHead(403, { connection: 'close' }).end();
  });
  proxy.on('clientError', (_error, socket) => socket.destroy());
  proxy.on('connect', (request, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    const target = allowed.get((request.url ?? '').toLowerCase());
    if (target === undefined) {
      log(`refused a connection to ${JSON.stringify(request.url)}: it is not among the hosts of this tool`);
      return void socket.end('HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n');
    }
    tunnel(socket, target, head);
  });
  door.on('connection', (socket) => proxy.emit('connection', socket));
  return proxy;
}

function tunnel(socket: Duplex, target: Target, head: Buffer): void {
  const upstream = connect(placeOf(target));
  upstream.once('connect', () => {
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    upstream.write(head);
    join(socket, upstream);
  });
  upstream.once('error', () => {
    if (upstream.connecting) socket.end('HTTP/1.1 502 Bad Gateway\r\nconnection: close\r\n\r\n');
    socket.destroy();
  });
}

/** A port of the tool's own loopback that leads to the same port of ours. */
export function forwardTo(door: Server, target: Target): void {
  door.on('connection', (socket) => {
    const upstream = connect(placeOf(target));
    socket.on('error', () => socket.destroy());
    upstream.on('error', () => socket.destroy());
    join(socket, upstream);
  });
}

function placeOf({ host, port, at }: Target): { host: string; port: number } {
  return at ?? { host, port };
}

function join(one: Duplex, other: Socket): void {
  // Whichever side goes first ends the other; neither is an error of ours.
  pipeline(one, other, () => {});
  pipeline(other, one, () => {});
}
