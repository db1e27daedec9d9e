// What is wrong with a file, where, and what to write instead.

import { TurretError } from '../errors.js';

export interface Problem {
  file: string;
  /** From 1. Absent when the file as a whole is meant. */
  line?: number;
  column?: number;
  message: string;
  hint?: string;
}

/** `turret.yaml:3:5: unknown key "rulez" (did you mean "rules"?)`. What comes from the file is JSON text already. */
export function formatProblem(problem: Problem): string {
  const place = problem.line === undefined ? '' : `:${problem.line}:${problem.column ?? 1}`;
  return `${problem.file}${place}: ${problem.message}${problem.hint === undefined ? '' : ` (${problem.hint})`}`;
}

/** In the order of the file. */
export function byPlace(left: Problem, right: Problem): number {
  return (left.line ?? 0) - (right.line ?? 0) || (left.column ?? 0) - (right.column ?? 0);
}

/** All problems as one error: the first is the message, the others its hints. `configFile`: what `--config` named. */
export function configError(problems: readonly Problem[], configFile: string | undefined): TurretError {
  const [first, ...others] = problems.map(formatProblem);
  const named = configFile === undefined ? '' : ` --config ${configFile}`;
  return new TurretError('config_invalid', first ?? 'the configuration is not valid', {
    hints: [...others, `check it with: turret policy check${named}`],
  });
}
