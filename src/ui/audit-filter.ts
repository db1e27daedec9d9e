// `--action PATTERN` means what a pattern means in a rule.

import { TurretError } from '../errors.js';
import { actionPatternProblem, compileAction } from '../policy/pattern.js';

/** The pattern as a test of action names. Throws `usage` with what is wrong with it. */
export function actionFilter(pattern: string): (action: string) => boolean {
  const problem = actionPatternProblem(pattern);
  if (problem === undefined) return compileAction(pattern);
  throw new TurretError('usage', problem.message, {
    hints: problem.hint === undefined ? [] : [problem.hint],
  });
}
