// A policy made ready: patterns compiled, rules filed under the fixed front of their action patterns, so that a decision
// looks at the rules that can concern its action and at no others, however many there are.

import { TurretError } from '../errors.js';
import { RULES_MAX, RULE_CONDITIONS_MAX } from '../protocol/limits.js';
import { compileCondition } from './condition.js';
import type { ConditionTest } from './condition.js';
import { actionPatternProblem, compileAction, globPatternProblem, pathPatternProblem } from './pattern.js';
import type { Matcher } from './pattern.js';
import { ANNOTATION_KEYS, EFFECTS, KIND_KEY, LAYERS, OPERATORS } from './rule.js';
import type { Condition, Policy, Rule, SessionLimit } from './rule.js';

export interface CompiledRule {
  rule: Rule;
  /** Actions it names outright. Only these let a rule grant something whose output is a credential. */
  exact: Set<string>;
  except: Matcher[];
  conditions: { key: string; test: ConditionTest }[];
}
interface Entry {
  matches: Matcher;
  compiled: CompiledRule;
}

export interface CompiledPolicy {
  limits: SessionLimit[];
  byId: Map<string, CompiledRule>;
  /** The project file has allow rules: of what the other layers grant, only what it lists too is left. */
  projectAllows: boolean;
  index: Map<string, Entry[]>;
  /** What was said instead of a denied action, by kind and action. */
  summaries: Map<string, string[]>;
}

/** Makes a policy ready for `decide`. Throws `config_invalid` rather than drop a rule it cannot use: it might be a deny. */
export function compile(policy: Policy): CompiledPolicy {
  if (policy.rules.length > RULES_MAX)
    throw new TurretError('config_invalid', `more than ${RULES_MAX} rules`);
  const compiled: CompiledPolicy = {
    limits: policy.limits,
    byId: new Map(),
    projectAllows: policy.rules.some((rule) => rule.layer === 'project' && rule.effect === 'allow'),
    index: new Map(),
    summaries: new Map(),
  };
  for (const rule of policy.rules) {
    const ready = compileRule(rule);
    if (compiled.byId.has(rule.id))
      throw new TurretError('config_invalid', `two rules have the id ${rule.id}`);
    compiled.byId.set(rule.id, ready);
    for (const pattern of rule.actions) file(compiled.index, pattern, ready);
  }
  return compiled;
}

function compileRule(rule: Rule): CompiledRule {
  if (!EFFECTS.includes(rule.effect)) throw invalid(rule, 'the effect is none of allow, ask, deny');
  if (!LAYERS.includes(rule.layer)) throw invalid(rule, 'the layer is unknown');
  const entries = Object.entries(rule.where);
  if (entries.length > RULE_CONDITIONS_MAX)
    throw invalid(rule, `more than ${RULE_CONDITIONS_MAX} conditions`);
  for (const pattern of [...rule.actions, ...(rule.except ?? [])]) {
    const problem = actionPatternProblem(pattern);
    if (problem) throw invalid(rule, problem.message);
  }
  for (const [key, condition] of entries) checkCondition(rule, key, condition);
  return {
    rule,
    exact: new Set(rule.actions.filter((pattern) => !pattern.includes('*'))),
    except: (rule.except ?? []).map(compileAction),
    conditions: entries.map(([key, condition]) => ({ key, test: compileCondition(condition) })),
  };
}

const KNOWN_OPERATORS = new Set<string>(OPERATORS);
const KNOWN_KEYS = new Set<string>([...ANNOTATION_KEYS, KIND_KEY]);

function checkCondition(rule: Rule, key: string, condition: Condition): void {
  if (key.startsWith('$') && !KNOWN_KEYS.has(key)) throw invalid(rule, `unknown key ${key}`);
  const operators = Object.keys(condition);
  if (operators.length === 0) throw invalid(rule, `the condition on ${key} is empty`);
  // An operator that is not tested would hold for everything.
  if (!operators.every((operator) => KNOWN_OPERATORS.has(operator)))
    throw invalid(rule, `the condition on ${key} has an unknown operator`);
  for (const pattern of condition.glob ?? []) {
    const problem = globPatternProblem(pattern);
    if (problem) throw invalid(rule, problem.message);
  }
  for (const pattern of condition.path ?? []) {
    const problem = pathPatternProblem(pattern);
    if (problem) throw invalid(rule, problem.message);
  }
}

function invalid(rule: Rule, message: string): TurretError {
  return new TurretError('config_invalid', `rule ${rule.id}: ${message}`);
}

/** Files a rule under the segments of the pattern before its first `*`. */
function file(index: CompiledPolicy['index'], pattern: string, compiled: CompiledRule): void {
  const segments = pattern.split('.');
  const star = segments.findIndex((segment) => segment.includes('*'));
  const key = (star === -1 ? segments : segments.slice(0, star)).join('.');
  const entries = index.get(key) ?? [];
  entries.push({ matches: compileAction(pattern), compiled });
  index.set(key, entries);
}

/** The rules that cover an action, each once, in no particular order. */
export function rulesFor(policy: CompiledPolicy, action: string): Set<CompiledRule> {
  const found = new Set<CompiledRule>();
  let key = '';
  for (const segment of ['', ...action.split('.')]) {
    key = key === '' ? segment : `${key}.${segment}`;
    for (const entry of policy.index.get(key) ?? []) {
      if (entry.matches(action) && !entry.compiled.except.some((matches) => matches(action)))
        found.add(entry.compiled);
    }
  }
  return found;
}
