import { expect, it } from 'vitest';
import { type Sample, absolute, evaluate, measure } from '../../bench/measure.js';

const samples = (...rounds: readonly (readonly [number, number, number])[]): Sample[] =>
  rounds.map(([subject, reference, again]) => ({ subject, reference, again }));

it('tells the median of the ratios of each round, not the ratio of medians', () => {
  const { ratio, unusable } = evaluate(samples([1, 2, 2], [30, 10, 10], [8, 4, 4]));
  expect(ratio.median).toBe(2);
  expect(unusable).toBeUndefined();
});

it('says nothing when the reference differs from itself', () => {
  const slower = evaluate(samples([1, 10, 12], [1, 10, 12], [1, 10, 12]));
  expect(slower.unusable).toBe('the same thing twice differed by a factor of 1.20');
  const wild = evaluate(samples([1, 10, 7], [1, 10, 8], [1, 10, 10], [1, 10, 13], [1, 10, 13]));
  expect(wild.unusable).toBe('the same thing twice was anything from 0.80 to 1.30 of itself');
});

it('asks both sides as often, the reference twice, and drops the first rounds', async () => {
  const asked = { subject: 0, reference: 0 };
  const { samples: kept } = await measure(
    {
      subject: async () => (asked.subject += 1),
      reference: async () => (asked.reference += 1),
      close: async () => {},
    },
    3,
  );
  expect(asked).toEqual({ subject: 5, reference: 10 });
  expect(kept).toHaveLength(3);
});

it('takes a side without another for what it is', async () => {
  const sides = absolute(
    async () => 7,
    async () => {},
  );
  expect((await measure(sides, 2)).ratio).toEqual({ low: 7, median: 7, high: 7 });
});
