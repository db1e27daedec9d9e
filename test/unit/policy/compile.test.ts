import { describe, expect, test } from 'vitest';
import { TurretError } from '../../../src/errors.js';
import { compile } from '../../../src/policy/compile.js';
import type { CompiledPolicy } from '../../../src/policy/compile.js';
import { decide } from '../../../src/policy/decide.js';
import type { Rule } from '../../../src/policy/rule.js';
import { policyOf, request, rule } from './samples.js';

/** How many patterns one decision tries. */
function tries(policy: CompiledPolicy, action: string): number {
  let count = 0;
  for (const entries of policy.index.values()) {
    for (const entry of entries) {
      const { matches } = entry;
      entry.matches = (value) => {
        count += 1;
        return matches(value);
      };
    }
  }
  decide(policy, request(action));
  return count;
}

function many(count: number): CompiledPolicy {
  const rules = Array.from({ length: count }, (_, index): Rule =>
    rule('allow', [`aws.s${index}.get`, `aws.t${index}.*`], { id: `r${index}` }),
  );
  return policyOf(...rules, rule('allow', ['aws.s7.*']), rule('deny', ['**.rm']));
}

describe('a compiled policy', () => {
  test('tries as many patterns with 10,000 rules as with 100', () => {
    expect(tries(many(100), 'aws.s7.get')).toBe(3);
    expect(tries(many(10_000), 'aws.s7.get')).toBe(3);
  });

  test('survives JSON', () => {
    const plain = { rules: [rule('allow', ['aws.**'], { where: { p: { in: ['x'] } } })], limits: [] };
    const policy = compile(JSON.parse(JSON.stringify(plain)));
    expect(decide(policy, request('aws.s3.get', { p: 'x' })).effect).toBe('allow');
    expect(decide(policy, request('aws.s3.get', { p: 'y' })).effect).toBe('deny');
  });

  test('leaves out what a rule excepts', () => {
    const policy = policyOf(rule('allow', ['aws.**'], { except: ['*.s3.get_object', 'aws.ssm.get_*'] }));
    expect(decide(policy, request('aws.s3.list_buckets')).effect).toBe('allow');
    expect(decide(policy, request('aws.s3.get_object')).effect).toBe('deny');
    expect(decide(policy, request('aws.ssm.get_parameter')).effect).toBe('deny');
    expect(decide(policy, request('aws.ssm.put_parameter')).effect).toBe('allow');
  });

  test.each<[string, Partial<Rule>]>([
    ['an action pattern', { actions: ['aws:s3'] }],
    ['an exception', { except: ['aws'] }],
    ['a glob', { where: { p: { glob: ['a**'] } } }],
    ['a path', { where: { p: { path: ['a/../b'] } } }],
    ['an annotation', { where: { $readonly: { eq: true } } }],
    ['an empty condition', { where: { p: {} } }],
    ['an effect', { effect: 'Deny' as Rule['effect'] }],
    ['a layer', { layer: 'fleet' as Rule['layer'] }],
    ['an operator it does not know', { where: { p: JSON.parse('{"regex":"a"}') as object } }],
  ])('is refused as a whole for a deny rule with %s that cannot be used', (_name, more) => {
    expect(() => policyOf(rule('deny', ['aws.**'], more))).toThrow(TurretError);
  });

  test('is refused for two rules of one id', () => {
    expect(() =>
      policyOf(rule('allow', ['aws.**'], { id: 'x' }), rule('deny', ['aws.**'], { id: 'x' })),
    ).toThrow('two rules have the id x');
  });
});
