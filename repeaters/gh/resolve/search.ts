// gh joins `repo:OWNER/NAME` and the agent's query with a space. On GitHub two `repo:` terms are a union and OR binds
// loosely, so a query can reach past the repository that policy saw.

import type { ParamValue, Params } from '../../../src/protocol/messages.js';
import type { GhCommand } from '../types.js';
import { snake } from './annotations.js';

const WIDENING = /(?<!\w)(?:repo|org|user|owner|enterprise)\s*:/i;
const BOOLEAN = /(?:^|\s)(?:OR|NOT|AND)(?:\s|$)|[()|]/;
/** Flags of every kind of list that gh puts into no query: programs for its output. */
const NO_TERM: ReadonlySet<string> = new Set(['jq', 'template', 'json', 'repo']);
/** gh makes `user:` of it, which is a union with `repo:`. */
const OWNER = 'owner';

/** True when the query could reach other repositories than the one it is joined with. */
export function widensSearch(query: string): boolean {
  return WIDENING.test(query) || BOOLEAN.test(query);
}

/** True when the value of a flag could: gh writes it as a term `flag:value`, in quotes when it has a space in it. */
function widensTerm(value: string): boolean {
  // A quotation mark could end gh's own; any other white space is none to gh and one to GitHub.
  if (value.includes('"') || /[^\S ]/.test(value)) return true;
  return value.includes(' ') ? WIDENING.test(value) : widensSearch(value);
}

/** True when a flag of the command widens the search that gh makes of it. */
export function flagsWiden({ flags }: GhCommand, params: Params): boolean {
  return Object.keys(flags).some((long) => {
    const value = params[snake(long)];
    if (value === undefined || NO_TERM.has(long)) return false;
    return long === OWNER || textsOf(value).some(widensTerm);
  });
}

const textsOf = (value: ParamValue): string[] => [value].flat().filter((item) => typeof item === 'string');
