// A CLI newer than its table may speak a newer protocol (sqs went from query to json) or a newer path for an operation whose
// meaning has not changed. The other tables may know it. More ways to recognise a request never approve one: an operation
// still has to be in the approved list, and a request that can be several operations needs all of them.

import type { WireService } from './types.js';

function union<T>(a: T[] | undefined, b: T[] | undefined): T[] {
  const all = [...(a ?? []), ...(b ?? [])];
  return [...new Map(all.map((item) => [JSON.stringify(item), item])).values()];
}

/** `own` with what `other` adds. Scalars of `own` win; nothing is added across a change from named operations to paths. */
export function mergeRoutes(own: WireService, other: WireService): WireService {
  if ((own.r === undefined) !== (other.r === undefined)) return own;
  const merged: WireService = { ...other, ...own };
  const protocols = union([own.p, ...(own.ps ?? [])], [other.p, ...(other.ps ?? [])]);
  if (protocols.length > 1) merged.ps = protocols;
  const operations = union(own.o, other.o);
  if (operations.length > 0) merged.o = operations;
  const routes = union(own.r, other.r);
  if (routes.length > 0) merged.r = routes;
  const prefixes = union(own.hp, other.hp);
  if (prefixes.length > 0) merged.hp = prefixes;
  return merged;
}
