// What works without Turret works with it, and nobody can tell from the output: every command of the corpus that must
// work, and many more, on both sides of the comparison. `scripts/fidelity.mjs` prints the same as a table.

import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { FidelityCase } from '../fidelity/case.js';
import { closeSides, compare, report, type Sides } from '../fidelity/compare.js';
import { openRound, rounds } from '../fidelity/plan.js';
import { CLIS } from '../helpers/installed-aws.js';
import { makeHome } from '../helpers/turret.js';

// An older major version, where it is installed, is held to the corpus here and to the rest by the script: a call of it takes a second.
const ROUNDS = rounds(CLIS).filter(({ name, cli }) => cli === CLIS[0] || name.startsWith('corpus'));

describe.each(ROUNDS)('the same bytes, files, exit code and effect: $name', (round) => {
  let sides: Sides;
  beforeAll(async () => {
    sides = await openRound(round);
  });
  afterAll(() => closeSides(sides));

  test.each(round.cases)('$id: $argv', async (one) => {
    const comparison = await compare(one, sides);
    expect(comparison.differ.length === 0 ? '' : report(comparison)).toBe('');
  });
});

describe('a comparison', () => {
  const [, round] = rounds(CLIS);
  let sides: Sides;
  beforeAll(async () => {
    if (round === undefined) throw new Error('no aws to compare');
    sides = await openRound(round);
  });
  afterAll(() => closeSides(sides));

  // Refused on purpose, so that there is a difference in everything.
  test('sees another exit code, other output, another file and another object', async () => {
    const move: FidelityCase = {
      id: 'move',
      argv: ['aws', 's3', 'mv', 'up.txt', 's3://allowed/up.txt', '--no-progress'],
      files: { 'up.txt': 'up\n' },
    };
    expect((await compare(move, sides)).differ).toEqual(['code', 'stdout', 'stderr', 'files', 'upstream']);
  });

  test('does not take two equal failures for a success', async () => {
    const wrong: FidelityCase = { id: 'wrong', argv: ['aws', 's3', 'ls', 's3://no-such-bucket-here'] };
    expect((await compare(wrong, sides)).differ).toEqual(['exit']);
  });
});

describe('what the agent makes', () => {
  test.each(['0022', '0077', '0002'])('has the modes of a caller whose umask is %s', (mask) => {
    const home = makeHome();
    const before = process.umask(Number.parseInt(mask, 8));
    try {
      const { stdout } = spawnSync(
        process.execPath,
        [path.resolve('bin/turret.js'), 'run', '--quiet', '--', 'sh', '-c', 'umask'],
        {
          cwd: home.workspace,
          env: { HOME: home.directory, PATH: '/usr/bin:/bin' },
          encoding: 'utf8',
        },
      );
      expect(stdout).toBe(`${mask}\n`);
    } finally {
      process.umask(before);
      home.remove();
    }
  });
});
