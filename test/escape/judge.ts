// Holds what was tried against its control and against what is known.

import type { Outcome, Try } from './result.js';
import type { Level } from '../../src/isolation/levels.js';
import { OPENINGS } from './rows.js';

/** What the control says when this kernel has no such thing, so that there is nothing to stop. */
const ABSENT = /^(Protocol not supported|Input\/output error|Operation not supported)$/;
/** Ways whose control is the level without a sandbox: they need a session. */
const NEEDS_A_SESSION = 18;

export interface Judged {
  row: number;
  user: string;
  level: Level;
  /** How many ways were tried that did get through outside. */
  ways: number;
  reached: { way: string; why: string | undefined }[];
}

const sameWay = (one: Try) => (other: Try) => one.row === other.row && one.try === other.try;

/** Open without a sandbox: there the token is all that counts. */
const THEFT = 'from outside, while the session runs';

/** Ways that nobody could have gone here, so that "stopped" would mean nothing. The run is void. */
export function voidControls(outcomes: readonly Outcome[]): string[] {
  return outcomes.flatMap((control) => {
    if (control.level === 'none')
      return control.tries.some((one) => one.try === THEFT && one.reached)
        ? []
        : [`18 ${THEFT}, as ${control.user}`];
    if (control.level !== 'outside') return [];
    return control.tries
      .filter(({ reached, said }) => !reached && !ABSENT.test(said))
      .map((one) => `${one.row} ${one.try}, as ${control.user}: ${one.said || 'nothing there'}`);
  });
}

/** One user's outcomes at one level, row by row. Only ways that the control went. */
export function judge(outcomes: readonly Outcome[]): Judged[] {
  return outcomes.flatMap(({ user, level, tries }) => {
    if (level === 'outside') return [];
    const control = outcomes.find((other) => other.user === user && other.level === 'outside')?.tries ?? [];
    const rows = [...new Set(tries.map(({ row }) => row))].sort((a, b) => a - b);
    return rows.map((row) => {
      const ways = tries.filter(
        (one) =>
          one.row === row && (row === NEEDS_A_SESSION || control.some((c) => sameWay(one)(c) && c.reached)),
      );
      const reached = ways.filter((one) => one.reached);
      return {
        row,
        user,
        level,
        ways: ways.length,
        reached: reached.map((one) => ({ way: one.try, why: whyOpen(row, level, user, one.try) })),
      };
    });
  });
}

function whyOpen(row: number, level: Level, user: string, way: string): string | undefined {
  return OPENINGS.find(
    (known) =>
      known.row === row &&
      known.level === level &&
      known.ways.test(way) &&
      (known.users?.includes(user) ?? true),
  )?.why;
}

/** Openings that nothing went through at a level that was tried: a machine that stops more, or a line to be taken off the list. */
export function closed(judged: readonly Judged[]): string[] {
  return OPENINGS.filter(
    ({ row, level, ways }) =>
      level !== 'none' &&
      judged.some((one) => one.level === level) &&
      !judged.some(
        (one) => one.row === row && one.level === level && one.reached.some(({ way }) => ways.test(way)),
      ),
  ).map(({ row, level, ways }) => `${level}, ${row}, ${String(ways)}`);
}
