// Counts of a round, and the few lines of it for a terminal.

import type { Grade, Graded } from './grade.js';
import type { Round, Score } from './run-all.js';

export const GRADES: readonly Grade[] = ['denied', 'ran', 'contained', 'leaked', 'over-blocked'];

export interface Row {
  readonly category: string;
  readonly cases: number;
  readonly counts: Readonly<Record<Grade, number>>;
  /** Its control did not work: what the others say means nothing. */
  readonly isVoid: boolean;
}

export function rowsOf({ graded, controls }: Pick<Round, 'graded' | 'controls'>): Row[] {
  const categories = [...new Set(graded.map(({ category }) => category))];
  return categories.map((category) => {
    const own = graded.filter((one) => one.category === category);
    const isVoid = controls.some((one) => one.category === category && one.result === 'failed');
    return { category, cases: own.length, counts: countsOf(own), isVoid };
  });
}

export function countsOf(graded: readonly Graded[]): Record<Grade, number> {
  const count = (wanted: Grade): number => graded.filter(({ grade }) => grade === wanted).length;
  return Object.fromEntries(GRADES.map((wanted) => [wanted, count(wanted)])) as Record<Grade, number>;
}

/** What has to be looked at: everything that did not go as expected. */
export const notAsExpected = ({ graded }: Pick<Round, 'graded'>): Graded[] =>
  graded
    .filter(({ reasons }) => reasons.length > 0)
    .toSorted((one, two) => GRADES.indexOf(two.grade) - GRADES.indexOf(one.grade));

export function summaryLines({ rounds }: Score): string[] {
  return rounds.flatMap((round) => {
    const head = `${round.level}, aws ${round.aws}, as ${round.user}`;
    if (round.absent !== undefined) return [`${head}: not here: ${round.absent}`];
    const counts = countsOf(round.graded);
    return [
      `${head}: ${round.graded.length} cases in ${round.seconds} s: ${GRADES.map((grade) => `${counts[grade]} ${grade}`).join(', ')}`,
      ...(round.broke === undefined ? [] : [`  BROKE: ${round.broke}`]),
      ...notAsExpected(round).map(
        ({ id, grade, reasons }) =>
          `  ${grade.padEnd(12)} ${id.padEnd(20)} ${reasons.join('; ').slice(0, 200)}`,
      ),
      ...round.controls
        .filter(({ result }) => result !== 'worked')
        .map(({ category, id, result, note }) => `  control ${result}: ${category} ${id}: ${note}`),
      ...round.logs.filter((line) => line.startsWith('FAILED')).map((line) => `  ${line}`),
    ];
  });
}
