// Rules and capabilities for the tests of the policy, and the generators of random ones.

import * as fc from 'fast-check';
import { compile } from '../../../src/policy/compile.js';
import type { CompiledPolicy } from '../../../src/policy/compile.js';
import type { DecisionRequest } from '../../../src/policy/match.js';
import type { Condition, Layer, Policy, Rule } from '../../../src/policy/rule.js';
import { CAUTIOUS } from '../../../src/protocol/messages.js';
import type { Annotations, Params } from '../../../src/protocol/messages.js';

export function rule(effect: Rule['effect'], actions: string[], more: Partial<Rule> = {}): Rule {
  return { id: `${effect}-${actions.join('-')}`, effect, actions, where: {}, layer: 'user', ...more };
}

export function policyOf(...rules: Rule[]): CompiledPolicy {
  return compile({ rules, limits: [] });
}

export function request(
  action: string,
  params: Params = {},
  annotations: Partial<Annotations> = {},
  kind = 'aws',
): DecisionRequest {
  return { capability: { action, params, annotations: { ...CAUTIOUS, ...annotations } }, kind };
}

const words = fc.constantFrom('a', 'b', 'c');
const values = fc.constantFrom('x', 'y', 'x/y', 'x/../y', 'prod-1', '');
const scalars = fc.oneof(values, fc.constantFrom(0, 1, 7), fc.boolean());

export const actions = fc
  .tuple(fc.constantFrom('aws', 'gh'), words, words)
  .map((segments) => segments.join('.'));

const patterns = fc
  .array(fc.constantFrom('aws', 'gh', 'a', 'b', 'c', '*', '**'), { minLength: 2, maxLength: 4 })
  .map((segments) => segments.join('.'));

const conditions: fc.Arbitrary<Condition> = fc.oneof<fc.Arbitrary<Condition>[]>(
  fc.record({ eq: scalars }),
  fc.record({ in: fc.array(scalars, { minLength: 1, maxLength: 3 }) }),
  fc.record({ not_in: fc.array(scalars, { minLength: 1, maxLength: 3 }) }),
  fc.record({ glob: fc.constant(['x*', 'prod-*']) }),
  fc.record({ path: fc.constant(['x/**']) }),
  fc.record({ range: fc.constant({ min: 1, max: 5 }) }),
  fc.record({ exists: fc.boolean() }),
  fc.record({ len: fc.constant({ min: 1, max: 2 }) }),
);

const wheres: fc.Arbitrary<Record<string, Condition>> = fc.dictionary(
  fc.constantFrom('p', 'q', '$readOnly'),
  conditions,
  { maxKeys: 2 },
);

export function rulesFrom(
  layers: Layer[],
  effects: Rule['effect'][] = ['allow', 'ask', 'deny'],
): fc.Arbitrary<Rule[]> {
  const one = fc.record({
    effect: fc.constantFrom(...effects),
    actions: fc.array(fc.oneof(patterns, actions), { minLength: 1, maxLength: 2 }),
    where: wheres,
    layer: fc.constantFrom(...layers),
  });
  return fc
    .array(one, { maxLength: 8 })
    .map((rules) =>
      rules.map((each, index): Rule => ({ ...each, id: `${each.layer}-${each.effect}-${index}` })),
    );
}

export const requests: fc.Arbitrary<DecisionRequest> = fc.record({
  kind: fc.constantFrom('aws', 'gh'),
  capability: fc.record({
    action: actions,
    params: fc.dictionary(fc.constantFrom('p', 'q'), fc.oneof(scalars, fc.array(scalars, { maxLength: 3 })), {
      maxKeys: 2,
    }),
    annotations: fc
      .record({ readOnly: fc.boolean(), secretOutput: fc.boolean() })
      .map((some) => ({ ...CAUTIOUS, ...some })),
    unbounded: fc.subarray(['p', 'q']),
  }),
});

export function asPolicy(rules: Rule[]): Policy {
  return { rules, limits: [] };
}

const STRICTNESS = { allow: 0, ask: 1, deny: 2 } as const;

/** `left` grants nothing that `right` does not. */
export function atLeastAsStrict(left: Rule['effect'], right: Rule['effect']): boolean {
  return STRICTNESS[left] >= STRICTNESS[right];
}
