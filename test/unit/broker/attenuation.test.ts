// What a child may do and spend: never more than every token on the way to it.

import { describe, expect, it } from 'vitest';

import { type Decided, requireAllowed } from '../../../src/broker/authorize.js';
import type { Principal } from '../../../src/broker/keys.js';
import { Limiter } from '../../../src/broker/limiter.js';
import { TurretError } from '../../../src/errors.js';
import type { Params } from '../../../src/protocol/messages.js';
import { policyOf, request, rule } from '../policy/samples.js';
import { codeOf } from '../protocol/vectors.js';
import { toBase64url } from '../../../src/wire/handshake.js';
import { child, keyNumber, ring } from './delegated.js';

const policy = policyOf(
  rule('allow', ['aws.**'], { id: 'all' }),
  rule('deny', ['aws.s3.delete_*'], { id: 'no-delete' }),
  rule('allow', ['aws.s3.get_object'], { id: 'counted', limit: { calls: 3 } }),
);

function decide(caller: Principal, action: string, params: Params = {}): { decided: Decided; told: string } {
  let decided: Decided | undefined;
  let told = '';
  try {
    const { capability, kind } = request(action, params);
    requireAllowed({ policy, kind, capabilities: [capability], caller }, (decision) => (decided = decision));
  } catch (error) {
    told = error instanceof TurretError ? [error.message, ...error.hints].join('; ') : String(error);
  }
  if (decided === undefined) throw new Error('nothing was decided');
  return { decided, told };
}
const effect = (caller: Principal, action: string, params: Params = {}): string =>
  decide(caller, action, params).decided.effect;

const part = (...allow: string[]) => ({ grants: [{ allow }] });

describe('a child', () => {
  it('may do what it was given, and its parent more', () => {
    const { keys, root } = ring();
    const made = child(keys, root, 0, 1, part('aws.s3.list_*'));
    expect(effect(made, 'aws.s3.list_buckets')).toBe('allow');
    expect(effect(made, 'aws.s3.get_object')).toBe('deny');
    expect(effect(root, 'aws.s3.get_object')).toBe('allow');
  });

  it('may not do what the policy denies or does not know, whatever it was given', () => {
    const { keys, root } = ring();
    const made = child(keys, root, 0, 1, part('**'));
    expect(decide(made, 'aws.s3.delete_object').decided).toMatchObject({ effect: 'deny', reason: 'rule' });
    expect(decide(made, 'gh.pr.list').decided).toMatchObject({ effect: 'deny', reason: 'default' });
  });

  it('of a child cannot be given back what that one does not have', () => {
    const { keys, root } = ring();
    const narrow = child(keys, root, 0, 1, part('aws.s3.list_*'));
    const wide = child(keys, narrow, 1, 2, part('**'));
    expect(effect(wide, 'aws.s3.list_buckets')).toBe('allow');
    expect(decide(wide, 'aws.s3.get_object')).toMatchObject({
      decided: { effect: 'deny', reason: 'token' },
      told: expect.stringContaining('because the token "child-1" was not given it') as string,
    });
  });

  it('keeps to the values of its params, each of a list, and to those that are there', () => {
    const { keys, root } = ring();
    const where = { bucket: ['team-a-*', 'shared'], count: [1, 2] };
    const made = child(keys, root, 0, 1, { grants: [{ allow: ['aws.**'], where }] });
    const asked = (bucket: string | string[] | undefined, count: number | string) =>
      effect(made, 'aws.s3.get_object', { ...(bucket === undefined ? {} : { bucket }), count });
    expect([asked('team-a-1', 1), asked('shared', 2), asked(['shared', 'team-a-2'], 1)]).toEqual(['allow', 'allow', 'allow']);
    expect([asked('team-b', 1), asked(['shared', 'team-b'], 1), asked(undefined, 1), asked('shared', 3), asked('shared', '1')])
      .toEqual(['deny', 'deny', 'deny', 'deny', 'deny']);
  }); // prettier-ignore

  it('is told what it was given, and that nobody but its giver can change that', () => {
    const { keys, root } = ring();
    const made = child(keys, root, 0, 1, {
      grants: [{ allow: ['aws.s3.list_*'], where: { bucket: ['team-a'] } }],
    });
    const { told } = decide(made, 'aws.s3.get_object', { bucket: 'x' });
    expect(told).toContain(
      'denied aws.s3.get_object (bucket="x") because the token "child-1" was not given it',
    );
    expect(told).toContain(
      'allowed here: aws.s3.list_* where bucket like [team-a]; whoever gave the token can give another',
    );
  });

  it('needs a credential to be given by name', () => {
    const { keys, root } = ring();
    const made = child(keys, root, 0, 1, part('aws.**'));
    const { capability } = request('aws.sts.get_token', {}, { secretOutput: true });
    const allowing = policyOf(rule('allow', ['aws.sts.get_token']));
    const asked = { policy: allowing, kind: 'aws', capabilities: [capability] };
    expect(requireAllowed({ ...asked, caller: root }, () => {}).effect).toBe('allow');
    expect(codeOf(() => requireAllowed({ ...asked, caller: made }, () => {}))).toBe('denied');
  });
});

describe('a budget', () => {
  const limiter = (calls = 10) => new Limiter(policy, [{ calls }], () => 0);
  const spendAll = (limits: Limiter, caller: Principal): number => {
    let made = 0;
    while (codeOf(() => limits.admitCaller(caller)) === undefined) made += 1;
    return made;
  };

  it('of a child is its own, and drawn from that of its parents', () => {
    const { keys, root } = ring();
    const parent = child(keys, root, 0, 1, { max_calls: 6 });
    const below = child(keys, parent, 1, 2, { max_calls: 4 });
    const limits = limiter();
    expect(spendAll(limits, below)).toBe(4);
    expect(spendAll(limits, parent)).toBe(2);
    expect(spendAll(limits, root)).toBe(4);
    expect(limits.used(parent)[0]?.calls).toBe(6);
  });

  it('cannot be more than what its parents have left, whatever was signed', () => {
    const { keys, root } = ring();
    const rich = child(keys, child(keys, root, 0, 1, { max_calls: 2 }), 1, 2, { max_calls: 1_000 });
    expect(spendAll(limiter(), rich)).toBe(2);
  });

  it('raced by parent and children is spent once', () => {
    const { keys, root } = ring();
    const callers = [root, ...[1, 2, 3].map((number) => child(keys, root, 0, number, { max_calls: 9 }))];
    const limits = limiter();
    let made = 0;
    for (let turn = 0; turn < 40; turn += 1)
      if (codeOf(() => limits.admitCaller(callers[turn % callers.length] ?? root)) === undefined) made += 1;
    expect(made).toBe(10);
  });

  it('that refuses a call leaves the others as they were', () => {
    const { keys, root } = ring();
    const poor = child(keys, root, 0, 1, { max_calls: 1 });
    const limits = limiter();
    expect(spendAll(limits, poor)).toBe(1);
    for (let again = 0; again < 20; again += 1)
      expect(codeOf(() => limits.admitCaller(poor))).toBe('budget_exhausted');
    expect(spendAll(limits, root)).toBe(9);
  });

  it('of a rule is one for a session and all its children', () => {
    const { keys, root } = ring();
    const made = child(keys, root, 0, 1);
    const limits = limiter();
    for (const caller of [root, made, root]) limits.admitToRules(caller, ['counted']);
    expect(codeOf(() => limits.admitToRules(made, ['counted']))).toBe('budget_exhausted');
  });

  it('of output is drawn from by every child', () => {
    const { keys, root } = ring();
    const made = child(keys, root, 0, 1);
    const limits = new Limiter(policy, [{ bytes_out: 100 }], () => 0);
    limits.spend(made, [], 60);
    limits.spend(root, [], 40);
    expect(codeOf(() => limits.spend(made, [], 1))).toBe('budget_exhausted');
  });
});

describe('agents of one server', () => {
  const agents = (lifetime_ms = 60_000) => {
    const { keys } = ring();
    const add = (number: number, label: string, allow: string[], limits = {}) =>
      keys.add({
        public_key: toBase64url(keyNumber(number).publicKey),
        ...{ kind: 'agent', label, lifetime_ms, limits },
        grants: [{ allow, where: {} }],
      });
    return { keys, one: add(1, 'one', ['aws.**'], { calls: 2 }), two: add(2, 'two', ['aws.s3.list_*']) };
  };

  it('have their own part of the policy, and their own budgets and limits of rules', () => {
    const { one, two } = agents();
    expect([effect(one, 'aws.s3.put_object'), effect(two, 'aws.s3.put_object')]).toEqual(['allow', 'deny']);
    const limits = new Limiter(policy, [{ calls: 10 }], () => 0);
    const made = (caller: Principal) => codeOf(() => limits.admitCaller(caller)) ?? 'made';
    expect([made(one), made(one), made(one)]).toEqual(['made', 'made', 'budget_exhausted']);
    expect(Array.from({ length: 11 }, () => made(two)).filter((said) => said === 'made')).toHaveLength(10);
    for (const caller of [one, one, one, two]) limits.admitToRules(caller, ['counted']);
    expect(codeOf(() => limits.admitToRules(one, ['counted']))).toBe('budget_exhausted');
    expect(codeOf(() => limits.admitToRules(two, ['counted']))).toBeUndefined();
  });

  it('end alone, and take along what came from them', () => {
    const { keys, one, two } = agents();
    const below = child(keys, one, 1, 3);
    keys.revoke([one]);
    expect(codeOf(() => keys.check(below))).toBe('token_revoked');
    expect(codeOf(() => keys.check(two))).toBeUndefined();
  });

  it('that had expired or were revoked when the server started are told so', () => {
    const { keys, one } = agents(-1);
    expect(codeOf(() => keys.check(one))).toBe('token_expired');
    const gone = keys.add({
      public_key: toBase64url(keyNumber(9).publicKey),
      ...{ kind: 'agent', label: 'gone', lifetime_ms: 60_000, revoked: true },
    });
    expect(codeOf(() => keys.check(gone))).toBe('token_revoked');
  });
});
