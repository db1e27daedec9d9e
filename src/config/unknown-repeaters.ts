// Rules that can never match, because what they name is not there: a deny with a typo in it denies nothing.

import type { Config } from './config.js';
import { nearest } from './nearest.js';
import type { Problem } from './problem.js';

/** One for each such pattern, in the order of the rules. They may be meant for another machine, so they are no errors. */
export function unknownRepeaters({ policy, repeaters }: Config): Problem[] {
  const known = Object.keys(repeaters);
  return policy.rules.flatMap(({ file, line, actions, except = [] }) => {
    if (file === undefined) return [];
    const names = [...actions, ...except].map((pattern) => pattern.split('.')[0] ?? '');
    const unknown = [...new Set(names)].filter((name) => !name.includes('*') && !known.includes(name));
    return unknown.map((name) => problem(name, known, { file, line }));
  });
}

function problem(
  name: string,
  known: readonly string[],
  at: { file: string; line?: number | undefined },
): Problem {
  const near = nearest(name, known);
  return {
    file: at.file,
    ...(at.line === undefined ? {} : { line: at.line }),
    message: `no repeater is called "${name}", so this never matches`,
    hint: near === undefined ? `repeaters: ${known.join(', ')}` : `did you mean "${near}"?`,
  };
}
