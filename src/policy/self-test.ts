// The `tests:` of a turret.yaml: decisions its author relies on.

import { CAUTIOUS } from '../protocol/messages.js';
import type { Annotations, Params } from '../protocol/messages.js';
import type { CompiledPolicy } from './compile.js';
import { decide } from './decide.js';
import type { Decision } from './decide.js';
import type { Effect } from './rule.js';

/** One of them. */
export interface PolicyTest {
  action: string;
  params: Params;
  /** Kind of the repeater; that of the configured one when absent. */
  kind?: string;
  annotations: Partial<Annotations>;
  expect: Effect;
  /** The rule that must decide. */
  by?: string;
  file: string;
  line: number;
}
export interface PolicyTestResult {
  test: PolicyTest;
  decision: Decision;
  passed: boolean;
  /** What is different from what was expected; absent when it passed. */
  difference?: string;
}

/** Decides on each test. `kindOf` gives the kind of the repeater that owns an action. */
export function runPolicyTests(
  policy: CompiledPolicy,
  tests: readonly PolicyTest[],
  kindOf: (action: string) => string,
): PolicyTestResult[] {
  return tests.map((test) => {
    const { action, params } = test;
    const annotations = { ...CAUTIOUS, ...test.annotations };
    const decision = decide(policy, {
      capability: { action, params, annotations },
      kind: test.kind ?? kindOf(action),
    });
    const difference = differenceOf(test, decision);
    return {
      test,
      decision,
      passed: difference === undefined,
      ...(difference === undefined ? {} : { difference }),
    };
  });
}

function differenceOf(test: PolicyTest, decision: Decision): string | undefined {
  const by = decision.rule?.id ?? 'no rule';
  if (decision.effect !== test.expect) return `expected ${test.expect}, got ${decision.effect} by ${by}`;
  if (test.by !== undefined && decision.rule?.id !== test.by)
    return `expected ${test.expect} by ${test.by}, got it by ${by}`;
  return undefined;
}
