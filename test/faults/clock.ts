// A clock that is set while a session runs. A machine's own clock is everybody's, so the session's processes read theirs
// through a library that adds what a file says; the file is changed between two calls.

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { FAKE_AWS_KEY, startFakeAws } from '../fakes/aws.js';
import { World } from '../helpers/turret-world.js';
import { type Fault, type Outcome, type Seen, play } from './fault.js';

const YEAR_S = 31_557_600;
const HOUR_S = 3_600;
/** What the kernel and the processes agree on to less than this. */
const NEAR_MS = 60_000;

const CALL = 'turret call echo.say text=hi';

/** Around `turret run`: every process below reads the clock through the library. */
function shiftable(world: World): string[] {
  const library = join(world.root, 'clock-shift.so');
  const preload = join(world.root, 'ld.so.preload');
  const file = join(world.root, 'shift');
  execFileSync('cc', [
    '-shared',
    '-fPIC',
    '-o',
    library,
    resolve('test/fixtures/faults/clock-shift.c'),
    '-ldl',
  ]);
  writeFileSync(preload, `${library}\n`);
  writeFileSync(file, '0');
  const binds = [
    [preload, '/etc/ld.so.preload'],
    [file, '/etc/clock-shift'],
  ].flatMap(([from = '', to = '']) => ['--bind', from, to]);
  return ['/usr/bin/bwrap', '--dev-bind', '/', '/', '--dir', '/etc', ...binds, '--'];
}

/** Sets the clock, makes a call and says what the clock is for it. */
const stepAt = (name: string, seconds: number, call = CALL): string =>
  `printf %s ${seconds} >/etc/clock-shift; step ${name} ${call}`;

async function jumps(): Promise<Outcome> {
  const world = new World();
  const script = [
    stepAt('before', 0),
    stepAt('forward', 10 * YEAR_S),
    stepAt('back', -20 * YEAR_S),
    stepAt('again', 0),
  ].join('\n');
  return play(
    world,
    {
      around: shiftable(world),
      options: ['--isolation=none'],
      script,
      codes: { before: 0, forward: 0, back: 0, again: 0 },
    },
    ({ after: { log } }) => ({
      'the clock has jumped': jumpsOf(log).join() === [0, 10, -20, 0].join(),
      'what the log counts by itself only grows': log.every(
        ({ mono_us: us }, index) => us >= (log[index - 1]?.mono_us ?? 0),
      ),
    }),
  );
}

/** Years off, of each call. */
function jumpsOf(log: Seen['after']['log']): number[] {
  const decided = log.filter(({ type }) => type === 'call.decided');
  return decided.map(({ ts }) => {
    const years = (Date.parse(ts) - Date.now()) / 1_000 / YEAR_S;
    return Math.abs(years - Math.round(years)) * YEAR_S * 1_000 < NEAR_MS
      ? Math.round(years) + 0
      : Number.NaN;
  });
}

/** The real CLI, its certificates and signatures: the clock was wrong by weeks when the session began, and is set right. */
async function setRight(): Promise<Outcome> {
  const aws = await startFakeAws();
  // The clock of a machine is everybody's, that of the library only theirs who see it: the CLI is not shut in.
  const world = new World(`version: 1
extends: []
repeaters: { aws: { region: us-east-1, credentials: env, endpoint: "${aws.url}", cli: /usr/bin/aws, sandbox: off } }
rules: [{ id: all, allow: ["aws.**"] }]
`);
  world.env = {
    ...world.env,
    AWS_ACCESS_KEY_ID: FAKE_AWS_KEY.accessKeyId,
    AWS_SECRET_ACCESS_KEY: FAKE_AWS_KEY.secretAccessKey,
  };
  const list = 'aws s3api list-buckets';
  const script = [stepAt('wrong', -30 * 24 * HOUR_S, list), stepAt('right', 0, list)].join('\n');
  try {
    // AWS itself refuses a signature of last month; what it says reaches the agent.
    return await play(
      world,
      { around: shiftable(world), options: ['--isolation=none'], script, codes: { wrong: 254, right: 0 } },
      ({ ran }) => ({ 'it is AWS that says so': /RequestTimeTooSkewed/.test(ran.stderr) }),
    );
  } finally {
    await aws.close();
  }
}

export const CLOCK_FAULTS: Fault[] = [
  {
    id: 'clock-jumps',
    title: 'the clock is set ten years forward, then thirty back, then right',
    slow: true,
    run: jumps,
  },
  {
    id: 'clock-set-right',
    title: 'the clock is wrong by a month when the first `aws` runs, then set right',
    slow: true,
    run: setRight,
  },
];
