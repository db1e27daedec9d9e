// Two sides in turns, in one run: what the machine does meanwhile happens to both, and only their ratio is told.

import { setTimeout as sleep } from 'node:timers/promises';

export interface Sides {
  /** What is measured. @returns milliseconds, bytes, whatever both sides return */
  subject(): Promise<number>;
  /** What it is measured against. */
  reference(): Promise<number>;
  close(): Promise<void>;
}

export interface Sample {
  readonly subject: number;
  readonly reference: number;
  /** The reference once more: how far two equal things were apart in this round. */
  readonly again: number;
}

export interface Measured {
  readonly ratio: Spread;
  /** Of `again` to `reference`. */
  readonly noise: Spread;
  /** Why nothing can be said. */
  readonly unusable: string | undefined;
  readonly samples: readonly Sample[];
}

export interface Spread {
  readonly low: number;
  readonly median: number;
  readonly high: number;
}

const WARM_UP_ROUNDS = 2;
/** A machine on which the same thing differs by more from itself, at the median or in the middle half, says nothing. */
const MEDIAN_NOISE_MAX = 0.1;
const SPREAD_NOISE_MAX = 0.35;

export async function measure(sides: Sides, rounds: number): Promise<Measured> {
  const samples: Sample[] = [];
  for (let round = -WARM_UP_ROUNDS; round < rounds; round += 1) {
    const sample = { subject: 0, reference: 0, again: 0 };
    for (const side of shuffled(['subject', 'reference', 'again'] as const))
      // oxlint-disable-next-line no-await-in-loop -- one after the other is the point
      sample[side] = await (side === 'subject' ? sides.subject() : sides.reference());
    if (round >= 0) samples.push(sample);
  }
  return evaluate(samples);
}

/** Medians of the rounds' ratios, and the middle half of them. */
export function evaluate(samples: readonly Sample[]): Measured {
  const ratio = spreadOf(samples.map(({ subject, reference }) => subject / reference));
  const noise = spreadOf(samples.map(({ again, reference }) => again / reference));
  return { ratio, noise, unusable: whyUnusable(noise), samples };
}

function whyUnusable({ low, median, high }: Spread): string | undefined {
  if (Math.abs(median - 1) > MEDIAN_NOISE_MAX)
    return `the same thing twice differed by a factor of ${median.toFixed(2)}`;
  if (high - low > SPREAD_NOISE_MAX)
    return `the same thing twice was anything from ${low.toFixed(2)} to ${high.toFixed(2)} of itself`;
  return undefined;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((one, two) => one - two);
  const at = (share: number): number => sorted[Math.round((sorted.length - 1) * share)] ?? Number.NaN;
  return { low: at(0.25), median: at(0.5), high: at(0.75) };
}

function shuffled<T>(all: readonly T[]): T[] {
  return all
    .map((one) => ({ one, key: Math.random() }))
    .toSorted((a, b) => a.key - b.key)
    .map(({ one }) => one);
}

/** What has nothing to be compared with. */
export function absolute(subject: () => Promise<number>, close: () => Promise<void>): Sides {
  return { subject, reference: async () => 1, close };
}

/** Time for what a guarded call makes for the next one, a sandbox or a fork: not to be made in the time of the other side. */
const SETTLED_MS = 100;

/** Comes before either side of what is guarded. */
export const settled = (): Promise<void> => sleep(SETTLED_MS);

/** Milliseconds that something takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
}
