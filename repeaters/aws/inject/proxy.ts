// The loopback door. Where the CLIs have no network of their own every local user can connect to it, and so can a web page: nothing is spoken before the random
// password of a running call, and then only TLS to the named host, whose other end is us.

import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Server as Listening } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { INJECTOR_HEADER_BYTES_MAX } from '../../../src/protocol/limits.js';
import type { Admission } from './admission.js';
import type { CertificateAuthority } from './certificates.js';
import type { Exchange } from './exchange.js';
import { isHostName } from './hosts.js';
import { same } from './verify.js';

export interface ProxyOptions {
  authority: CertificateAuthority;
  /** Already listening; without it a port of 127.0.0.1 is taken. */
  door?: Listening | undefined;
  /** The running call with this user name. */
  find: (user: string) => Admission | undefined;
  /** A request inside a tunnel. Must not reject. */
  handle: (exchange: Exchange, tunnel: { admission: Admission; host: string }) => Promise<void>;
}

export interface Proxy {
  readonly port: number;
  close(): Promise<void>;
}

const HEAD_BYTES_MAX = 8_192;
const HANDSHAKE_MS = 10_000;

export async function startProxy({ authority, door, find, handle }: ProxyOptions): Promise<Proxy> {
  const open = new Set<Duplex>();
  const tunnels = new WeakMap<Duplex, { admission: Admission; host: string }>();
  const inner = createServer({
    maxHeaderSize: INJECTOR_HEADER_BYTES_MAX,
    requestTimeout: 0,
    keepAliveTimeout: 60_000,
  });
  const accept = (expects: boolean) => (incoming: IncomingMessage, outgoing: Exchange['outgoing']) => {
    const tunnel = tunnels.get(incoming.socket);
    if (tunnel) void handle({ incoming, outgoing, expects }, tunnel);
    else incoming.socket.destroy();
  };
  inner.on('request', accept(false));
  inner.on('checkContinue', accept(true));
  inner.on('clientError', (_error, socket) => socket.destroy());

  const outer = createServer({ maxHeaderSize: HEAD_BYTES_MAX, requestTimeout: HANDSHAKE_MS });
  // Absolute-form (`GET http://host/`) would leave through us without TLS, and a web page can only send such requests.
  outer.on('request', (_incoming, outgoing) => {
    outgoing.writeHead(403, { connection: 'close' });
    outgoing.end();
  });
  outer.on('clientError', (_error, socket) => socket.destroy());
  outer.on('connection', (socket: Duplex) => track(open, socket));
  outer.on('connect', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    const admission = authenticate(request, find);
    if (!admission)
      return reject(
        socket,
        '407 Proxy Authentication Required',
        'Proxy-Authenticate: Basic realm="turret"\r\n',
      );
    const host = tunnelHost(request.url ?? '');
    if (host === undefined) {
      admission.refuse('only TLS to a named host on port 443 is possible');
      return reject(socket, '403 Forbidden');
    }
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    if (head.length > 0) socket.unshift(head);
    const tls = new TLSSocket(socket, {
      isServer: true,
      secureContext: authority.contextFor(host),
      ALPNProtocols: ['http/1.1'],
    });
    tls.on('error', () => tls.destroy());
    tunnels.set(tls, { admission, host });
    track(open, tls);
    const cut = (): void => void tls.destroy();
    admission.ended.signal.addEventListener('abort', cut, { once: true });
    tls.once('close', () => admission.ended.signal.removeEventListener('abort', cut));
    inner.emit('connection', tls);
  });
  const port = await listen(outer, door);
  return {
    port,
    close: async () => {
      for (const socket of open) socket.destroy();
      await new Promise<void>((resolve) => outer.close(() => resolve()));
    },
  };
}

function listen(server: Server, door: Listening | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(door ?? { host: '127.0.0.1', port: 0 }, () => {
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new TypeError('no TCP port'));
      else resolve(address.port);
    });
  });
}

function track(open: Set<Duplex>, socket: Duplex): void {
  open.add(socket);
  socket.once('close', () => open.delete(socket));
}

function reject(socket: Duplex, status: string, headers = ''): void {
  socket.end(`HTTP/1.1 ${status}\r\n${headers}Content-Length: 0\r\nConnection: close\r\n\r\n`);
}

function authenticate(request: IncomingMessage, find: ProxyOptions['find']): Admission | undefined {
  if (request.headers.origin !== undefined) return undefined;
  const [, encoded = ''] =
    /^Basic ([A-Za-z0-9+/=]{1,256})$/i.exec(request.headers['proxy-authorization'] ?? '') ?? [];
  const [user = '', password = ''] = Buffer.from(encoded, 'base64').toString('latin1').split(':', 2);
  const admission = find(user);
  return admission && same(admission.password, password) ? admission : undefined;
}

function tunnelHost(target: string): string | undefined {
  const [, host = ''] = /^([^:]+):443$/.exec(target) ?? [];
  return isHostName(host) ? host : undefined;
}
