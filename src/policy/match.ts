// One rule against one capability whose action it covers.

import { CAUTIOUS } from '../protocol/messages.js';
import type { Annotations, Capability, ParamValue } from '../protocol/messages.js';
import type { CompiledRule } from './compile.js';
import { UNBOUNDED } from './condition.js';
import type { ConditionResult } from './condition.js';
import { KIND_KEY } from './rule.js';

/** One thing to decide on. `kind` is the kind of the repeater that will perform it (aws, gh, http …), from its registration. */
export interface DecisionRequest {
  capability: Capability;
  kind: string;
}

export interface RuleMatch {
  /** Every condition surely holds for everything the call touches. What a rule needs to grant. */
  whole: boolean;
  /** Every condition may hold for something the call touches. What a rule needs to refuse, or to ask before a grant. */
  part: boolean;
  /** It is only in part because a value could not be compared. */
  error: boolean;
}

/** Matches the conditions of a rule. The caller has matched the action (`rulesFor`). */
export function matchRule(compiled: CompiledRule, request: DecisionRequest): RuleMatch {
  const { capability } = request;
  // A credential must not be granted by accident of a wildcard: the rule has to say the action's name.
  const nameable = !annotation(capability, 'secretOutput') || compiled.exact.has(capability.action);
  const match = { whole: nameable, part: true, error: false };
  for (const { key, test } of compiled.conditions) {
    const result = testKey(key, test, request);
    if (!result.all || result.error) match.whole = false;
    if (!result.some && !result.error) match.part = false;
    if (!result.some && result.error) match.error = true;
  }
  return match;
}

/** One condition of a rule against a request. */
export function testKey(
  key: string,
  test: (value: ParamValue | undefined) => ConditionResult,
  { capability, kind }: DecisionRequest,
): ConditionResult {
  if (key === KIND_KEY) return test(kind);
  // compile() has refused `$` keys that are no annotation.
  if (key.startsWith('$')) return test(annotation(capability, key.slice(1) as keyof Annotations));
  if (capability.unbounded?.includes(key)) return UNBOUNDED;
  return test(Object.hasOwn(capability.params, key) ? capability.params[key] : undefined);
}

function annotation(capability: Capability, name: keyof Annotations): boolean {
  const said: Partial<Annotations> = capability.annotations;
  return said[name] ?? CAUTIOUS[name];
}
