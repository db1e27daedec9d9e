// Repeaters that hang, flood, lie and crash, behind the real broker in a real session. What single frames of theirs do is
// tested in conformance.test.ts; here it is what an agent sees of it, and that nobody else is hurt.

import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { World } from '../helpers/turret-world.js';
import { type Fault, type Seen, play } from './fault.js';

const LOG_BYTES_MAX = 2_200_000;
const HUNDRED_MEGABYTES = 100_000_000;

interface Odd {
  id: string;
  title: string;
  slow?: true;
  /** Below test/fixtures. */
  program: string;
  /** What the agent does; `odd` is the repeater, `echo` an ordinary one. */
  script: string;
  /** Exit codes of its steps. */
  codes: Record<string, number>;
  claims?: (seen: Seen) => Record<string, boolean>;
  isolation?: 'none';
}

const SAY = 'turret call odd.say';
/** A call to somebody else that is under way all the time. */
const BESIDE = 'turret call echo.slow ms:=1500 >beside & beside=$!';
const BESIDE_ENDS = 'step beside wait $beside';

const ODD: Odd[] = [
  {
    id: 'registers-under-another-name',
    title: 'a repeater registers under the name of another',
    program: 'repeaters/registers-under-another-name.mjs',
    script: `step say ${SAY}; step other turret call echo.say text=hi`,
    codes: { say: 125, other: 0 },
  },
  {
    id: 'says-hello-as-an-agent',
    title: 'a repeater greets as an agent',
    program: 'repeaters/says-hello-as-an-agent.mjs',
    script: `step say ${SAY}; step other turret call echo.say text=hi`,
    codes: { say: 125, other: 0 },
  },
  {
    id: 'ends-twice',
    title: 'a repeater ends every call twice',
    program: 'repeaters/ends-twice.mjs',
    script: `step say ${SAY}; step again ${SAY}`,
    codes: { say: 0, again: 0 },
    claims: ({ after }) => ({
      'each call has one end': after.log.filter(({ type }) => type === 'call.finished').length === 2,
    }),
  },
  {
    id: 'ends-calls-that-never-were',
    title: "a repeater ends streams that are not its own, while another's call runs",
    program: 'faults/ends-calls-that-never-were.mjs',
    script: `${BESIDE}; step say ${SAY}; ${BESIDE_ENDS}`,
    codes: { say: 125, beside: 0 },
  },
  {
    id: 'sends-a-frame-over-its-limit',
    title: 'a repeater sends a frame over its limit',
    program: 'faults/sends-a-frame-over-its-limit.mjs',
    script: `${BESIDE}; step say ${SAY}; ${BESIDE_ENDS}`,
    codes: { say: 125, beside: 0 },
  },
  {
    id: 'ignores-credit',
    title: 'a repeater sends 50 MB without credit',
    program: 'repeaters/ignores-credit.mjs',
    script: `${BESIDE}; step flood turret call odd.flood bytes:=50000000; ${BESIDE_ENDS}`,
    codes: { flood: 125, beside: 0 },
  },
  {
    id: 'gives-credit-for-nothing',
    title: 'a repeater gives credit twice',
    program: 'repeaters/gives-credit-for-nothing.mjs',
    script: `step cat sh -c 'head -c 1000000 /dev/zero | turret call odd.cat'; step other turret call echo.say text=hi`,
    codes: { cat: 125, other: 0 },
  },
  {
    id: 'gives-all-the-credit-there-is',
    title: 'a repeater asks for 2 GB of input and reads none of it',
    program: 'faults/gives-all-the-credit-there-is.mjs',
    script: `step cat sh -c 'head -c ${HUNDRED_MEGABYTES} /dev/zero | turret call odd.cat'; step other turret call echo.say text=hi`,
    codes: { cat: 125, other: 0 },
  },
  {
    id: 'talks-without-end',
    title: 'a repeater writes 60 MB to stderr',
    program: 'faults/talks-without-end.mjs',
    script: `step one ${SAY}; step two ${SAY}; step three ${SAY}`,
    codes: { one: 0, two: 0, three: 0 },
    claims: ({ world }) => ({
      'no more than the bound is kept': keptOf(world) < LOG_BYTES_MAX,
      'the last words are kept': readFileSync(logsOf(world)[0] ?? '', 'utf8').endsWith('last words\n'),
    }),
  },
  {
    id: 'crash-loop',
    title: 'a repeater dies of every call',
    program: 'faults/dies-of-every-call.mjs',
    script: `for i in 1 2 3 4 5 6 7; do step c$i ${SAY}; done; step other turret call echo.say text=hi`,
    codes: { c1: 125, c5: 125, c6: 125, c7: 125, other: 0 },
    claims: circuitOpens,
  },
  {
    id: 'start-loop',
    title: 'a repeater dies before it registers',
    program: 'faults/dies-at-once.mjs',
    script: `for i in 1 2 3 4 5 6 7; do step c$i ${SAY}; done; step other turret call echo.say text=hi`,
    codes: { c1: 125, c5: 125, c6: 125, c7: 125, other: 0 },
    claims: circuitOpens,
  },
  {
    id: 'ignores-cancel',
    title: 'a repeater that ignores CANCEL, and callers that are killed until no place is free',
    program: 'repeaters/ignores-cancel.mjs',
    script: `for i in 1 2 3 4; do timeout -s KILL 3 turret call odd.slow ms:=3600000 & done; wait; step say ${SAY}`,
    codes: { say: 0 },
    claims: ({ after: { log } }) => ({
      'what became of the others is unknown': log.filter(({ outcome }) => outcome === 'unknown').length === 4,
    }),
  },
  {
    id: 'lives-on-without-a-broker',
    title: 'a repeater that does not end when the broker has ended its connection',
    program: 'faults/lives-on-after-a-lie.mjs',
    isolation: 'none',
    script: `gone() { for i in $(seq 100); do kill -0 $1 2>/dev/null || return 0; sleep 0.1; done; return 1; }
step say ${SAY}; step gone gone $(cat pid); step again ${SAY}`,
    codes: { say: 125, gone: 0, again: 125 },
  },
  {
    id: 'never-registers',
    title: 'a repeater that never registers',
    slow: true,
    program: 'repeaters/never-registers.mjs',
    script: `step say ${SAY}; step other turret call echo.say text=hi`,
    codes: { say: 125, other: 0 },
    claims: ({ steps }) => ({ 'it was waited for 10 s': within(steps, 'say', 9_900, 15_000) }),
  },
  {
    id: 'hangs-while-resolving',
    title: 'a repeater that hangs while it resolves',
    slow: true,
    program: 'faults/hangs-while-resolving.mjs',
    script: `step say ${SAY}; step other turret call echo.say text=hi`,
    codes: { say: 124, other: 0 },
    claims: ({ steps }) => ({ 'it was waited for 10 s': within(steps, 'say', 9_900, 15_000) }),
  },
];

export const REPEATER_FAULTS: Fault[] = ODD.map(
  ({ id, title, slow, program, script, codes, claims, isolation }) => ({
    id,
    title,
    ...(slow === undefined ? {} : { slow }),
    run: () => {
      const world = new World();
      writeFileSync(world.config, configOf(program, world.workspace));
      const options = isolation === undefined ? [] : [`--isolation=${isolation}`];
      return play(world, { script, codes, options }, claims);
    },
  }),
);

function configOf(program: string, workspace: string): string {
  const command = [process.execPath, resolve('test/fixtures', program), workspace];
  return `version: 1
extends: []
repeaters:
  echo: {}
  odd: { profile: binary, command: ${JSON.stringify(command)} }
rules: [{ id: all, allow: ["echo.**", "odd.**"] }]
`;
}

function circuitOpens({ after: { log }, ran }: Seen): Record<string, boolean> {
  const starts = log.filter(({ type }) => type === 'repeater.start').length;
  return {
    'it was started five times, and the other once': starts === 5 + 1,
    'it is said why': ran.stderr.includes('the repeater "odd" died 5 times within a minute'),
    'and for how long': /it is started again in \d+ s at the earliest/.test(ran.stderr),
  };
}

function within(steps: Seen['steps'], name: string, least: number, most: number): boolean {
  const ms = steps[name]?.ms ?? -1;
  return ms >= least && ms <= most;
}

function logsOf(world: World): string[] {
  const [session = ''] = world.sessions();
  return readdirSync(session)
    .filter((name) => name.startsWith('repeater-odd.log'))
    .map((name) => join(session, name));
}

function keptOf(world: World): number {
  return logsOf(world).reduce((bytes, file) => bytes + statSync(file).size, 0);
}
