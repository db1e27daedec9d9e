import { describe, expect, test } from 'vitest';
import { decide } from '../../../src/policy/decide.js';
import type { Condition } from '../../../src/policy/rule.js';
import type { ParamValue } from '../../../src/protocol/messages.js';
import { policyOf, request, rule } from './samples.js';

/** What an allow rule and a deny rule with this condition make of a value: whether each fires. */
function fires(
  condition: Condition,
  value: ParamValue | undefined,
  unbounded: string[] = [],
): { allow: boolean; deny: boolean } {
  const call = request('aws.s3.get', value === undefined ? {} : { p: value });
  call.capability.unbounded = unbounded;
  const allow = decide(policyOf(rule('allow', ['aws.**'], { where: { p: condition } })), call);
  const deny = decide(
    policyOf(
      rule('allow', ['aws.**'], { id: 'base' }),
      rule('deny', ['aws.**'], { where: { p: condition } }),
    ),
    call,
  );
  return { allow: allow.effect === 'allow', deny: deny.effect === 'deny' };
}
const BOTH = { allow: true, deny: true };
const NEITHER = { allow: false, deny: false };
const DENY_ONLY = { allow: false, deny: true };

describe('an operator', () => {
  test.each<[string, Condition, ParamValue, typeof BOTH]>([
    ['eq', { eq: 'a' }, 'a', BOTH],
    ['eq, other', { eq: 'a' }, 'b', NEITHER],
    ['eq, other case', { eq: 'a' }, 'A', NEITHER],
    ['eq, composed and decomposed', { eq: 'caf\u00e9' }, 'cafe\u0301', BOTH],
    ['glob, composed and decomposed', { glob: ['caf\u00e9-*'] }, 'cafe\u0301-1', BOTH],
    ['a plain no before an error', { in: [1], glob: ['b*'] }, 'a', NEITHER],
    ['a plain no after an error', { prefix: ['b'], range: { min: 1 } }, 'a', NEITHER],
    ['eq, false', { eq: false }, false, BOTH],
    ['in', { in: ['a', 'b'] }, 'b', BOTH],
    ['in, other', { in: ['a', 'b'] }, 'c', NEITHER],
    ['not_in', { not_in: ['a'] }, 'b', BOTH],
    ['not_in, listed', { not_in: ['a'] }, 'a', NEITHER],
    ['glob crosses slashes', { glob: ['team-*'] }, 'team-a/b', BOTH],
    ['glob, second', { glob: ['x', 'team-*'] }, 'team-', BOTH],
    ['glob, other', { glob: ['team-*'] }, 'xteam-a', NEITHER],
    ['prefix', { prefix: ['ab'] }, 'abc', BOTH],
    ['prefix, other', { prefix: ['ab'] }, 'ac', NEITHER],
    ['path', { path: ['reports/**'] }, 'reports/x', BOTH],
    ['path, other', { path: ['reports/**'] }, 'reports2/x', NEITHER],
    ['range, end included', { range: { min: 1, max: 5 } }, 5, BOTH],
    ['range, above', { range: { min: 1, max: 5 } }, 6, NEITHER],
    ['range, open end', { range: { min: 1 } }, 600, BOTH],
    ['exists', { exists: true }, 'a', BOTH],
    ['exists: false', { exists: false }, 'a', NEITHER],
    ['len of a text in characters', { len: { max: 2 } }, '😀😀', BOTH],
    ['len of a text, longer', { len: { max: 2 } }, 'abc', NEITHER],
    ['len of a list', { len: { max: 2 } }, ['a', 'b'], BOTH],
    ['len of a list, longer', { len: { max: 2 } }, ['a', 'b', 'c'], NEITHER],
    ['two operators', { prefix: ['a'], len: { max: 2 } }, 'ab', BOTH],
    ['two operators, one fails', { prefix: ['a'], len: { max: 2 } }, 'abc', NEITHER],
  ])('%s', (_name, condition, value, expected) => {
    expect(fires(condition, value)).toEqual(expected);
  });

  test('fails for an absent param and an empty list, but for exists: false', () => {
    for (const condition of [
      { eq: 'a' },
      { not_in: ['a'] },
      { glob: ['*'] },
      { exists: true },
      { len: { max: 5 } },
      { range: { min: 0 } },
    ]) {
      expect(fires(condition, undefined)).toEqual(NEITHER);
      expect(fires(condition, [])).toEqual(NEITHER);
    }
    expect(fires({ exists: false }, undefined)).toEqual(BOTH);
    expect(fires({ exists: false }, [])).toEqual(BOTH);
  });

  test('on a list needs every element for allow and one for deny', () => {
    expect(fires({ in: ['a', 'b'] }, ['a', 'b'])).toEqual(BOTH);
    expect(fires({ in: ['a', 'b'] }, ['a', 'c'])).toEqual(DENY_ONLY);
    expect(fires({ in: ['a', 'b'] }, ['c', 'd'])).toEqual(NEITHER);
    expect(fires({ not_in: ['a'] }, ['a', 'b'])).toEqual(DENY_ONLY);
  });
});

describe('what cannot be compared', () => {
  test.each<[string, Condition, ParamValue]>([
    ['a text with a number', { eq: 1 }, '1'],
    ['a text with false', { eq: false }, 'false'],
    ['a number with texts', { in: ['1', '2'] }, 1],
    ['a number with texts, negated', { not_in: ['1', '2'] }, 1],
    ['a number with a glob', { glob: ['*'] }, 1],
    ['a text with a range', { range: { min: 1 } }, '5'],
    ['true with a length', { len: { min: 1 } }, true],
    ['a path with a dot segment', { path: ['reports/**'] }, 'reports/../secret'],
    ['a path that is escaped', { path: ['reports/**'] }, 'reports/%2e%2e/secret'],
    ['one element of a list', { path: ['reports/**'] }, ['reports/a', 'reports//b']],
    ['a param that nobody can bound', { eq: 'x' }, 'x'],
  ])('%s: deny fires, allow does not', (name, condition, value) => {
    expect(fires(condition, value, name.includes('bound') ? ['p'] : [])).toEqual(DENY_ONLY);
  });

  test('is said to be the reason', () => {
    const policy = policyOf(
      rule('allow', ['aws.**']),
      rule('deny', ['aws.**'], { where: { p: { range: { max: 5 } } } }),
    );
    expect(decide(policy, request('aws.s3.get', { p: '3' }))).toMatchObject({
      effect: 'deny',
      reason: 'rule_error',
    });
    expect(decide(policy, request('aws.s3.get', { p: 3 }))).toMatchObject({ effect: 'deny', reason: 'rule' });
    expect(decide(policy, request('aws.s3.get', { p: 9 }))).toMatchObject({ effect: 'allow' });
  });

  test('does not make a deny fire when another of its conditions plainly fails', () => {
    const policy = policyOf(
      rule('allow', ['aws.**']),
      rule('deny', ['aws.**'], { where: { p: { range: { max: 5 } }, q: { eq: 'x' } } }),
    );
    expect(decide(policy, request('aws.s3.get', { p: '3', q: 'y' })).effect).toBe('allow');
    expect(decide(policy, request('aws.s3.get', { p: '3', q: 'x' })).effect).toBe('deny');
  });

  test('an unbounded param that is absent makes a deny fire and an allow not', () => {
    expect(fires({ path: ['a/**'] }, undefined, ['p'])).toEqual(DENY_ONLY);
    expect(fires({ path: ['a/**'] }, undefined, ['q'])).toEqual(NEITHER);
  });

  test('an ask that holds for a part of the call guards an allow, and grants nothing itself', () => {
    const ask = rule('ask', ['aws.**'], { where: { p: { in: ['main'] } } });
    const call = request('aws.s3.get', { p: ['main', 'dev'] });
    expect(decide(policyOf(ask, rule('allow', ['aws.**'])), call).effect).toBe('ask');
    expect(decide(policyOf(ask), call).effect).toBe('deny');
    expect(decide(policyOf(ask), request('aws.s3.get', { p: ['main'] })).effect).toBe('ask');
  });
});

describe('what the repeater says', () => {
  test('is tested by $ keys, and a param of that name is not', () => {
    const policy = policyOf(
      rule('allow', ['**'], { where: { $readOnly: { eq: true }, $kind: { eq: 'aws' } } }),
    );
    expect(decide(policy, request('aws.s3.get', {}, { readOnly: true })).effect).toBe('allow');
    expect(decide(policy, request('aws.s3.get', { $readOnly: true, $kind: 'aws' }, {})).effect).toBe('deny');
    expect(decide(policy, request('aws.s3.get', {}, { readOnly: true }, 'gh')).effect).toBe('deny');
  });

  test('counts as the cautious value when it says nothing', () => {
    const policy = policyOf(
      rule('allow', ['**'], { id: 'a' }),
      rule('deny', ['**'], { where: { $destructive: { eq: true } } }),
    );
    const call = request('aws.s3.get');
    Object.assign(call.capability, { annotations: {} });
    expect(decide(policy, call).effect).toBe('deny');
  });

  test('a param called like a method of an object is only there when it was sent', () => {
    const policy = policyOf(rule('allow', ['**'], { where: { constructor: { exists: false } } }));
    expect(decide(policy, request('aws.s3.get')).effect).toBe('allow');
    expect(decide(policy, request('aws.s3.get', { constructor: 'x' })).effect).toBe('deny');
  });
});
