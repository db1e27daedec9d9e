// Every fuzz target with its fixed budget and one seed, so that `check` says the same twice. FUZZ_SEED tries another one;
// `npm run fuzz` takes its seeds from the clock and goes on for as long as it is told.

import { afterAll, describe, expect, it } from 'vitest';

import { runBatch } from './run-target.js';
import { TARGETS } from './targets.js';

const SEED = Number(process.env['FUZZ_SEED'] ?? 20_260_117);

afterAll(async () => {
  for (const { close } of TARGETS) await close?.();
});

describe(`with seed ${SEED}`, () => {
  it.each(TARGETS.map((target) => [target.name, target.claim, target] as const))(
    '%s: %s',
    async (_name, _claim, target) => {
      const { cases, failure } = await runBatch(target, { numRuns: target.cases, seed: SEED });
      expect(failure).toBeUndefined();
      expect(cases).toBeGreaterThan(0);
      expect(target.taken?.() ?? 1).toBeGreaterThan(0);
    },
    30_000,
  );
});
