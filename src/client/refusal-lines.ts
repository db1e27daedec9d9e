// What a model, or a person, reads when a call did not happen. Most of it was chosen by others: the agent's own
// words, names of a bucket's owner, a repeater's message. None of it may move a cursor or begin a line of its own.

import { clip, escapeForeign } from '../audit/escape.js';
import type { TurretError } from '../errors.js';

const LINE_CHARACTERS_MAX = 2_000;

/** One or two lines, each ending in a newline: what, then what to do instead. */
export function refusalLines(error: TurretError): string {
  const what = error.code === 'denied' ? error.message : `error: ${error.message}`;
  const hints = error.hints.length === 0 ? [] : [`hint: ${error.hints.join('; ')}`];
  return [what, ...hints]
    .map((text) => `turret: ${clip(escapeForeign(text), LINE_CHARACTERS_MAX)}\n`)
    .join('');
}
