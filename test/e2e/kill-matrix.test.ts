// kill -9 of every process of a session at every moment of a call. What must come of it is in test/faults/matrix.ts; npm run
// faults does all of it at every level, and keeps what it saw in docs/faults.md.

import { expect, test } from 'vitest';

import { inParallel } from '../faults/in-parallel.js';
import { differences, kill, wrongWith } from '../faults/kill.js';
import { rowsOf, rowsThatDiffer } from '../faults/matrix.js';

const ROWS = [...rowsOf('namespaced'), ...rowsThatDiffer()];
const observed = inParallel(4, ROWS, kill);

test.each(ROWS.map((row) => [row.isolation, row.victim, row.moment, row] as const))(
  'kill -9 with isolation %s of the %s while %s ends as documented, and nothing is left',
  async (_isolation, _victim, _moment, row) => {
    const seen = await observed.get(row);
    if (seen === undefined) throw new Error('it was not done');
    expect([...differences(row, seen), ...wrongWith(row, seen)]).toEqual([]);
  },
);
