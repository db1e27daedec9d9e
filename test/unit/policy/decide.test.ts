import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compile } from '../../../src/policy/compile.js';
import { decide, decideAll } from '../../../src/policy/decide.js';
import { asPolicy, policyOf, request, requests, rule, rulesFrom } from './samples.js';

describe('a decision', () => {
  test('is deny when no rule speaks of the action', () => {
    const policy = policyOf(rule('allow', ['aws.s3.list_buckets']));
    expect(decide(policy, request('aws.s3.list_buckets'))).toMatchObject({ effect: 'allow', reason: 'rule' });
    expect(decide(policy, request('aws.s3.list_objects'))).toEqual({
      effect: 'deny',
      reason: 'default',
      others: [],
      limits: [],
    });
  });

  test('is deny before ask before allow, and names the others', () => {
    const allow = rule('allow', ['aws.**']);
    const ask = rule('ask', ['aws.s3.*']);
    const deny = rule('deny', ['**'], {
      where: { bucket: { glob: ['prod-*'] } },
      file: 'turret.yaml',
      line: 7,
    });
    const policy = policyOf(allow, ask, deny);
    expect(decide(policy, request('aws.ec2.run')).effect).toBe('allow');
    expect(decide(policy, request('aws.s3.put', { bucket: 'dev' }))).toMatchObject({
      effect: 'ask',
      rule: { id: ask.id },
      others: [{ id: allow.id }],
    });
    const denied = decide(policy, request('aws.s3.put', { bucket: 'prod-1' }));
    expect(denied).toMatchObject({
      effect: 'deny',
      rule: { id: deny.id, file: 'turret.yaml', line: 7, layer: 'user' },
    });
    expect(denied.others.map((other) => other.id)).toEqual([allow.id, ask.id]);
  });

  test('is deny for what is no action name, whatever the rules say', () => {
    const policy = policyOf(rule('allow', ['**']));
    for (const action of [
      '',
      'aws',
      'aws.',
      '.s3',
      'aws..s3',
      'AWS.s3.ls',
      'aws.s3/x',
      'aws.s3 ls',
      '1aws.s3',
    ]) {
      expect(decide(policy, request(action)).effect).toBe('deny');
    }
    expect(decide(policy, request('aws.s3.ls')).effect).toBe('allow');
  });

  test('collects the limits of every rule that grants', () => {
    const policy = policyOf(
      rule('allow', ['aws.s3.get'], { id: 'a', limit: { calls: 1 } }),
      rule('allow', ['aws.**'], { id: 'b', limit: { calls: 5 } }),
      rule('allow', ['gh.**'], { id: 'c', limit: { calls: 5 } }),
    );
    expect(decide(policy, request('aws.s3.get')).limits).toEqual(['a', 'b']);
    expect(decide(policy, request('aws.s3.put')).limits).toEqual(['b']);
  });

  test('of several capabilities is the strictest one', () => {
    const policy = policyOf(
      rule('allow', ['aws.s3.get_object', 'aws.s3.put_object']),
      rule('ask', ['aws.s3.put_object']),
    );
    const need = (...names: string[]) =>
      decideAll(
        policy,
        names.map((name) => request(name).capability),
        'aws',
      );
    expect(need('aws.s3.get_object')).toMatchObject({ effect: 'allow', action: 'aws.s3.get_object' });
    expect(need('aws.s3.get_object', 'aws.s3.put_object')).toMatchObject({
      effect: 'ask',
      action: 'aws.s3.put_object',
    });
    expect(need('aws.s3.get_object', 'aws.s3.delete_object', 'aws.s3.put_object')).toMatchObject({
      effect: 'deny',
      action: 'aws.s3.delete_object',
    });
    expect(need()).toMatchObject({ effect: 'deny', decisions: [] });
  });
});

describe('a credential in the output', () => {
  const secret = { readOnly: true, secretOutput: true };
  test('is granted by a rule that names the action, and by no pattern', () => {
    const named = policyOf(rule('allow', ['aws.sts.get_session_token']));
    expect(decide(named, request('aws.sts.get_session_token', {}, secret)).effect).toBe('allow');
    for (const pattern of ['**', 'aws.**', 'aws.sts.*', 'aws.sts.get_session_toke*']) {
      const policy = policyOf(rule('allow', [pattern], { where: { $readOnly: { eq: true } } }));
      expect(decide(policy, request('aws.sts.get_session_token', {}, secret)).effect).toBe('deny');
      expect(decide(policy, request('aws.sts.get_session_token', {}, { readOnly: true })).effect).toBe(
        'allow',
      );
    }
  });

  test('is denied and asked about by patterns all the same', () => {
    const named = rule('allow', ['aws.sts.get_session_token']);
    const call = request('aws.sts.get_session_token', {}, secret);
    expect(decide(policyOf(named, rule('deny', ['aws.**'])), call).effect).toBe('deny');
    expect(decide(policyOf(named, rule('ask', ['aws.**'])), call).effect).toBe('ask');
    expect(decide(policyOf(rule('ask', ['aws.**'])), call).effect).toBe('deny');
  });
});

describe('a project file', () => {
  const user = rule('allow', ['aws.**'], { id: 'user' });
  test('cannot grant', () => {
    const project = rule('allow', ['gh.**'], { layer: 'project', id: 'mine' });
    expect(decide(policyOf(user, project), request('gh.pr.merge')).effect).toBe('deny');
    expect(
      decide(policyOf(user, rule('ask', ['gh.**'], { layer: 'project' })), request('gh.pr.merge')).effect,
    ).toBe('deny');
  });

  test('with a list of allows leaves only what is on it', () => {
    const project = rule('allow', ['aws.s3.*'], { layer: 'project', id: 'mine' });
    expect(decide(policyOf(user, project), request('aws.s3.get')).effect).toBe('allow');
    expect(decide(policyOf(user, project), request('aws.ec2.run'))).toMatchObject({
      effect: 'deny',
      reason: 'project',
    });
  });

  test('can deny and ask', () => {
    const deny = rule('deny', ['aws.s3.rm'], { layer: 'project' });
    const ask = rule('ask', ['aws.s3.put'], { layer: 'project' });
    expect(decide(policyOf(user, deny, ask), request('aws.s3.rm'))).toMatchObject({
      effect: 'deny',
      rule: { layer: 'project' },
    });
    expect(decide(policyOf(user, deny, ask), request('aws.s3.put'))).toMatchObject({
      effect: 'ask',
      rule: { layer: 'project' },
    });
    expect(decide(policyOf(user, deny, ask), request('aws.s3.get')).effect).toBe('allow');
  });

  test('does not take the version of a tool away', () => {
    const builtin = rule('allow', ['*.cli.version'], { layer: 'builtin' });
    const project = rule('allow', ['aws.s3.*'], { layer: 'project' });
    expect(decide(policyOf(builtin, user, project), request('aws.cli.version')).effect).toBe('allow');
    expect(decide(policyOf(builtin, user, project), request('aws.cli.other')).effect).toBe('deny');
  });
});

describe('for random policies', () => {
  test('some calls are allowed, some asked and some denied, so that the properties above say something', () => {
    const seen = new Set<string>();
    for (const [rules, call] of fc.sample(fc.tuple(rulesFrom(['user']), requests), 2_000))
      seen.add(decide(compile(asPolicy(rules)), call).effect);
    expect([...seen].sort()).toEqual(['allow', 'ask', 'deny']);
  });
});
