import { expect, it } from 'vitest';
import type { Figure } from '../../bench/figure.js';
import { FIGURES } from '../../bench/figures.js';
import { evaluate } from '../../bench/measure.js';
import { type Result, documentOf, isReached, lineOf } from '../../bench/report.js';

const figure: Figure = { name: 'G0', title: 'one / other', goal: 2, open: { absent: 'a sample' } };

function resultOf(changes: Partial<Figure>, subject: number, again = 1): Result {
  return {
    figure: { ...figure, ...changes },
    measured: evaluate([{ subject, reference: 1, again }]),
  };
}

it('has a row for every figure of the plan', () => {
  const plan = [
    'G1',
    'G2-aws',
    'G2-gh',
    'G3',
    'G4',
    'G5-node',
    'G5-srt',
    'G5-varlock',
    'G6-10',
    'G6-100',
  ].concat(
    ['G6-p99-10', 'G6-p99-100', 'G7-256', 'G7-1024', 'G7-handoff', 'G7-memory', 'G8-append', 'G8-verify'],
    ['G9-aws', 'G9-gh', 'G9-idle', 'G10-help', 'G10-audit', 'G11', 'G12', 'G13', 'G13-memory'],
  );
  const names = FIGURES.map(({ name }) => name);
  expect(plan.filter((name) => !names.includes(name))).toEqual([]);
  expect(new Set(names).size).toBe(names.length);
});

it.each([
  [{}, 2, true],
  [{}, 2.1, false],
  [{ better: 'more' }, 2, true],
  [{ better: 'more' }, 1.9, false],
] as const)('knows on which side of its goal a figure is to be: %o of %d', (changes, value, reached) => {
  expect(isReached(resultOf(changes, value))).toBe(reached);
});

it('does not count what was too noisy as reached', () => {
  const noisy = resultOf({}, 1, 3);
  expect(isReached(noisy)).toBe(false);
  expect(lineOf(noisy)).toContain('no figure: the same thing twice differed by a factor of 3.00');
});

it('explains the figures that miss their goal, and only those', () => {
  const text = documentOf([
    resultOf({ name: 'G98', why: 'it is slow' }, 3),
    resultOf({ name: 'G99', why: 'it was slow', unit: 'ms' }, 1),
  ]);
  expect(text).toContain('| G98 | one / other | 3.00 | 3.00–3.00 | 1.00–1.00 | ≤ 2 |  | missed |');
  expect(text).toContain('| G99 | one / other | 1.00 ms | 1.00–1.00 |  | ≤ 2 ms |  | reached |');
  expect(text).toContain('**G98.** it is slow');
  expect(text).not.toContain('it was slow');
});

it('keeps a row in its columns, whatever a title has in it', () => {
  expect(documentOf([resultOf({ title: 'a `b | c`' }, 1)])).toContain('| G0 | a `b \\| c` | 1.00 |');
});
