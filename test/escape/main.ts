// Every attempt, as every user there is, at every level. One JSON document on stdout.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { arch, release } from 'node:os';

import { landlockAbi } from '../../src/isolation/landlock.js';
import { findBubblewrap } from '../../src/isolation/probe.js';
import { loadLibc } from '../../src/platform/libc.js';
import { readableCopy } from '../helpers/readable-copy.js';
import { TURRET } from '../helpers/turret-world.js';
import { Host, type User } from './host.js';
import type { Outcome, Try } from './result.js';
import { type Level, LEVELS, missingSystem } from '../../src/isolation/levels.js';
import { attempt, control } from './session.js';
import { typing } from './typing.js';
import { unavailable } from './unavailable.js';

/** A user id that is nobody's here. */
const UNUSED_UID = 54_321;
/** Of the user that the configuration names for level `uid`. */
const NOBODY_UID = 65_534;

export { report } from './report.js';

/** What the attempts were held by, in versions. */
export function machine(): string {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  const bwrap = findBubblewrap();
  const bubblewrap =
    bwrap === undefined
      ? 'no bubblewrap'
      : execFileSync(bwrap, ['--version'], { encoding: 'utf8', env: {} }).trim();
  const loaded = loadLibc();
  const landlock = 'libc' in loaded ? `Landlock ABI ${landlockAbi(loaded.libc)}` : loaded.problem;
  return `turret ${version}, Node ${process.version}, ${bubblewrap}, Linux ${release()}, ${arch()}, ${landlock}`;
}

/** Whoever is root can also be somebody else. */
export const USERS = ['root', 'user'] as const;

/** As one of USERS; all levels when none is named. @returns what came of everything that was tried; the caller judges it */
export async function main(name: (typeof USERS)[number], levels: readonly string[]): Promise<Outcome[]> {
  if (name === 'root') return await asUser({ name, uid: undefined, turret: TURRET }, levels);
  const copy = readableCopy();
  try {
    return await asUser({ name, uid: UNUSED_UID, turret: copy.turret }, levels);
  } finally {
    copy.remove();
  }
}

/** Only root can make the agent another user. */
function levelsOf({ name }: User): Level[] {
  return LEVELS.filter(
    (level) => missingSystem(level, process.platform) === undefined && (level !== 'uid' || name === 'root'),
  );
}

async function asUser(user: User, levels: readonly string[]): Promise<Outcome[]> {
  const host = new Host(user);
  try {
    await host.open();
    const outside = await control(host);
    const unguarded = await unavailable(host, 'none');
    outside.tries.push(...(await typing(host)), ...unguarded);
    const outcomes = [outside];
    const unavailableAt = async (level: Level): Promise<Try[]> => {
      if (level === 'none') return unguarded;
      return level === 'strict' || level === 'namespaced' ? await unavailable(host, level) : [];
    };
    for (const level of levelsOf(user).filter((one) => levels.length === 0 || levels.includes(one))) {
      if (level === 'uid') host.giveWorkspaceTo(NOBODY_UID);
      const outcome = await attempt(host, level);
      outcomes.push(outcome);
      if (outcome.absent !== undefined) continue;
      outcome.tries.push(...(await typing(host, level)));
      outcome.tries.push(...(await unavailableAt(level)));
    }
    return outcomes;
  } finally {
    host.close();
  }
}
