// Two sockets, one handshake. Agents use agent.sock; `turret revoke` and `turret status` use admin.sock, which the
// sandbox does not show. What a connection may do follows from its key, not from the socket it came by.

import { chmodSync } from 'node:fs';
import { type Server, type Socket, createServer } from 'node:net';

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
    const server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
    chmodSync(path, 0o600);
    this.#servers.push(server);
  }

  connections(): Iterable<AgentConnection> {
    return this.#connections;
  }

  close(reason: string): void {
    for (const server of this.#servers) server.close();
    for (const connection of this.#connections) connection.goAway(reason);
  }

  // An agent that opens sockets until something breaks finds that only its own new sockets break.
  #accept(socket: Socket): void {
    let strangers = 0;
    for (const connection of this.#connections) if (connection.principal === undefined) strangers += 1;
    if (strangers >= UNAUTHENTICATED_CONNECTIONS_MAX || this.#connections.size >= SESSION_CONNECTIONS_MAX) {
      socket.destroy();
      return;
    }
    const connection = new AgentConnection(socket, this.#context, () => this.#connections.delete(connection));
    this.#connections.add(connection);
  }
}
