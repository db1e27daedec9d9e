// A few cases of what `npm run fuzz -- --only differential` does for as long as it is told: the real CLIs' own parsers against
// what we resolved.

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import { DIFFERENTIAL_AWS } from '../fuzz/differential/aws.js';
import { DIFFERENTIAL_GH } from '../fuzz/differential/gh.js';
import { runBatch } from '../fuzz/run-target.js';

const SEED = Number(process.env['FUZZ_SEED'] ?? 20_260_117);
const TARGETS = [...DIFFERENTIAL_AWS, ...DIFFERENTIAL_GH];

describe(`with seed ${SEED}`, () => {
  afterAll(async () => {
    for (const { close } of TARGETS) await close?.();
  });

  it.each(TARGETS.map((target) => [target.name, target.claim, target] as const))(
    '%s: %s',
    async (_name, _claim, target) => {
      const { failure } = await runBatch(target, { numRuns: target.cases, seed: SEED });
      expect(failure).toBeUndefined();
      expect(target.taken?.()).toBeGreaterThan(4);
    },
    120_000,
  );
});

it('npm run fuzz knows all of them, from the one file it makes of itself', () => {
  const script = join(import.meta.dirname, '../../scripts/fuzz.mjs');
  const listed = execFileSync(process.execPath, [script, '--list'], { encoding: 'utf8' });
  for (const { name, claim } of TARGETS) expect(listed).toContain(`${name}: ${claim}`);
});
