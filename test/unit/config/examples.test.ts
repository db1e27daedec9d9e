import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { kindOf } from '../../../src/config/config.js';
import { loadConfig } from '../../../src/config/load.js';
import { compile } from '../../../src/policy/compile.js';
import { runPolicyTests } from '../../../src/policy/self-test.js';
import { disk } from './texts.js';

const EXAMPLES = readdirSync('examples').filter((name) => existsSync(join('examples', name, 'turret.yaml')));

test('there are examples, and README.md speaks of each', () => {
  expect(EXAMPLES).toEqual(expect.arrayContaining(['ci', 'solo']));
  for (const name of EXAMPLES)
    expect(readFileSync('examples/README.md', 'utf8')).toContain(`[${name}](${name}/turret.yaml)`);
});

test.each(EXAMPLES)('the example %s has no mistake, and its own tests pass', async (name) => {
  const text = readFileSync(join('examples', name, 'turret.yaml'), 'utf8');
  const config = await loadConfig(disk({ '/project/x.yaml': text }, { configFile: 'x.yaml' }));
  const results = runPolicyTests(compile(config.policy), config.tests, (action) => kindOf(config, action));
  expect(results.length).toBeGreaterThan(4);
  expect(results.filter(({ passed }) => !passed)).toEqual([]);
});
