// The attacker's machine: takes every connection on every port it has, speaks TLS with a certificate that is trusted for
// its names, answers HTTP, and remembers each byte. The metadata services of clouds are beside it.

import { createSocket } from 'node:dgram';
import { chmodSync, rmSync } from 'node:fs';
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

import type { CertificateAuthority } from '../../repeaters/aws/inject/certificates.js';
import { CANARY_KEY } from '../helpers/canary.js';
import {
  ATTACKER,
  ATTACKER_DATAGRAM_PORTS,
  ATTACKER_HOSTS,
  ATTACKER_PORTS,
  ATTACKER_SOCKET,
  METADATA,
} from './layout.js';

export interface Visit {
  /** `tcp 443`, `udp 31000`, `unix`. */
  readonly at: string;
  /** What came, decrypted where it was TLS. */
  bytes: string;
}

export interface Attacker {
  /** Every connection and datagram so far. */
  readonly visits: Visit[];
  /** Answers of a metadata service that were handed out. */
  readonly handedOut: string[];
}

const BYTES_MAX = 1 << 20;
const TLS_HANDSHAKE = 0x16;
const ANSWER =
  'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}';

/** @param authority signs the attacker's certificates: a web server's are good, whoever owns it */
export async function startAttacker(authority: CertificateAuthority): Promise<Attacker> {
  const visits: Visit[] = [];
  const handedOut: string[] = [];
  const serve = (at: string) => (socket: Socket) => receive(socket, visit(visits, at), authority);
  const listen = async (server: Server, where: object): Promise<void> => {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(where, resolve);
    });
  };
  await Promise.all([
    ...ATTACKER_PORTS.map((port) => listen(createServer(serve(`tcp ${port}`)), { host: ATTACKER, port })),
    listen(createServer(serve('tcp 127.0.0.1:2019')), { host: '127.0.0.1', port: 2019 }),
    ...METADATA.map((host) => listen(metadataService(host, handedOut), { host, port: 80 })),
  ]);
  rmSync(ATTACKER_SOCKET, { force: true });
  await listen(createServer(serve('unix')), { path: ATTACKER_SOCKET });
  chmodSync(ATTACKER_SOCKET, 0o777);
  for (const port of ATTACKER_DATAGRAM_PORTS) {
    const socket = createSocket('udp4', (message) => {
      visit(visits, `udp ${port}`).bytes = message.toString('latin1');
    });
    socket.bind(port, ATTACKER);
  }
  return {
    visits,
    handedOut,
  };
}

function visit(visits: Visit[], at: string): Visit {
  const one = { at, bytes: '' };
  visits.push(one);
  return one;
}

function receive(socket: Socket, one: Visit, authority: CertificateAuthority): void {
  socket.on('error', () => socket.destroy());
  socket.setTimeout(5_000, () => socket.destroy());
  socket.once('data', (first: Buffer) => {
    socket.pause();
    socket.unshift(first);
    const plain = first[0] === TLS_HANDSHAKE ? encrypted(socket, authority) : socket;
    plain.on('error', () => socket.destroy());
    plain.on('data', (chunk: Buffer) => {
      if (one.bytes.length < BYTES_MAX) one.bytes += chunk.toString('latin1');
      // Whoever asks for a tunnel gets one, and speaks to us through it.
      if (/^CONNECT [^\r]*\r\n/.test(one.bytes) && one.bytes.endsWith('\r\n\r\n')) {
        one.bytes += '\n';
        plain.removeAllListeners('data');
        plain.write('HTTP/1.1 200 OK\r\n\r\n');
        receive(plain, one, authority);
      } else if (one.bytes.includes('\r\n\r\n')) plain.end(ANSWER);
    });
    plain.resume();
  });
}

function encrypted(socket: Socket, authority: CertificateAuthority): TLSSocket {
  return new TLSSocket(socket, {
    isServer: true,
    secureContext: authority.contextFor(ATTACKER_HOSTS[0]),
    SNICallback: (name, done) => done(null, authority.contextFor(name)),
  });
}

/** Answers as the metadata services do, the first versions, which ask for no token. */
function metadataService(host: string, handedOut: string[]): HttpServer {
  return createHttpServer((request, response) => {
    handedOut.push(`${host}${request.url ?? ''}`);
    const list = request.url?.endsWith('/security-credentials/') === true;
    const { accessKeyId, secretAccessKey, sessionToken } = CANARY_KEY;
    response.end(
      list
        ? 'instance-role'
        : JSON.stringify({ AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, Token: sessionToken }),
    );
  });
}
