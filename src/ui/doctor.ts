// The table of `turret doctor`, and its progress line.

import type { Check, CheckGroup, CheckLevel } from '../setup/check.js';
import type { Diagnosis } from '../setup/doctor.js';
import type { Colors } from './colors.js';
import { visible } from './visible.js';

const GROUPS: Record<CheckGroup, string> = {
  session: 'can a session start',
  isolation: 'isolation',
  attempts: 'escape attempts, run in the sandbox',
  tools: 'real programs',
  credentials: 'credentials',
  records: 'records',
};
const MARKS: Record<CheckLevel, string> = { ok: '+', info: ' ', warn: '!', bad: 'x' };

/** What, state, why and fix, group by group; then one line that sums up. */
export function doctorLines({ ok, checks }: Diagnosis, colors: Colors): string[] {
  const width = (pick: (check: Check) => string): number =>
    Math.max(...checks.map((check) => visible(pick(check)).length));
  const columns = {
    what: Math.min(
      width(({ what }) => what),
      40,
    ),
    state: width(({ state }) => state),
  };
  const groups = (Object.keys(GROUPS) as CheckGroup[]).filter((group) =>
    checks.some((check) => check.group === group),
  );
  const lines = groups.flatMap((group) => [
    colors.bold(GROUPS[group]),
    ...checks.filter((check) => check.group === group).flatMap((check) => checkLines(check, columns, colors)),
    '',
  ]);
  return [...lines, sum({ ok, checks }, colors)];
}

function checkLines(
  { what, state, level, why, fix }: Check,
  columns: { what: number; state: number },
  colors: Colors,
): string[] {
  const paint = { ok: colors.green, info: (text: string) => text, warn: colors.yellow, bad: colors.red }[
    level
  ];
  const head = `${MARKS[level]} ${visible(what).padEnd(columns.what)}  ${visible(state).padEnd(columns.state)}`;
  const indent = ' '.repeat(columns.what + columns.state + 6);
  return [`${paint(head)}  ${visible(why)}`, ...(fix === undefined ? [] : [`${indent}fix: ${visible(fix)}`])];
}

function sum({ ok, checks }: Diagnosis, colors: Colors): string {
  const count = (level: CheckLevel): number => checks.filter((check) => check.level === level).length;
  const counts = `${count('ok')} ok, ${count('warn')} to know, ${count('bad')} wrong`;
  return ok
    ? colors.green(`a session can start here; ${counts}`)
    : colors.red(`no session can start here; ${counts}`);
}

/** Shows what is being looked at, on a terminal only; `done` takes it away. */
export function progressLine(
  stream: NodeJS.WriteStream,
  { TERM: terminal }: NodeJS.ProcessEnv,
): { show: (what: string) => void; done: () => void } {
  if (!stream.isTTY || terminal === 'dumb') return { show: () => {}, done: () => {} };
  return {
    show: (what) => stream.write(`\r\u001b[Kturret: looking at ${what} …`),
    done: () => stream.write('\r\u001b[K'),
  };
}
