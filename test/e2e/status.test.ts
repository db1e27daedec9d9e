// What runs, as its user is told: a server, and a session beside it.

import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { type RunningServer, startServer, tokenFor } from '../helpers/server.js';
import { World } from '../helpers/turret-world.js';

let world: World;
let server: RunningServer;
beforeAll(async () => {
  world = new World();
  server = await startServer(world);
}, 30_000);
afterAll(() => world.close());

test('turret status has the server with its agents, and the sessions with the level they run at', async () => {
  await tokenFor(server.place, 'counted');
  const agents = 1;
  const { socket } = server.place;
  const session = world.start(world.words(['sh', '-c', 'echo there; exec sleep 30'], ['--label', 'beside']));
  await new Promise((resolve) => session.stdout?.once('data', resolve));
  const told = (await world.turret('status')).stdout.toString();
  expect(told).toMatch(new RegExp(`^${socket} +${server.child.pid} +${agents}$`, 'm'));
  // Others of this machine may be there too: /tmp is looked at as well.
  expect(told).toMatch(/^[0-9a-f]{8} +\d{4}-\S+Z +namespaced +\d+ +beside$/m);
  const json = JSON.parse((await world.turret('status', '--json')).stdout.toString()) as object;
  expect(json).toMatchObject({
    servers: [{ socket, pid: server.child.pid, agents }],
    sessions: expect.arrayContaining([
      expect.objectContaining({ isolation: 'namespaced', label: 'beside' }),
    ]) as unknown,
  });
  session.kill('SIGTERM');
  const elsewhere = await world.turret('status', '--socket', join(world.root, 'none.sock'), '--json');
  expect([elsewhere.code, JSON.parse(elsewhere.stdout.toString())]).toMatchObject([
    1,
    { error: { code: 'session_unknown', hints: [expect.stringContaining('--socket')] } },
  ]);
});
