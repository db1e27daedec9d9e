// What would be allowed instead: a few short lines for the agent that was denied.

import type { CompiledPolicy, CompiledRule } from './compile.js';
import { rulesFor } from './compile.js';
import { annotationTexts, conditionTexts, paramConditions } from './describe.js';
import { KIND_KEY } from './rule.js';

const SUMMARY_SHOWN = 3;
/** An agent can be denied as often as it likes; a refusal must not cost more than a decision. */
const SUMMARY_LOOKED_AT = 64;
/** Most agents that are denied are denied the same again. */
const SUMMARIES_KEPT = 64;

/**
 * What the policy allows instead of a denied action, at most three short lines for the hint an agent reads: the same
 * action under its conditions, else its neighbours in the same family. `kind` is that of the repeater, when it is known.
 */
export function allowedSummary(policy: CompiledPolicy, action: string, kind?: string): string[] {
  const key = `${kind ?? ''} ${action}`;
  const lines = policy.summaries.get(key) ?? summaryOf(policy, action, kind);
  if (policy.summaries.size >= SUMMARIES_KEPT) policy.summaries.clear();
  policy.summaries.set(key, lines);
  return lines;
}

function summaryOf(policy: CompiledPolicy, action: string, kind: string | undefined): string[] {
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
export function otherKind(compiled: CompiledRule, kind: string): boolean {
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
