// What a user waits for before the agent, or an answer, is there.

import { type Ran } from '../helpers/broker-session.js';
import { World } from '../helpers/turret-world.js';
import type { Figure } from './figure.js';
import { type Sides, timed } from './measure.js';

export const figuresOfStarts: readonly Figure[] = [
  {
    name: 'G5',
    title: '`turret run -- true`, sandbox on / an empty Node program',
    goal: 2.6,
    stretch: 2.0,
    rounds: 30,
    open: () => inWorld((world) => world.run(['true'], ['--quiet'])),
  },
  {
    name: 'G10-help',
    title: '`turret --help` / an empty Node program',
    goal: 4,
    stretch: 2.5,
    rounds: 30,
    open: () => inWorld((world) => world.turret('--help')),
  },
  {
    name: 'G10-audit',
    title: '`turret audit`, one session / an empty Node program',
    goal: 4,
    stretch: 2.5,
    rounds: 30,
    open: () => inWorld((world) => world.turret('audit')),
  },
];

async function inWorld(subject: (world: World) => Promise<Ran>): Promise<Sides> {
  const world = new World();
  await mustEnd(world.run(['true'], ['--quiet'])); // a session to show
  return {
    subject: () => timed(() => mustEnd(subject(world))),
    reference: () => timed(() => mustEnd(world.finish(world.start([process.execPath, '-e', '0'])))),
    close: async () => world.close(),
  };
}

async function mustEnd(running: Promise<Ran>): Promise<void> {
  const { code, stderr } = await running;
  if (code !== 0) throw new Error(`ended with ${code}: ${stderr}`);
}
