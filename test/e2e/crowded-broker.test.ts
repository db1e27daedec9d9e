// What a client makes of a broker that hangs up: on a stranger too many, who is an agent's command in a crowd of them, and
// on a call, when it dies.

import { once } from 'node:events';
import { type Server, type Socket, connect, createServer } from 'node:net';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { BrokerConnection } from '../../src/client/broker-connection.js';
import type { TurretError } from '../../src/errors.js';
import { HANDSHAKE_MS_MAX } from '../../src/protocol/limits.js';
import { parseToken } from '../../src/token/token.js';
import { type BrokerSession, startBrokerSession } from '../helpers/broker-session.js';

let session: BrokerSession;
let door: Server;
beforeEach(async () => {
  session = await startBrokerSession();
});
afterEach(() => {
  vi.restoreAllMocks();
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

test('a broker that dies before it has read a call is told of as one that is gone', async () => {
  const path = join(session.agentDirectory, 'door.sock');
  door = createServer((socket) => {
    const broker = connect(join(session.agentDirectory, 'agent.sock'));
    socket.pipe(broker).pipe(socket);
  });
  const taken = once(door, 'connection');
  door.listen(path);
  await once(door, 'listening');
  const connection = await BrokerConnection.open({
    address: { path },
    token: parseToken(session.token),
    client: 'test',
  });
  const [socket] = (await taken) as [Socket];
  socket.unpipe();
  socket.pause();
  const call = connection.call({ tool: 'loop', argv: ['exit', '0'], cwd: '/' });
  // It is written by now. What is closed unread is a reset to the other end.
  setImmediate(() => socket.destroy());
  await expect(call.finished).rejects.toMatchObject({
    code: 'broker_gone',
    message: expect.stringMatching(/^the broker of this session cannot be reached/),
  });
});

test.each([
  ['comes again when it took longer than a broker waits', HANDSHAKE_MS_MAX, { came: 'through', taken: 2 }],
  ['does not come again when it was in time', 0, { came: 'protocol_error', taken: 1 }],
])('a client whose handshake fails %s', async (_, took, expected) => {
  let taken = 0;
  let late = 0;
  const now = performance.now.bind(performance);
  vi.spyOn(performance, 'now').mockImplementation(() => now() + late);
  const path = join(session.agentDirectory, 'door.sock');
  door = createServer((socket) => {
    taken += 1;
    const broker = connect(join(session.agentDirectory, 'agent.sock'));
    if (taken > 1) return socket.pipe(broker).pipe(socket);
    // It hears what the broker says of another greeting than its own.
    late += took;
    broker.pipe(socket);
    return broker.write('nothing a broker understands');
  });
  door.listen(path);
  await once(door, 'listening');
  const opening = BrokerConnection.open({
    address: { path },
    token: parseToken(session.token),
    client: 'test',
  });
  const came = await opening.then(
    (connection) => (connection.close(), 'through'),
    (error: TurretError) => error.code,
  );
  expect({ came, taken }).toEqual(expected);
});
