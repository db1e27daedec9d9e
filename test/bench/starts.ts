// What a user waits for before the agent, or an answer, is there.

import { type Ran } from '../helpers/broker-session.js';
import { TURRET, World } from '../helpers/turret-world.js';
import type { Figure } from './figure.js';
import { type Sides, timed } from './measure.js';
import { type Peers, installPeers } from './peers.js';

const WHY = `Where the 122 ms of one start were, an empty Node program 24, before the last change: Node 19, what starts the broker 13, the rest of the supervisor 24 (13 of them V8 reading it, before the first call), configuration 8, \
directories, keys and shims 8, the sandbox tried with \`true\` 17, the log 3, the broker set up 13 (8 of them its code for the first time), the agent and its sandbox 9, the end 6. The broker starts meanwhile, on the other processor. Since then, \
in turns with what was there before, on a machine with other work: what V8 made of the supervisor's files kept for the next start (0.89; the broker's as well: no difference). Tried and kept before: the broker first of all and the supervisor in pieces, of which the first starts it (10 ms); the \
key that tokens pin made by the supervisor (5 ms); a C program instead of a thread of Node for Landlock (80 ms), no execa on the way, Node's older loader (10 ms a process), the configuration read without Node's threads. Tried and not kept: \
the sandbox made once, with a program in it that waits for the agent's command, instead of tried and made again (0.93 to 0.97 of the whole, for 400 lines: half of the trial is planning the mounts, and that stays); minified bundles, yaml as modules, flags for V8's memory, threads and laziness (no difference); a broker that makes the agent's socket itself, for which the sandbox would wait. Not tried: the broker set up but for its log while the sandbox is made (8 ms), \
the broker started before anything of ours is read. What is left is two starts of Node, 19 to 40 ms each where both run at once, and what each does for the first time. What it would take for the goal: a start that begins with a program that is not Node, or a broker that is not.`;

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
    why: `Most of it is oclif, which \`turret --help\` pays, too. The rest reads, verifies and counts a log, and finds some thirty small files that the build has cut of what commands share: in one file with everything V8 reads more than it \
saves (2 MB, tried). Tried and kept: what V8 made of these files kept for the next start (0.83 of the whole: 3.6 instead of 4.4), and the older of Node's loaders (4.2 instead of 4.4 of modules); minified, no difference.`,
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
