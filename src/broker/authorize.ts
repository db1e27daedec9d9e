// The decision on everything a call needs, and the sentence an agent gets when the answer is no.

import { TurretError } from '../errors.js';
import { allowedSummary } from '../policy/alternatives.js';
import type { CompiledPolicy } from '../policy/compile.js';
import { type CallDecision, decideAll } from '../policy/decide.js';
import type { Capability, Params } from '../protocol/messages.js';
import { type Principal, lineage } from './keys.js';

/** What was decided, by the policy or by what a token was given. */
export interface Decided extends Omit<CallDecision, 'reason'> {
  reason: CallDecision['reason'] | 'token';
}

export interface Asked {
  policy: CompiledPolicy;
  /** Kind of the repeater that would perform it. */
  kind: string;
  capabilities: Capability[];
  caller: Principal;
}

const SHOWN_PARAMS = ['bucket', 'key', 'prefix', 'repo', 'path', 'region', 'number'];

/**
 * Asks policy, has the answer recorded by `record`, then throws TurretError denied unless it was allow.
 * An `ask` is denied with a hint: there is nobody to ask yet.
 */
export function requireAllowed(asked: Asked, record: (decision: Decided) => void): Decided {
  const { kind, capabilities } = asked;
  const { decision, by, policy } = decideFor(asked);
  record(decision);
  if (decision.effect === 'allow') return decision;
  const capability = capabilities.find(({ action }) => action === decision.action);
  const params = capability?.params ?? {};
  const what = `${decision.action}${describe(params)}`;
  // A deny rule beats the allow rule beside it, so naming the action itself would be no help.
  const alternatives = allowedSummary(policy, decision.action, kind).filter(
    (line) => line !== decision.action,
  );
  const instead = alternatives.length === 0 ? '' : `; allowed here: ${alternatives.join('; ')}`;
  throw new TurretError('denied', `denied ${what} ${why(decision, by)}`, {
    hints: [`retrying will not help${instead}; ${byWhom(decision, by)}${byName(capability)}`],
    ...(decision.rule === undefined ? {} : { rule: decision.rule.id }),
  });
}

// The policy speaks first. Then every token on the way, each of which can only say no: what a parent cannot do its child cannot.
function decideFor({ policy, kind, capabilities, caller }: Asked): {
  decision: Decided;
  by: Principal | undefined;
  policy: CompiledPolicy;
} {
  const decision = decideAll(policy, capabilities, kind);
  if (decision.effect !== 'allow') return { decision, by: undefined, policy };
  for (const by of lineage(caller)) {
    if (by.grants === undefined) continue;
    const given = decideAll(by.grants.policy, capabilities, kind);
    if (given.effect === 'allow') continue;
    const { action } = given;
    return {
      decision: { ...decision, effect: 'deny', reason: 'token', action },
      by,
      policy: by.grants.policy,
    };
  }
  return { decision, by: undefined, policy };
}

function byWhom({ action }: Decided, by: Principal | undefined): string {
  return by === undefined
    ? `a human can allow it in turret.yaml (turret policy explain ${action})`
    : 'whoever gave the token can give another';
}

// An allow rule with a wildcard would have matched but for this, and its author would look for a mistake.
function byName(capability: Capability | undefined): string {
  return capability?.annotations.secretOutput === true
    ? ', by its full name because what it returns may be a secret'
    : '';
}

function why(decision: Decided, by: Principal | undefined): string {
  const rule = decision.rule === undefined ? '' : ` "${decision.rule.id}"`;
  if (decision.effect === 'ask') return `: rule${rule} wants a human's approval, and there is no one to ask`;
  switch (decision.reason) {
    case 'rule':
      return `by rule${rule}`;
    case 'rule_error':
      return `because rule${rule} could not judge it`;
    case 'project':
      return 'because the project file does not list it';
    case 'default':
      return 'because no rule allows it';
    case 'token':
      return `because the token "${by?.label}" was not given it`;
  }
}

function describe(params: Params): string {
  const shown = SHOWN_PARAMS.filter((name) => params[name] !== undefined).map(
    (name) => `${name}=${JSON.stringify(params[name])}`,
  );
  return shown.length === 0 ? '' : ` (${shown.join(' ').slice(0, 200)})`;
}
