// What a user waits for before the agent, or an answer, is there.

import { type Ran } from '../helpers/broker-session.js';
import { TURRET, World } from '../helpers/turret-world.js';
import type { Figure } from './figure.js';
import { type Sides, timed } from './measure.js';
import { type Peers, installPeers } from './peers.js';

const WHY = `Node starts twice, and the second cannot begin before the first can start it: the broker holds no secret, so it is no part of the supervisor. Of 136 ms of processor time (235 before it was looked into, a bare Node 30) \
each has about 50: 30 of Node, 10 for what it needs of crypto, net and child_process, the rest its own. The others are three forks of the supervisor, two sandboxes (the profile is tried with \`true\` before the agent is \
trusted to it), and what has to be on the disk before the agent runs. Tried and kept: the broker first of all, a C program instead of a thread of Node for Landlock (80 ms), no execa on the way, Node's older loader (10 ms a \
process), the configuration read without Node's threads. Tried and not kept: minified bundles, flags for V8's memory and threads (no difference). What it would take: a start that begins with a program that is not Node, \
or a broker that is not.`;

export const figuresOfStarts: readonly Figure[] = [
  {
    name: 'G5-node',
    title: '`turret run -- true`, sandbox on / an empty Node program',
    goal: 2.6,
    stretch: 2.0,
    rounds: 30,
    why: WHY,
    open: () => inWorld((world) => world.run(['true'], ['--quiet'])),
  },
  {
    name: 'G5-srt',
    title: 'the same / `srt true` of @anthropic-ai/sandbox-runtime, both on Node 24',
    goal: 0.35,
    stretch: 0.25,
    why: 'As for an empty Node program.',
    open: () => besidePeer((peers) => peers.srt),
  },
  {
    name: 'G5-varlock',
    title: 'the same / `varlock proxy run -- true`, both on Node 24',
    goal: 0.45,
    stretch: 0.3,
    why: 'As for an empty Node program.',
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
    why: `Half of it is oclif, which \`turret --help\` pays, too. The rest reads, verifies and counts a log, and finds 29 small files that the build has cut of what commands share: \
in one file with everything the compiler reads more than it saves (2 MB, tried).`,
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
