// Why, and what would be allowed instead. For people (`turret policy explain`) and, shorter, for the agent that was denied.

import type { CompiledPolicy, CompiledRule } from './compile.js';
import { rulesFor } from './compile.js';
import { decide } from './decide.js';
import type { Decision } from './decide.js';
import { annotationTexts, conditionText, conditionTexts, paramConditions } from './describe.js';
import { matchRule, testKey } from './match.js';
import type { DecisionRequest } from './match.js';
import { KIND_KEY, referenceTo } from './rule.js';
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

const SUMMARY_SHOWN = 3;
/** An agent can be denied as often as it likes; a refusal must not cost more than a decision. */
const SUMMARY_LOOKED_AT = 64;

/**
 * What the policy allows instead of a denied action, at most three short lines for the hint an agent reads: the same
 * action under its conditions, else its neighbours in the same family. `kind` is that of the repeater, when it is known.
 */
export function allowedSummary(policy: CompiledPolicy, action: string, kind?: string): string[] {
  const forKind = (compiled: CompiledRule): boolean =>
    grants(compiled) && (kind === undefined || !otherKind(compiled, kind));
  const same = [...rulesFor(policy, action)]
    .filter(forKind)
    .slice(0, SUMMARY_LOOKED_AT)
    .map((compiled) => describeGrant([action], compiled));
  if (same.length > 0) return unique(same);
  const family = action.split('.').slice(0, -1).join('.');
  const neighbours: string[] = [];
  for (const compiled of policy.byId.values()) {
    if (neighbours.length >= SUMMARY_LOOKED_AT) break;
    if (!forKind(compiled)) continue;
    const near = compiled.rule.actions.filter((pattern) => pattern.startsWith(`${family}.`));
    if (near.length > 0) neighbours.push(describeGrant(near, compiled));
  }
  return unique(neighbours);
}

/** The rule is about repeaters of another kind; naming it would help nobody. */
function otherKind(compiled: CompiledRule, kind: string): boolean {
  return compiled.conditions.some(({ key, test }) => key === KIND_KEY && !test(kind).all);
}

function grants(compiled: CompiledRule): boolean {
  return (
    compiled.rule.effect === 'allow' && compiled.rule.layer !== 'project' && compiled.rule.layer !== 'builtin'
  );
}

/** Conditions on params are something the caller can meet; those on `$` keys say which actions the rule means. */
function describeGrant(actions: string[], compiled: CompiledRule): string {
  const { rule } = compiled;
  const adjectives = annotationTexts(rule.where);
  const subject = adjectives.length === 0 ? listText(actions) : subjectText(rule.actions, adjectives);
  const conditions = conditionTexts(paramConditions(rule.where));
  return conditions.length === 0 ? subject : `${subject} where ${conditions.join(' and ')}`;
}

function subjectText(patterns: string[], adjectives: string[]): string {
  const kind = adjectives.join(' ');
  return patterns.includes('**') ? `${kind} actions` : `${listText(patterns)} (${kind})`;
}

function listText(actions: string[]): string {
  return actions.slice(0, SUMMARY_SHOWN).join(', ') + (actions.length > SUMMARY_SHOWN ? ', …' : '');
}

function unique(lines: string[]): string[] {
  return [...new Set(lines)].sort().slice(0, SUMMARY_SHOWN);
}
