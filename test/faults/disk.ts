// A state directory without room, or that cannot be written. Nothing runs that cannot be recorded.

import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { World } from '../helpers/turret-world.js';
import { type Fault, type Outcome, type Seen, play } from './fault.js';

const CALL = 'turret call echo.say text=hi';
const SMALL_BYTES = 400_000;
const UNRECORDED = 'nothing runs that cannot be recorded';

/** Where the state directory is a file system of so many bytes. The agent fills it: without isolation it can. */
function onSmallDisk(bytes: number): { world: World; around: string[]; options: string[] } {
  const world = new World();
  mkdirSync(world.state, { recursive: true });
  const around = [
    '/usr/bin/bwrap',
    '--dev-bind',
    '/',
    '/',
    '--size',
    String(bytes),
    '--tmpfs',
    world.state,
    '--',
  ];
  return { world, around, options: ['--isolation=none'] };
}

const full = (world: World): string => `cat /dev/zero >'${world.state}/fill' 2>/dev/null`;

async function beforeTheStart(): Promise<Outcome> {
  const { world, around } = onSmallDisk(4_096);
  return play(world, { around, script: 'step ran true; : >ran', log: 'none' }, (seen) =>
    nothingRan(seen, 'ENOSPC'),
  );
}

async function inTheMiddle(): Promise<Outcome> {
  const { world, around, options } = onSmallDisk(SMALL_BYTES);
  // What is left of the last page takes a few records more.
  const script = `step before ${CALL}; ${full(world)}; while ${CALL} >/dev/null 2>&1; do :; done
step full ${CALL}; rm '${world.state}/fill'; step room ${CALL}`;
  return play(
    world,
    { around, options, script, log: 'inside', codes: { before: 0, full: 126, room: 0 } },
    ({ ran }) => ({
      'it is said why': ran.stderr.includes('turret: error: the audit log cannot be written (ENOSPC)'),
      'and what to do': ran.stderr.includes(UNRECORDED),
    }),
  );
}

async function atTheEnd(): Promise<Outcome> {
  const { world, around, options } = onSmallDisk(SMALL_BYTES);
  const script = `step before ${CALL}; ${full(world)}; cat /dev/zero >'${world.state}/rest' 2>/dev/null; exit 7`;
  return play(world, { around, options, script, log: 'inside', codes: { before: 0 } }, ({ ran }) => ({
    'it ends as the agent has ended': ran.code === 7,
    'it is said what could not be written': /turret: error: .*\(ENOSPC\)/.test(ran.stderr),
  }));
}

async function readOnly(): Promise<Outcome> {
  const world = new World();
  mkdirSync(world.state, { recursive: true });
  const around = ['/usr/bin/bwrap', '--dev-bind', '/', '/', '--ro-bind', world.home, world.home, '--'];
  return play(world, { around, script: 'step ran true; : >ran', log: 'none' }, (seen) =>
    nothingRan(seen, 'EROFS'),
  );
}

function nothingRan({ ran, steps, world }: Seen, why: string): Record<string, boolean> {
  return {
    'nothing ran': steps['ran'] === undefined && !existsSync(join(world.workspace, 'ran')),
    'turret run ends with 125': ran.code === 125,
    'it is said why': ran.stderr.includes('turret: error: ') && ran.stderr.includes(why),
    'and what to do': ran.stderr.includes(UNRECORDED),
    'no runtime directory is left': world.runtimeSessions().length === 0,
  };
}

export const DISK_FAULTS: Fault[] = [
  { id: 'disk-full-before', title: 'the disk is full before the start', run: beforeTheStart },
  { id: 'disk-full', title: 'the disk is full in the middle, then there is room again', run: inTheMiddle },
  { id: 'disk-full-at-the-end', title: 'the disk is full when the session ends', run: atTheEnd },
  { id: 'read-only', title: 'the state directory is read-only', run: readOnly },
];
