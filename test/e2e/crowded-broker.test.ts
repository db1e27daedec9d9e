// A broker takes so many strangers at once and hangs up on the next one. That one is an agent's command in a crowd of them.

import { type Server, connect, createServer } from 'node:net';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { BrokerConnection } from '../../src/client/broker-connection.js';
import { parseToken } from '../../src/token/token.js';
import { type BrokerSession, startBrokerSession } from '../helpers/broker-session.js';

let session: BrokerSession;
let door: Server;
beforeEach(async () => {
  session = await startBrokerSession();
});
afterEach(() => {
  door.close();
  session.close();
});

/** A socket whose first connections are taken and closed unread; the others reach the broker. */
async function turningAway(count: number): Promise<{ path: string; taken: () => number }> {
  let taken = 0;
  door = createServer((socket) => {
    taken += 1;
    if (taken <= count) return socket.destroy();
    const broker = connect(join(session.agentDirectory, 'agent.sock'));
    return socket.pipe(broker).pipe(socket);
  });
  const path = join(session.agentDirectory, 'door.sock');
  await new Promise<void>((resolve) => door.listen(path, resolve));
  return { path, taken: () => taken };
}

test('a client that is turned away unread comes again', async () => {
  const { path, taken } = await turningAway(3);
  const connection = await BrokerConnection.open({
    address: { path },
    token: parseToken(session.token),
    client: 'test',
  });
  expect(connection.welcome['tools']).toEqual(['loop']);
  expect(taken()).toBe(4);
  connection.close();
});
