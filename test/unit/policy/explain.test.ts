import { describe, expect, test } from 'vitest';
import { allowedSummary } from '../../../src/policy/alternatives.js';
import { conditionText } from '../../../src/policy/describe.js';
import { explain } from '../../../src/policy/explain.js';
import { presetRules } from '../../../src/policy/presets/presets.js';
import { policyOf, request, rule } from './samples.js';

const bucket = rule('allow', ['aws.s3.get_object', 'aws.s3.put_object'], {
  id: 'team',
  where: { bucket: { in: ['team-a'] }, key: { path: ['reports/**'] } },
});
const policy = policyOf(...presetRules(['aws-readonly', 'gh-readonly']), bucket);

describe('an explanation', () => {
  test('names what is missing to be allowed', () => {
    const { effect, nearest } = explain(
      policy,
      request('aws.s3.get_object', { bucket: 'x', key: 'reports/a' }),
    );
    expect(effect).toBe('deny');
    expect(nearest.map((miss) => [miss.rule.id, miss.sentence])).toEqual([
      ['team', 'would be allowed if bucket were in [team-a]'],
    ]);
  });
  test('says nothing of the kind for what is allowed, or denied by a rule', () => {
    expect(
      explain(policy, request('aws.s3.get_object', { bucket: 'team-a', key: 'reports/a' })).nearest,
    ).toEqual([]);
    const denied = policyOf(bucket, rule('deny', ['aws.**']));
    expect(explain(denied, request('aws.s3.get_object', { bucket: 'x', key: 'reports/a' })).nearest).toEqual(
      [],
    );
  });
  test('says that a value has the wrong form, or that the action is of the wrong sort', () => {
    const odd = explain(policy, request('aws.s3.get_object', { bucket: 'team-a', key: 'reports/../a' }));
    expect(odd.nearest[0]?.sentence).toBe(
      'would be allowed if key were like [reports/**] (the value that was given cannot be compared with that)',
    );
    const writing = explain(policy, request('aws.ec2.run_instances'));
    expect(writing.nearest.map((miss) => miss.sentence)).toEqual(['would be allowed if it were read-only']);
  });
  test('says that a call has to be bounded', () => {
    const call = request('aws.s3.get_object', { bucket: 'team-a' });
    call.capability.unbounded = ['key'];
    expect(explain(policy, call).nearest[0]?.sentence).toBe(
      'would be allowed if key could be bounded before the call',
    );
  });
  test('says that a credential must be named', () => {
    const [miss] = explain(
      policyOf(rule('allow', ['aws.**'])),
      request('aws.sts.get_token', {}, { secretOutput: true }),
    ).nearest;
    expect(miss?.sentence).toContain('named aws.sts.get_token itself');
  });
});

describe('what an agent is told that it may do instead', () => {
  test('is the same action under its conditions', () => {
    expect(allowedSummary(policy, 'aws.s3.get_object', 'aws')).toEqual([
      'aws.s3.get_object where bucket in [team-a] and key like [reports/**]',
    ]);
  });
  test('is what a preset is about', () => {
    expect(allowedSummary(policy, 'aws.ec2.terminate_instances', 'aws')).toEqual(['read-only aws actions']);
    expect(allowedSummary(policy, 'gh.pr.merge', 'gh')).toEqual(['read-only gh actions']);
  });
  test('is the neighbours when nothing covers the action, and nothing when there are none', () => {
    expect(allowedSummary(policyOf(bucket), 'aws.s3.delete_object')).toEqual([
      'aws.s3.get_object, aws.s3.put_object where bucket in [team-a] and key like [reports/**]',
    ]);
    expect(allowedSummary(policyOf(bucket), 'gh.pr.merge')).toEqual([]);
  });
  test('is at most three lines', () => {
    const rules = Array.from({ length: 9 }, (_, index) =>
      rule('allow', ['aws.s3.get'], { id: `r${index}`, where: { p: { eq: index } } }),
    );
    expect(allowedSummary(policyOf(...rules), 'aws.s3.get')).toHaveLength(3);
  });
  test('is short whatever the values are', () => {
    const long = rule('allow', ['aws.s3.get'], {
      where: { p: { in: Array.from({ length: 99 }, (_, index) => `${index}`.repeat(5_000)) } },
    });
    expect(allowedSummary(policyOf(long), 'aws.s3.get').join('').length).toBeLessThan(600);
  });
  test('holds nothing that moves a cursor', () => {
    expect(conditionText('p', { in: ['a\u001b[2J', '\u202e', 'ok'] })).toMatch(/^[\x20-\x7e]+$/);
  });
});
