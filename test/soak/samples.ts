// What a session's processes hold, every few seconds, as /proc tells it.

import { readFileSync, readdirSync } from 'node:fs';

import { quantile, robustSlope } from './statistics.js';
import type { Squad } from './squad.js';

export interface Sample {
  second: number;
  brokerKb: number;
  brokerFds: number;
  supervisorFds: number;
  processes: number;
}

/** Of one squad's session; none while it begins or ends. */
export function sampleOf(squad: Squad, second: number): Sample | undefined {
  const all = squad.look();
  const broker = all.find(({ command }) => command.endsWith('/broker/main.cjs'));
  const [supervisor] = all;
  if (broker === undefined || supervisor === undefined) return undefined;
  try {
    const status = readFileSync(`/proc/${broker.pid}/status`, 'latin1');
    return {
      second,
      brokerKb: Number(/VmRSS:\s*(\d+)/.exec(status)?.[1]),
      brokerFds: readdirSync(`/proc/${broker.pid}/fd`).length,
      supervisorFds: readdirSync(`/proc/${supervisor.pid}/fd`).length,
      processes: all.length,
    };
  } catch {
    // It has just ended.
    return undefined;
  }
}

/** The beginning, in which code is compiled and pools are filled, is left out. */
const WARM_UP = 0.2;
/** Most that the last third may be above the first. */
const RATIO_MAX = 1.15;
/** Most that the line through all samples may rise from its first to its last, as a part of the median. */
const RISE_MAX = 0.1;
/** More than this in the last third than in the first is a leak. */
const MORE_MAX = { brokerFds: 4, supervisorFds: 4, processes: 8 };
const SAMPLES_MIN = 20;

/** A trend of fewer says nothing. */
export function areEnough(samples: readonly Sample[]): boolean {
  return samples.length >= SAMPLES_MIN;
}

export interface Trend {
  first: number;
  last: number;
  /** Per minute. */
  slope: number;
  isFlat: boolean;
}

/** Of the broker's memory, in kB. */
export function memoryTrend(samples: readonly Sample[]): Trend {
  const { first, last, warm } = thirds(samples, 'brokerKb');
  const minutes = ((warm.at(-1)?.second ?? 0) - (warm[0]?.second ?? 0)) / 60;
  const slope = robustSlope(warm.map(({ second, brokerKb }) => [second / 60, brokerKb] as const));
  const rise =
    (slope * minutes) /
    quantile(
      warm.map(({ brokerKb }) => brokerKb),
      0.5,
    );
  const isFlat = last / first <= RATIO_MAX && rise <= RISE_MAX;
  return { first, last, slope, isFlat };
}

/** Of a number of things that come and go: descriptors, processes. */
export function countTrend(samples: readonly Sample[], of: keyof typeof MORE_MAX): Omit<Trend, 'slope'> {
  const { first, last } = thirds(samples, of);
  return { first, last, isFlat: last - first <= MORE_MAX[of] };
}

/** Medians. */
function thirds(
  samples: readonly Sample[],
  of: keyof Sample,
): { first: number; last: number; warm: Sample[] } {
  const warm = samples.slice(Math.floor(samples.length * WARM_UP));
  const size = Math.ceil(warm.length / 3);
  const middle = (some: readonly Sample[]): number =>
    quantile(
      some.map((sample) => sample[of]),
      0.5,
    );
  return { first: middle(warm.slice(0, size)), last: middle(warm.slice(-size)), warm };
}
