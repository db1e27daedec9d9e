// What a user waits for before the agent, or an answer, is there.

import { type Ran } from '../helpers/broker-session.js';
import { TURRET, World } from '../helpers/turret-world.js';
import type { Figure } from './figure.js';
import { type Sides, timed } from './measure.js';
import { type Peers, installPeers } from './peers.js';

export const figuresOfStarts: readonly Figure[] = [
  {
    name: 'G5-node',
    title: '`turret run -- true`, sandbox on / an empty Node program',
    goal: 2.6,
    stretch: 2.0,
    rounds: 30,
    open: () => inWorld((world) => world.run(['true'], ['--quiet'])),
  },
  {
    name: 'G5-srt',
    title: 'the same / `srt true` of @anthropic-ai/sandbox-runtime, both on Node 24',
    goal: 0.35,
    stretch: 0.25,
    open: () => besidePeer((peers) => peers.srt),
  },
  {
    name: 'G5-varlock',
    title: 'the same / `varlock proxy run -- true`, both on Node 24',
    goal: 0.45,
    stretch: 0.3,
    open: () => besidePeer((peers) => peers.varlock),
  },
  {
    name: 'G5-dotenvx',
    title: 'the same / `dotenvx run -- true`, both on Node 24',
    goal: 1,
    open: () => besidePeer((peers) => peers.dotenvx),
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

async function besidePeer(words: (peers: Peers) => readonly string[]): Promise<Sides> {
  const world = new World();
  const peers = installPeers(world);
  const both = (command: readonly string[]): Promise<number> =>
    timed(() => mustEnd(world.finish(world.start([peers.node, ...command]))));
  const turret = [TURRET, 'run', '--config', world.config, '--quiet', '--', 'true'];
  return {
    subject: () => both(turret),
    reference: () => both(words(peers)),
    close: async () => world.close(),
  };
}

async function mustEnd(running: Promise<Ran>): Promise<void> {
  const { code, stderr } = await running;
  if (code !== 0) throw new Error(`ended with ${code}: ${stderr}`);
}
