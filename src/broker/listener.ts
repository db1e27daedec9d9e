// Two sockets, one handshake. Agents use agent.sock; `turret revoke` and `turret status` use admin.sock, which the
// sandbox does not show. What a connection may do follows from its key, not from the socket it came by.

import { chmodSync } from 'node:fs';
import { type AddressInfo, type Server, type Socket, createServer } from 'node:net';

import { SESSION_CONNECTIONS_MAX, UNAUTHENTICATED_CONNECTIONS_MAX } from '../protocol/limits.js';
import { AgentConnection, type ConnectionContext } from './agent-connection.js';

export class Listener {
  readonly #context: ConnectionContext;
  readonly #servers: Server[] = [];
  readonly #connections = new Set<AgentConnection>();

  constructor(context: ConnectionContext) {
    this.#context = context;
  }

  async listen(path: string): Promise<void> {
    await this.#listening((server, done) => server.listen(path, done));
    chmodSync(path, 0o600);
  }

  /** Where an agent can have no Unix socket. Any user of the machine can connect; the token alone decides. */
  async listenOnLoopback(): Promise<number> {
    const server = await this.#listening((made, done) => made.listen(0, '127.0.0.1', done));
    return (server.address() as AddressInfo).port;
  }

  async #listening(start: (server: Server, done: () => void) => void): Promise<Server> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      start(server, resolve);
    });
    this.#servers.push(server);
    return server;
  }

  connections(): Iterable<AgentConnection> {
    return this.#connections;
  }

  close(reason: string): void {
    for (const server of this.#servers) server.close();
    for (const connection of this.#connections) connection.cut('draining', reason);
  }

  // An agent that opens sockets until something breaks finds that only its own new sockets break.
  #accept(socket: Socket): void {
    let strangers = 0;
    for (const connection of this.#connections) if (connection.principal === undefined) strangers += 1;
    const most = SESSION_CONNECTIONS_MAX * Math.max(1, this.#context.keys.roots().length);
    if (strangers >= UNAUTHENTICATED_CONNECTIONS_MAX || this.#connections.size >= most) {
      socket.destroy();
      return;
    }
    const connection = new AgentConnection(socket, this.#context, () => this.#connections.delete(connection));
    this.#connections.add(connection);
  }
}
