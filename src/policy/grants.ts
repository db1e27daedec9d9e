// What a token was given, as a policy of its own. It is asked beside the real one and both must say yes, so that whatever is
// written in it takes away and never adds.

import type { ParamScalar } from '../protocol/messages.js';
import { type CompiledPolicy, compile } from './compile.js';
import type { Condition } from './rule.js';

/** Throws TurretError config_invalid for patterns and params that are none. */
export function compileGrants(
  grants: readonly { allow: string[]; where: Record<string, ParamScalar[]> }[],
): CompiledPolicy {
  return compile({
    limits: [],
    rules: grants.map(({ allow, where }, index) => ({
      id: `grant-${index + 1}`,
      effect: 'allow',
      actions: allow,
      where: Object.fromEntries(Object.entries(where).map(([key, values]) => [key, conditionOf(values)])),
      layer: 'user',
    })),
  });
}

function conditionOf(values: ParamScalar[]): Condition {
  const texts = values.filter((value) => typeof value === 'string');
  return texts.length === values.length ? { glob: texts } : { in: values };
}
