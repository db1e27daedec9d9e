// Everything that can go wrong around a session but a kill (kill-matrix.test.ts). What is done and what must be true then
// is in test/faults; npm run faults does the slow ones, too, and keeps what it saw in docs/faults.md.

import { expect, test } from 'vitest';

import { FAULTS } from '../faults/faults.js';
import { inParallel } from '../faults/in-parallel.js';

const QUICK = FAULTS.filter(({ slow }) => slow === undefined);
const outcomes = inParallel(3, QUICK, (fault) => fault.run());

test.each(QUICK.map((fault) => [fault.title, fault] as const))('%s', async (_title, fault) => {
  const outcome = await outcomes.get(fault);
  expect(outcome).toMatchObject({ wrong: [] });
});
