// One process of a long run: its targets in turn, each in slices of about two seconds, until the time is over.

import { runBatch } from './run-target.js';
import type { FuzzTarget } from './target.js';

export interface Work {
  names: string[];
  /** Epoch milliseconds. */
  until: number;
  seed: number;
  /** Only the case at this path of the seed. */
  path?: string;
}
export interface Report {
  name: string;
  cases: number;
  /** Of all cases so far, those the parser took. */
  taken: number | undefined;
  ms: number;
  failure: string | undefined;
}

const SLICE_MS = 2_000;
/** Of a slice on a machine that has become slow, and of the search for a smaller counterexample. */
const BATCH_MS_MAX = 120_000;
const RUNS_MAX = 200_000;

export function isWork(value: unknown): value is Work {
  return typeof value === 'object' && value !== null && 'names' in value && 'until' in value;
}

/** Runs until the time is over; a target that failed is not run again. */
export async function runWork(
  { names, until, seed, path }: Work,
  targets: readonly FuzzTarget[],
  report: (report: Report) => void,
): Promise<void> {
  let left = targets.filter(({ name }) => names.includes(name));
  const used = left;
  const runs = new Map(left.map(({ name, cases }) => [name, cases]));
  let turn = 0;
  while (left.length > 0 && Date.now() < until) {
    for (const target of left) {
      for (let slice = 0; slice < (target.share ?? 1) && Date.now() < until; slice += 1) {
        const started = Date.now();
        const numRuns = runs.get(target.name) ?? target.cases;
        const batch = await runBatch(target, {
          numRuns,
          seed: (seed + turn) | 0,
          msMax: BATCH_MS_MAX,
          ...(path === undefined ? {} : { path }),
        });
        turn += 1;
        const ms = Math.max(1, Date.now() - started);
        runs.set(target.name, Math.round(Math.min(RUNS_MAX, Math.max(10, (numRuns * SLICE_MS) / ms))));
        report({ name: target.name, ms, ...batch, taken: target.taken?.() });
        if (batch.failure !== undefined || path !== undefined) {
          left = left.filter((other) => other !== target);
          break;
        }
      }
    }
  }
  for (const { close } of used) await close?.();
}
