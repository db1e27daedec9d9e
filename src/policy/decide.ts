// deny > ask > allow > default deny. Neither the order of rules nor how specific they are matters, so that reading any one
// deny rule is enough to know what it forbids.

import { DECISION_OTHERS_MAX } from '../protocol/limits.js';
import type { Capability } from '../protocol/messages.js';
import { rulesFor } from './compile.js';
import type { CompiledPolicy } from './compile.js';
import { matchRule } from './match.js';
import type { DecisionRequest, RuleMatch } from './match.js';
import { LAYERS, referenceTo } from './rule.js';
import type { Effect, Rule, RuleReference } from './rule.js';

/**
 * Why: a rule said so; no rule grants it; a rule could not compare a value and refuses for that; or the project file
 * lists what it allows and this is not on the list.
 */
export type Reason = 'rule' | 'default' | 'rule_error' | 'project';

export interface Decision {
  effect: Effect;
  reason: Reason;
  /** The rule that decided. Absent with `default` and `project`. */
  rule?: RuleReference;
  /** Other rules that match, whatever their effect; at most DECISION_OTHERS_MAX. */
  others: RuleReference[];
  /** Ids of the rules whose `limit` this call has to keep, all of them. */
  limits: string[];
}

/** The decision on all capabilities of one call: the strictest, and which capability it is about. */
export interface CallDecision extends Decision {
  action: string;
  decisions: Decision[];
}

interface Matched extends RuleMatch {
  rule: Rule;
}

/** Decides on one capability. Never throws for any capability; what it cannot understand it denies. */
export function decide(policy: CompiledPolicy, request: DecisionRequest): Decision {
  const { action } = request.capability;
  if (!isActionName(action)) return { effect: 'deny', reason: 'default', others: [], limits: [] };
  const matched: Matched[] = [];
  for (const compiled of rulesFor(policy, action)) {
    const match = matchRule(compiled, request);
    if (match.part) matched.push({ rule: compiled.rule, ...match });
  }
  matched.sort(byLayerAndId);
  const { effect, reason, by } = judge(policy, matched);
  const others = matched.filter((match) => match !== by && (match.whole || match.rule.effect !== 'allow'));
  return {
    effect,
    reason,
    ...(by === undefined ? {} : { rule: referenceTo(by.rule) }),
    others: others.slice(0, DECISION_OTHERS_MAX).map((match) => referenceTo(match.rule)),
    limits: matched.filter(limits).map((match) => match.rule.id),
  };
}

function judge(policy: CompiledPolicy, matched: Matched[]): { effect: Effect; reason: Reason; by?: Matched } {
  const denies = matched.filter(({ rule }) => rule.effect === 'deny');
  const deny = denies.find((match) => !match.error) ?? denies[0];
  if (deny) return { effect: 'deny', reason: deny.error ? 'rule_error' : 'rule', by: deny };

  // A project rule grants nothing: the agent may have written it.
  const grants = matched.filter(({ rule, whole }) => whole && rule.layer !== 'project');
  const allow = grants.find(({ rule }) => rule.effect === 'allow');
  if (grants.length === 0) return { effect: 'deny', reason: 'default' };
  if (policy.projectAllows && !matched.some(keepsInProject)) return { effect: 'deny', reason: 'project' };

  // Before a grant an ask rule is a guard, and a guard looks like a deny does: part of the call is enough.
  const asks = matched.filter(({ rule, whole }) => rule.effect === 'ask' && (whole || allow !== undefined));
  const ask = asks.find((match) => !match.error) ?? asks[0];
  if (ask) return { effect: 'ask', reason: ask.error ? 'rule_error' : 'rule', by: ask };
  return allow ? { effect: 'allow', reason: 'rule', by: allow } : { effect: 'deny', reason: 'default' };
}

function keepsInProject({ rule, whole }: Matched): boolean {
  return whole && rule.effect !== 'deny' && (rule.layer === 'project' || rule.layer === 'builtin');
}

function limits({ rule, whole }: Matched): boolean {
  return rule.limit !== undefined && (whole || rule.effect === 'ask');
}

/** The nearest layer first, then by id: which rule is named must not depend on the order in the file either. */
function byLayerAndId(left: Matched, right: Matched): number {
  const layers = LAYERS.indexOf(right.rule.layer) - LAYERS.indexOf(left.rule.layer);
  if (layers !== 0) return layers;
  return left.rule.id < right.rule.id ? -1 : 1;
}

const STRICTNESS: Record<Effect, number> = { deny: 2, ask: 1, allow: 0 };

/** Decides on everything one call needs. The strictest decision wins; nothing to decide on is a deny. */
export function decideAll(policy: CompiledPolicy, capabilities: Capability[], kind: string): CallDecision {
  const decisions = capabilities.map((capability) => decide(policy, { capability, kind }));
  let strictest = 0;
  for (const [index, decision] of decisions.entries()) {
    const winner = decisions[strictest];
    if (winner && STRICTNESS[decision.effect] > STRICTNESS[winner.effect]) strictest = index;
  }
  const winner = decisions[strictest] ?? { effect: 'deny', reason: 'default', others: [], limits: [] };
  const limits = [...new Set(decisions.flatMap((decision) => decision.limits))];
  return { ...winner, limits, action: capabilities[strictest]?.action ?? '', decisions };
}

/** `<repeater>.<words>`: lower snake segments, two or more, the first one starting with a letter. */
export function isActionName(action: string): boolean {
  const segments = action.split('.');
  return (
    segments.length >= 2 && /^[a-z]/.test(action) && segments.every((segment) => /^[a-z0-9_]+$/.test(segment))
  );
}
