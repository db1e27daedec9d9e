// The decision on everything a call needs, and the sentence an agent gets when the answer is no.

import { TurretError } from '../errors.js';
import type { CompiledPolicy } from '../policy/compile.js';
import { type CallDecision, decideAll } from '../policy/decide.js';
import { allowedSummary } from '../policy/explain.js';
import type { Capability, Params } from '../protocol/messages.js';

export type Decided = CallDecision;

const SHOWN_PARAMS = ['bucket', 'key', 'prefix', 'repo', 'path', 'region', 'number'];

/**
 * Asks policy, has the answer recorded by `record`, then throws TurretError denied unless it was allow.
 * An `ask` is denied with a hint: there is nobody to ask yet.
 */
export function requireAllowed(
  policy: CompiledPolicy,
  kind: string,
  capabilities: Capability[],
  record: (decision: Decided) => void,
): Decided {
  const decision = decideAll(policy, capabilities, kind);
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
  throw new TurretError('denied', `denied ${what} ${why(decision)}`, {
    hints: [
      `retrying will not help${instead}; a human can allow it in turret.yaml${byName(capability)} (turret policy explain ${decision.action})`,
    ],
    ...(decision.rule === undefined ? {} : { rule: decision.rule.id }),
  });
}

// An allow rule with a wildcard would have matched but for this, and its author would look for a mistake.
function byName(capability: Capability | undefined): string {
  return capability?.annotations.secretOutput === true
    ? ', by its full name because what it returns may be a secret'
    : '';
}

function why(decision: Decided): string {
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
  }
}

function describe(params: Params): string {
  const shown = SHOWN_PARAMS.filter((name) => params[name] !== undefined).map(
    (name) => `${name}=${JSON.stringify(params[name])}`,
  );
  return shown.length === 0 ? '' : ` (${shown.join(' ').slice(0, 200)})`;
}
