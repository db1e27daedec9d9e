// Between gh and the fake GitHub: the same answers, and a list of everything that was asked, bodies and all.

import { once } from 'node:events';
import { createServer, request as send, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';

import { closeServer, listenOnLoopback } from '../../fakes/loopback.js';

export interface GithubRecorder {
  url: string;
  /** `METHOD host/path?query body`, as they came. Emptied by whoever reads it. */
  requests: string[];
  close(): Promise<void>;
}

/** @param socket Unix socket to listen on besides loopback; @param upstream address of the fake */
export async function startGithubRecorder({
  upstream,
  socket,
}: {
  upstream: string;
  socket: string;
}): Promise<GithubRecorder> {
  const requests: string[] = [];
  const { hostname, port } = new URL(upstream);
  const relay = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const body = await buffer(incoming);
    requests.push(`${incoming.method} ${incoming.headers.host}${incoming.url} ${body.toString('latin1')}`);
    const onward = send(
      { hostname, port, method: incoming.method, path: incoming.url, headers: incoming.headers },
      (reply) => {
        outgoing.writeHead(reply.statusCode ?? 502, reply.headers);
        reply.pipe(outgoing);
      },
    );
    onward.once('error', () => outgoing.destroy());
    onward.end(body);
  };
  const serve = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    relay(incoming, outgoing).catch(() => outgoing.destroy());
  };
  const servers = [createServer(serve), createServer(serve)] as const;
  const url = await listenOnLoopback(servers[0], 0);
  servers[1].listen(socket);
  await once(servers[1], 'listening');
  return {
    url,
    requests,
    close: async () => {
      await Promise.all(servers.map(closeServer));
    },
  };
}
