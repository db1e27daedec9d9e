// gh joins `repo:OWNER/NAME` and the agent's query with a space. On GitHub two `repo:` terms are a union and OR binds
// loosely, so a query can reach past the repository that policy saw.

const WIDENING = /(?:^|[\s("'])-?(?:repo|org|user|owner|enterprise)\s*:/i;
const BOOLEAN = /(?:^|\s)(?:OR|NOT|AND)(?:\s|$)|[()|]/;

/** True when the query could reach other repositories than the one it is joined with. */
export function widensSearch(query: string): boolean {
  return WIDENING.test(query) || BOOLEAN.test(query);
}
