// Many sessions on one machine, each with its own processes: whether they get as much done as one alone, and what each keeps.

import { readFileSync } from 'node:fs';

import { descendants } from '../helpers/processes.js';
import { type GuardedWorld, startGuarded } from './commands.js';
import type { Figure } from './figure.js';
import { type Sides, absolute, timed } from './measure.js';

const SESSIONS = 50;
/** Calls at once, in either case: more than there are processors. */
const LANES = 4;
/** At once as many start as the machine has time for. */
const STARTING = 4;
const CALL = ['turret', 'call', 'echo.say', 'text=x'];

const WHY_RATE = `It was 0.76 to 1.10, on a machine with other work, before a broker checked signatures of calls that wait together on Node's threads: one session alone is faster by that, and has both processors, of \
which fifty have no more. An idle session takes no more than 1 ms of a processor in 10 s, so it is not those that wait; nor is it code that is new to V8: after a hundred calls of each session it was 0.72 and 0.71, without them 0.65 and 0.69, in turns. What it would take: more processors, or a cheaper check (see G6).`;

export const figuresOfCrowds: readonly Figure[] = [
  {
    name: 'G13',
    title: `calls a second of ${SESSIONS} sessions together / of one, ${LANES} at a time`,
    goal: 0.9,
    better: 'more',
    why: WHY_RATE,
    open: besideOne,
  },
  {
    name: 'G13-memory',
    title: `memory of each of ${SESSIONS} sessions: supervisor, broker, echo repeater and sandbox, pages that others have too by their share`,
    goal: 130,
    unit: 'MiB',
    rounds: 5,
    open: () => memoryOfEach('Pss'),
  },
  {
    name: 'G13-rss',
    title: 'the same, pages that others have too counted in every process',
    goal: 130,
    unit: 'MiB',
    rounds: 5,
    why: `Three Node processes. 40 MiB of each are pages of the program and its libraries, 120 of the sum: one copy of them serves all processes of all sessions, so that a session more takes 44 (G13-memory). Their own are 18 MiB in \
the supervisor, 11 in the broker and 9 in the repeater, of which an idle Node has 6 each; three idle ones alone are 120. What it would take: two processes, or programs that are not Node.`,
    open: () => memoryOfEach('Rss'),
  },
];

async function startMany(count: number): Promise<GuardedWorld[]> {
  const sessions: GuardedWorld[] = [];
  try {
    await inLanes(STARTING, count, async () => {
      const session = await startGuarded({ aws: '', gh: '' }, 'bench-echo.yaml');
      sessions.push(session);
      await session.time(CALL);
    });
  } catch (error) {
    // They would be in the way of the figures after this one.
    await closeAll(sessions);
    throw error;
  }
  return sessions;
}

async function besideOne(): Promise<Sides> {
  const sessions = await startMany(SESSIONS);
  const [one] = sessions;
  if (one === undefined) throw new Error('no session was started');
  const rate = async (chosen: (at: number) => GuardedWorld): Promise<number> =>
    SESSIONS / (await timed(() => inLanes(LANES, SESSIONS, (at) => chosen(at).time(CALL))));
  return {
    subject: () => rate((at) => sessions[at] ?? one),
    reference: () => rate(() => one),
    close: () => closeAll(sessions),
  };
}

async function memoryOfEach(what: 'Pss' | 'Rss'): Promise<Sides> {
  const sessions = await startMany(SESSIONS);
  return absolute(
    async () => sessions.reduce((sum, session) => sum + memoryOf(session, what), 0) / SESSIONS / 1024,
    () => closeAll(sessions),
  );
}

/** KiB of all its processes but the agent and what that starts. */
function memoryOf({ pid }: GuardedWorld, what: 'Pss' | 'Rss'): number {
  const ours = descendants(pid).filter(({ command }) => !command.includes('.agent.mjs'));
  return [pid, ...ours.map((process) => process.pid)].reduce((sum, each) => {
    const text = readFileSync(`/proc/${each}/smaps_rollup`, 'latin1');
    return sum + Number(new RegExp(String.raw`^${what}:\s+(\d+) kB$`, 'm').exec(text)?.[1]);
  }, 0);
}

async function closeAll(sessions: readonly GuardedWorld[]): Promise<void> {
  await Promise.all(sessions.map((session) => session.close()));
}

/** Does it `count` times, so many at once. */
async function inLanes(lanes: number, count: number, work: (at: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    // oxlint-disable-next-line no-await-in-loop -- a lane is one after the other
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
