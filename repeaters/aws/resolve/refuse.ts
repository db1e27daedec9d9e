// One way to say no. What is refused here was not understood or cannot be bounded; policy never sees it.

import { TurretError } from '../../../src/errors.js';

/** Throws TurretError('unresolvable') with one cause and what to type instead. */
export function refuse(cause: string, hint: string): never {
  throw new TurretError('unresolvable', cause, { hints: [hint] });
}

const QUOTED_MAX = 60;
/** An agent's word inside one of our sentences: JSON-escaped, ASCII only, short. */
export function quote(word: string): string {
  const short = word.length > QUOTED_MAX ? `${word.slice(0, QUOTED_MAX)}…` : word;
  return JSON.stringify(short).replace(/[^ -~…]/gu, (c) => `\\u{${c.codePointAt(0)!.toString(16)}}`);
}
