import { describe, expect, test } from 'vitest';
import { runPolicyTests } from '../../../src/policy/self-test.js';
import type { PolicyTest } from '../../../src/policy/self-test.js';
import { policyOf, rule } from './samples.js';

const policy = policyOf(
  rule('allow', ['**'], { id: 'reads', where: { $kind: { eq: 'aws' }, $readOnly: { eq: true } } }),
);

function run(more: Partial<PolicyTest>): string {
  const one: PolicyTest = {
    action: 'prod.s3.ls',
    params: {},
    annotations: {},
    expect: 'allow',
    file: 'turret.yaml',
    line: 3,
    ...more,
  };
  const [result] = runPolicyTests(policy, [one], (action) => (action.startsWith('prod.') ? 'aws' : 'gh'));
  return result?.passed ? 'passed' : (result?.difference ?? '');
}

describe('a test in turret.yaml', () => {
  test('passes when the decision is the expected one', () => {
    expect(run({ annotations: { readOnly: true } })).toBe('passed');
    expect(run({ annotations: { readOnly: true }, by: 'reads' })).toBe('passed');
    expect(run({ expect: 'deny' })).toBe('passed');
  });
  test('fails when the decision is another one', () => {
    expect(run({})).toBe('expected allow, got deny by no rule');
    expect(run({ annotations: { readOnly: true }, kind: 'gh' })).toBe('expected allow, got deny by no rule');
    expect(run({ annotations: { readOnly: true }, action: 'gh.pr.list' })).toBe(
      'expected allow, got deny by no rule',
    );
  });
  test('fails when another rule decided', () => {
    expect(run({ annotations: { readOnly: true }, by: 'other' })).toBe(
      'expected allow by other, got it by reads',
    );
    expect(run({ expect: 'deny', by: 'reads' })).toBe('expected deny by reads, got it by no rule');
  });
});
