// docs/scoreboard.md: what was run, where, and what came of it. Written by the command only.

import { writeFileSync } from 'node:fs';
import path from 'node:path';

import { INSTALLED_AWS } from '../helpers/installed-aws.js';
import type { Graded } from './grade.js';
import { TRIED_LEVELS } from './levels.js';
import { countsOf, GRADES, notAsExpected, rowsOf } from './summary.js';
import type { Round, Score } from './run-all.js';

const FILE = path.resolve('docs/scoreboard.md');

const row = (cells: readonly (string | number)[]): string =>
  `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`;

/** Text of cases and programs: nothing of it is Markdown. */
const quoted = (text: string): string =>
  text.replaceAll(/[`<>*_\\|]/g, (character) => `&#${character.charCodeAt(0)};`).replaceAll(/\s+/g, ' ');

export function publish(score: Score): void {
  writeFileSync(FILE, `${documentOf(score).join('\n')}\n`);
}

/** Lines of the document. */
export function documentOf(score: Score): string[] {
  const { date, kernel, node, gh, rounds } = score;
  const present = rounds.filter(({ absent }) => absent === undefined);
  return [
    '# Scoreboard',
    '',
    'Written by `npm run attack`, never by hand. Every attack of the corpora in `test/vectors/corpus` goes the real way: a real `turret run`, the shim in the real sandbox, broker, repeater,',
    'the real CLI, and an AWS and a GitHub that verify every signature and token. The keys are canaries. It happens on a stage made of namespaces, where the hosts of the corpus',
    "(the attacker's, the metadata services of clouds) exist and the user's home has a canary in every place where people keep keys.",
    'The command runs every case at every level that the machine has; every further version of aws at the first of them, with the cases that aws is in. `check` runs every control and every case',
    'at `namespaced` with one aws (`test/e2e/attack.test.ts`), but of the command lines that are refused by their words one in three, and those that the resolvers decide without a process as unit tests.',
    '',
    `${date} UTC · Linux ${kernel} · Node ${node.slice(1)} · gh ${gh} · aws ${[...new Set(rounds.map(({ aws }) => aws))].join(', ')}`,
    '',
    '- **denied**: refused by Turret, or by the system where no tool of Turret was involved.',
    '- **ran**: it was to run (a harmless command in hostile surroundings, or one that must keep working), and nothing got out.',
    '- **contained**: it was to be refused, ran, and nothing got out.',
    "- **leaked**: any of these was broken: no secret in any spelling in the output, the files or the log; nothing at the attacker's; no file outside of the workspace changed; the next call answered within a second; the attempt in the log, escaped.",
    '- **over-blocked**: a command that must keep working did not.',
    '',
    ...overview(rounds),
    "What a level does not stop is in SECURITY.md: at `uid` the agent reaches Unix sockets that are open to every user of the machine, the attacker's too; `none` only makes the agent ask, and shows here",
    'what the other levels are for: one of its attacks cut the log, and `turret audit verify` says so.',
    '',
    ...corpora(present),
    ...present.flatMap(section),
    ...controls(present),
  ];
}

function overview(rounds: readonly Round[]): string[] {
  return [
    row(['isolation', 'aws', 'as', 'cases', ...GRADES, 'seconds', 'logs']),
    row(Array.from({ length: 6 + GRADES.length }, () => '---')),
    ...rounds.map((round) => {
      const { level, aws, user, absent, graded, logs } = round;
      if (absent !== undefined)
        return row([level, aws, user, `not here: ${quoted(absent)}`, ...GRADES.map(() => ''), '', '']);
      const verified = logs.filter((line) => line.startsWith('verified')).length;
      const counts = GRADES.map((wanted) => graded.filter(({ grade }) => grade === wanted).length);
      return row([
        level,
        aws,
        user,
        graded.length,
        ...counts,
        round.seconds,
        `${verified} of ${logs.length} verified`,
      ]);
    }),
    ...notRun(rounds),
    '',
  ];
}

/** What the command does when it is given no words, and these runs did not. */
function notRun(rounds: readonly Round[]): string[] {
  const rest = [...GRADES.map(() => ''), '', ''];
  const isRun = (key: 'level' | 'aws', wanted: string): boolean => rounds.some((one) => one[key] === wanted);
  return [
    ...TRIED_LEVELS.filter((level) => !isRun('level', level)).map((level) =>
      row([level, '', '', 'not run', ...rest]),
    ),
    ...INSTALLED_AWS.filter(({ version }) => !isRun('aws', version)).map(({ version }) =>
      row(['', version, '', 'not run', ...rest]),
    ),
  ];
}

/** Where the cases are from: somebody else's corpus, our own additions, and commands that must keep working. */
const corpusOf = ({ id, category }: Graded): string =>
  category === 'benign' ? 'benign.jsonl' : id.includes('-own-') ? 'attacks-own.jsonl' : 'attacks.jsonl';

function corpora([first]: readonly Round[]): string[] {
  if (first === undefined) return [];
  return [
    row([`corpus (${first.level}, aws ${first.aws})`, 'cases', ...GRADES]),
    row(Array.from({ length: 2 + GRADES.length }, () => '---')),
    ...[...new Set(first.graded.map(corpusOf))].map((corpus) => {
      const own = first.graded.filter((one) => corpusOf(one) === corpus);
      const counts = countsOf(own);
      return row([corpus, own.length, ...GRADES.map((wanted) => counts[wanted])]);
    }),
    '',
  ];
}

function section(round: Round): string[] {
  const { level, aws, broke, logs } = round;
  const open = notAsExpected(round);
  return [
    `## ${level}, aws ${aws}`,
    '',
    ...(broke === undefined ? [] : [`**Did not end:** ${quoted(broke)}`, '']),
    ...logs.filter((line) => line.startsWith('FAILED')).map((line) => `**${quoted(line)}**`),
    row(['category', 'cases', ...GRADES]),
    row(Array.from({ length: 2 + GRADES.length }, () => '---')),
    ...rowsOf(round).map(({ category, cases, counts, isVoid }) =>
      row([isVoid ? `${category} (void)` : category, cases, ...GRADES.map((wanted) => counts[wanted])]),
    ),
    '',
    ...(open.length === 0
      ? ['Everything as expected.', '']
      : [
          'Not as expected, with the reason:',
          '',
          ...open.map(({ id, grade, reasons }) => `- ${grade}: ${id}: ${quoted(reasons.join('; '))}`),
          '',
        ]),
  ];
}

function controls(rounds: readonly Round[]): string[] {
  const all = rounds.flatMap(({ aws, controls: own }) => own.map((one) => ({ aws, ...one })));
  return [
    '## Controls',
    '',
    'The same attack on tools that nobody guards, with the canary keys in their environment, has to be seen to work; a category whose control fails is void.',
    '',
    row(['category', 'case', 'aws', 'what has to be seen', 'seen']),
    row(['---', '---', '---', '---', '---']),
    ...all.map(({ category, id, aws, claim, result, note }) =>
      row([
        category,
        id,
        aws,
        claim,
        result === 'worked' ? 'yes' : `${result === 'failed' ? 'NO' : 'no control'}: ${quoted(note)}`,
      ]),
    ),
    '',
  ];
}
