// A process of the session that is hindered for a while, from outside: no descriptor, no room in a file, no processor. The
// limit of a process that runs is lowered to what it has, and raised again.

import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { outcome } from '../helpers/broker-session.js';
import { descendants, until } from '../helpers/processes.js';
import { World } from '../helpers/turret-world.js';
import { type Fault, type Outcome, aftermath, broken, play, soundness, tryKill } from './fault.js';
import { codeClaims, codesOf, stepsOf } from './steps.js';

const TICKS_PER_SECOND = 100;
/** Share of one processor that a process may use while all it can do is to say no. */
const BUSY_MAX = 0.5;

async function fromTheStart(): Promise<Outcome> {
  const around = ['/usr/bin/prlimit', '--nofile=27', '--'];
  return play(new World(), { around, script: 'step ran true', log: 'none' }, ({ ran, steps }) => ({
    'nothing ran': steps['ran'] === undefined,
    'turret run ends with 125 or 126': ran.code === 125 || ran.code === 126,
    'it is said why': /^turret: error: .*EMFILE/.test(ran.stderr),
    'in one line': !/^\s+at /m.test(ran.stderr),
  }));
}

const SAY = 'turret call echo.say text=hi';
/** Of a repeater that starts a program for each call. */
const PROGRAM = 'turret call box.fail id=one';
const CONFIG = `version: 1
extends: []
repeaters: { echo: {}, box: { manifest: ${resolve('test/fixtures/soak/box.yaml')} } }
rules: [{ id: all, allow: ["echo.**", "box.**"] }]
`;

interface Hindered {
  find: (turret: number) => number;
  /** What is called meanwhile and afterwards, and once before when the process must be there by then. */
  call?: string;
  before?: string;
  /** How a call ends meanwhile, and otherwise. */
  poor: number;
  rich?: number;
  ms?: number;
}

/** A session in whose middle one process is hindered, for as long as the step `poor` takes. */
async function inTheMiddle(
  { find, begin, end, call = SAY, before = 'true', poor, rich = 0, ms = 30_000 }: Hindered & Hindrance,
  words: RegExp,
): Promise<Outcome> {
  const world = new World(CONFIG);
  try {
    copyFileSync(resolve('test/fixtures/faults/steps.sh'), join(world.workspace, 'steps.sh'));
    const waits = (file: string): string => `until test -e ${file}; do sleep 0.02; done`;
    const script = `. ./steps.sh; ${before} >before; : >ready; ${waits('poor')}; step poor ${call}; : >done; ${waits('rich')}; step rich ${call}`;
    const turret = world.start(world.words(['sh', '-c', script], ['--isolation=none']));
    const ended = outcome(turret);
    await until('the agent runs', () => existsSync(join(world.workspace, 'ready')));
    const pid = find(turret.pid ?? 0);
    begin(pid);
    const [from, ticks] = [performance.now(), ticksOf(pid)];
    writeFileSync(join(world.workspace, 'poor'), '');
    await until('the call has ended', () => existsSync(join(world.workspace, 'done')), ms);
    const busy = (ticksOf(pid) - ticks) / TICKS_PER_SECOND / ((performance.now() - from) / 1_000);
    end(pid);
    writeFileSync(join(world.workspace, 'rich'), '');
    const ran = await ended;
    const after = await aftermath(world);
    const steps = stepsOf(ran.stdout.toString());
    const claims = {
      ...soundness(after),
      ...codeClaims(steps, { poor, rich }),
      'it is said why': words.test(ran.stderr),
      'it is not busy': busy < BUSY_MAX,
    };
    return { saw: codesOf(steps), wrong: broken(claims), detail: `${busy} ${ran.stderr}` };
  } finally {
    world.close();
  }
}

interface Hindrance {
  begin: (pid: number) => void;
  end: (pid: number) => void;
}

const NO_DESCRIPTORS: Hindrance = {
  begin: (pid) => limit(pid, `--nofile=${readdirSync(`/proc/${pid}/fd`).length}:`),
  end: (pid) => limit(pid, '--nofile=1024:'),
};
/** The log has begun with more than this. */
const NO_FILE_SIZE: Hindrance = {
  begin: (pid) => limit(pid, '--fsize=1000:'),
  end: (pid) => limit(pid, '--fsize=unlimited:'),
};
const STOPPED: Hindrance = {
  begin: (pid) => process.kill(pid, 'SIGSTOP'),
  end: (pid) => tryKill(pid, 'SIGCONT'),
};

function limit(pid: number, option: string): void {
  const { status, stderr } = spawnSync('prlimit', ['--pid', String(pid), option]);
  if (status !== 0) throw new Error(stderr.toString());
}

/** Processor time used so far. */
function ticksOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const [user = '0', system = '0'] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13);
  return Number(user) + Number(system);
}

const processOf =
  (entry: string) =>
  (turret: number): number =>
    descendants(turret).findLast(({ command }) => new RegExp(`/${entry}/main\\.c?js$`).test(command))?.pid ??
    -1;
const brokerOf = processOf('broker');

export const HINDRANCE_FAULTS: Fault[] = [
  {
    id: 'no-descriptors',
    title: 'twenty-seven descriptors for everything, from the start',
    run: fromTheStart,
  },
  {
    id: 'no-descriptors-broker',
    title: 'the broker has no descriptor left for a while',
    run: () => inTheMiddle({ find: brokerOf, poor: 125, ...NO_DESCRIPTORS }, /^turret: error: .*broker/m),
  },
  {
    id: 'no-descriptors-supervisor',
    title: 'the supervisor has no descriptor left when a repeater is to be started',
    run: () =>
      inTheMiddle(
        { find: (turret) => turret, poor: 125, ...NO_DESCRIPTORS },
        /^turret: error: the repeater "echo" cannot be started: .*EMFILE/m,
      ),
  },
  {
    id: 'no-descriptors-repeater',
    title: 'a repeater has no descriptor left when it is to start a program',
    run: () =>
      inTheMiddle(
        { find: processOf('host'), call: PROGRAM, before: PROGRAM, poor: 125, rich: 7, ...NO_DESCRIPTORS },
        /^turret: error: "box.sh" could not be started$/m,
      ),
  },
  {
    id: 'no-file-size-broker',
    title: 'the log may not grow for a while (RLIMIT_FSIZE)',
    run: () =>
      inTheMiddle(
        { find: brokerOf, poor: 126, ...NO_FILE_SIZE },
        /^turret: error: the audit log cannot be written \(EFBIG\)$/m,
      ),
  },
  {
    id: 'repeater-stopped',
    title: 'a repeater is stopped for a while (SIGSTOP)',
    slow: true,
    run: () =>
      inTheMiddle(
        { find: processOf('echo'), before: SAY, poor: 125, ms: 60_000, ...STOPPED },
        /^turret: error: the repeater "echo" died$/m,
      ),
  },
  {
    id: 'broker-stopped',
    title: 'the broker is stopped for a while (SIGSTOP)',
    slow: true,
    run: () =>
      inTheMiddle({ find: brokerOf, poor: 125, ...STOPPED }, /^turret: error: .*broker.* does not answer$/m),
  },
];
