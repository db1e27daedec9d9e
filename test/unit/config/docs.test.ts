import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { kindOf } from '../../../src/config/config.js';
import { loadConfig } from '../../../src/config/load.js';
import { OPERATORS, ANNOTATION_KEYS } from '../../../src/policy/rule.js';
import { compile } from '../../../src/policy/compile.js';
import { PRESET_NAMES } from '../../../src/policy/presets/presets.js';
import { runPolicyTests } from '../../../src/policy/self-test.js';
import { disk } from './texts.js';

const text = readFileSync(new URL('../../../docs/policy.md', import.meta.url), 'utf8');
const examples = [...text.matchAll(/```yaml\n([^]*?)```/g)].map((match) => match[1] ?? '');

describe('docs/policy.md', () => {
  test('has examples that load, and whose own tests pass', async () => {
    expect(examples).toHaveLength(2);
    let tests = 0;
    for (const example of examples) {
      const config = await loadConfig(disk({ '/project/x.yaml': example }, { configFile: 'x.yaml' }));
      const results = runPolicyTests(compile(config.policy), config.tests, (action) =>
        kindOf(config, action),
      );
      expect(results.filter((result) => !result.passed)).toEqual([]);
      tests += results.length;
    }
    expect(tests).toBe(3);
  });

  test.each([...OPERATORS, ...ANNOTATION_KEYS, ...PRESET_NAMES])('speaks of %s', (word) => {
    expect(text).toContain(`\`${word}`);
  });
});
