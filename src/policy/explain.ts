// Why, and what is missing, for people (`turret policy explain`).

import type { CompiledPolicy, CompiledRule } from './compile.js';
import { rulesFor } from './compile.js';
import { decide } from './decide.js';
import type { Decision } from './decide.js';
import { otherKind } from './alternatives.js';
import { annotationTexts, conditionText } from './describe.js';
import { matchRule, testKey } from './match.js';
import type { DecisionRequest } from './match.js';
import { referenceTo } from './rule.js';
import type { RuleReference } from './rule.js';

/** An allow rule that covers the action and did not match, and what is missing, nearest first. */
export interface NearMiss {
  rule: RuleReference;
  /** One sentence: `would be allowed if bucket were in [team-a]`. */
  sentence: string;
  /** Conditions that do not hold. */
  missing: string[];
}
export interface Explanation extends Decision {
  nearest: NearMiss[];
}

const NEAREST_SHOWN = 3;
const NOT_COMPARABLE = ' (the value that was given cannot be compared with that)';

/** The decision on one capability, with the allow rules that came nearest when it is not allowed. */
export function explain(policy: CompiledPolicy, request: DecisionRequest): Explanation {
  const decision = decide(policy, request);
  const nearest = decision.reason === 'default' ? nearMisses(policy, request) : [];
  return { ...decision, nearest };
}

function nearMisses(policy: CompiledPolicy, request: DecisionRequest): NearMiss[] {
  const misses: NearMiss[] = [];
  for (const compiled of rulesFor(policy, request.capability.action)) {
    if (
      compiled.rule.effect === 'deny' ||
      compiled.rule.layer === 'project' ||
      otherKind(compiled, request.kind)
    )
      continue;
    const missing = missingConditions(compiled, request);
    if (missing.length === 0) continue;
    const would = compiled.rule.effect === 'ask' ? 'would be asked' : 'would be allowed';
    misses.push({
      rule: referenceTo(compiled.rule),
      missing,
      sentence: `${would} if ${missing.join(' and ')}`,
    });
  }
  misses.sort(
    (left, right) => left.missing.length - right.missing.length || (left.rule.id < right.rule.id ? -1 : 1),
  );
  return misses.slice(0, NEAREST_SHOWN);
}

function missingConditions(compiled: CompiledRule, request: DecisionRequest): string[] {
  const { capability } = request;
  const missing: string[] = [];
  for (const { key, test } of compiled.conditions) {
    const result = testKey(key, test, request);
    if (result.all && !result.error) continue;
    const condition = compiled.rule.where[key] ?? {};
    const unbounded = capability.unbounded?.includes(key) ?? false;
    if (unbounded) missing.push(`${key} could be bounded before the call`);
    else if (key.startsWith('$'))
      missing.push(`it were ${annotationTexts({ [key]: condition }).join(' ') || 'no secret'}`);
    else missing.push(conditionText(key, condition, 'were') + (result.error ? NOT_COMPARABLE : ''));
  }
  if (missing.length === 0 && !matchRule(compiled, request).whole) {
    missing.push(
      `the rule named ${capability.action} itself: its output is a credential, and no pattern grants that`,
    );
  }
  return missing;
}
