// The table for people. What got through is told, with the reason where one is known.

import { type Judged, closed, judge, voidControls } from './judge.js';
import type { Outcome } from './result.js';
import { LEVELS, type Level } from '../../src/isolation/levels.js';
import { ROWS } from './rows.js';

const HEAD = `# Escape tests

Written by \`npm run escape\`; do not edit. An agent that is a program of ours, run by the real \`turret run\`, tries to get at what a
user of this machine has. Each attempt is made in every way listed with it; a way counts only when it worked for the same user
outside of the sandbox (the control). **stopped**: none of them got through. Otherwise the number of ways that did.

The command fails when a control fails, or when something gets through that \`test/escape/rows.ts\` does not say does, and why.
\`root\` starts Turret as root, \`user\` as uid 54321, who is nobody there and owns its home; level \`uid\` needs root.
`;

/** @returns the document, and whether everything that got through was known to */
export function report(outcomes: readonly Outcome[], machine: string): { text: string; ok: boolean } {
  const judged = judge(outcomes);
  const invalid = voidControls(outcomes);
  const users = [...new Set(judged.map(({ user }) => user))];
  const columns = LEVELS.flatMap((level) => users.map((user) => ({ level, user }))).filter(
    ({ level, user }) => judged.some((one) => one.level === level && one.user === user),
  );
  const find = (row: number, level: Level, user: string): Judged | undefined =>
    judged.find((one) => one.row === row && one.level === level && one.user === user);
  const lines = ROWS.map(({ number, attempt }) => {
    const ways = Math.max(...columns.map(({ level, user }) => find(number, level, user)?.ways ?? 0));
    const cells = columns.map(({ level, user }) => cell(find(number, level, user)));
    return `| ${[number, attempt, ways, ...cells].join(' | ')} |`;
  });
  const heading = [
    '#',
    'an agent tries to',
    'ways',
    ...columns.map(({ level, user }) => `${level}, ${user}`),
  ];
  const table = [`| ${heading.join(' | ')} |`, `|${' --- |'.repeat(heading.length)}`, ...lines];
  const open = openings(judged);
  const unknown = judged.some(({ reached }) => reached.some(({ why }) => why === undefined));
  const parts = [
    HEAD,
    `Machine: ${machine}.\n`,
    `${table.join('\n')}\n`,
    `## What is not stopped\n\n${open.join('\n')}\n`,
    `## The ways\n\n${waysOf(outcomes).join('\n')}\n`,
    ...section('Levels that this machine has not', absent(outcomes)),
    ...section('Said to be open, and stopped here', closed(judged)),
    ...section('Void: not reached outside either', invalid),
  ];
  return { text: parts.join('\n'), ok: !unknown && invalid.length === 0 };
}

function section(title: string, lines: string[]): string[] {
  return lines.length === 0 ? [] : [`## ${title}\n\n${lines.map((one) => `- ${one}`).join('\n')}\n`];
}

function absent(outcomes: readonly Outcome[]): string[] {
  return outcomes.flatMap((one) =>
    one.absent === undefined ? [] : [`\`${one.level}\`, ${one.user}: ${one.absent}`],
  );
}

function cell(judged: Judged | undefined): string {
  if (judged === undefined || judged.ways === 0) return 'not tried';
  return judged.reached.length === 0 ? 'stopped' : `**${judged.reached.length} of ${judged.ways}**`;
}

// One line for each level, row and reason, with the ways, and the users when it holds for some only.
function openings(judged: readonly Judged[]): string[] {
  const usersAt = (level: Level): string[] => [
    ...new Set(judged.filter((one) => one.level === level).map(({ user }) => user)),
  ];
  const found = new Map<string, { ways: Set<string>; users: Set<string>; all: number }>();
  for (const { row, level, user, reached } of judged) {
    for (const { way, why = '**a hole that is not known**' } of reached) {
      if (level === 'none') continue;
      const key = `${row}, \`${level}\`: ${why}`;
      const one = found.get(key) ?? { ways: new Set(), users: new Set(), all: usersAt(level).length };
      found.set(key, { ...one, ways: one.ways.add(way), users: one.users.add(user) });
    }
  }
  const lines = [...found].map(([key, one]) => {
    const whose = one.users.size === one.all ? '' : ` As ${[...one.users].join(', ')} only.`;
    return `- ${key} (${[...one.ways].join('; ')}).${whose}`;
  });
  const inOrder = lines.sort(
    (one, other) => Number.parseInt(one.slice(2), 10) - Number.parseInt(other.slice(2), 10),
  );
  return [...inOrder, '- `none`: there is no sandbox, an agent can do what the same user can do outside.'];
}

function waysOf(outcomes: readonly Outcome[]): string[] {
  const ways = new Map<number, Set<string>>();
  for (const { tries } of outcomes)
    for (const one of tries) ways.set(one.row, (ways.get(one.row) ?? new Set()).add(one.try));
  return [...ways].sort(([a], [b]) => a - b).map(([row, names]) => `${row}. ${[...names].join('; ')}`);
}
