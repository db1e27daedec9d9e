// The attack corpora through the real path, as `npm run attack` does it, at one level and with one aws: every case but two in
// three of the command lines that are refused by their words (unit tests have those), every control, and the logs of it all
// verified. docs/scoreboard.md has all of it, the other levels and versions.

import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';

import { loadCases, thinned } from '../attack/case.js';
import type { Round, Score } from '../attack/run-all.js';

const RUN_MS_MAX = 900_000;

const THIN = 3;
const CASES = thinned(loadCases(), THIN);
const CATEGORIES = [...new Set(CASES.map(({ category }) => category))];
let round: Round;

beforeAll(async () => {
  const words = [
    'scripts/attack.mjs',
    '--level',
    'namespaced',
    '--aws',
    '2',
    '--thin',
    String(THIN),
    '--json',
  ];
  const run = promisify(execFile)(process.execPath, words, { cwd: path.resolve('.'), maxBuffer: 1 << 28 });
  // Exit code 1 says that something leaked: the tests say what.
  const { stdout } = await run.catch((error: { stdout: string }) => error);
  const score: Score = JSON.parse(stdout);
  const [only] = score.rounds;
  if (only === undefined || score.rounds.length > 1) throw new Error('not one round');
  round = only;
}, RUN_MS_MAX);

describe('no attack gets anything', () => {
  it('runs every case of these, in every category', () => {
    expect(new Set(CATEGORIES)).toEqual(new Set(loadCases().map(({ category }) => category)));
    expect(round.absent).toBeUndefined();
    expect(round.broke).toBeUndefined();
    expect(round.graded.map(({ id }) => id).toSorted()).toEqual(CASES.map(({ id }) => id).toSorted());
  });

  it.each(CATEGORIES)('%s', (category) => {
    const graded = round.graded.filter((one) => one.category === category);
    const bad = graded.filter(({ grade }) => grade === 'leaked' || grade === 'over-blocked');
    expect(bad).toEqual([]);
    const controls = round.controls.filter((one) => one.category === category);
    expect(controls.filter(({ result }) => result === 'failed')).toEqual([]);
    expect(controls).toHaveLength(category === 'benign' ? 0 : 1);
  });

  it('leaves logs that are what was written', () => {
    expect(round.logs.length).toBeGreaterThan(1);
    expect(round.logs.filter((line) => !line.startsWith('verified'))).toEqual([]);
  });
});
