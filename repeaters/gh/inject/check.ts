// May gh send this? The second gate: a mistake in the grammar of the command line ends here. Pure.

import { readGraphql, repositoryOf, type RootField } from '../graphql/document.js';
import { widensSearch } from '../resolve/search.js';
import type { GhWireAllowance } from '../types.js';
import { isDeepStrictEqual } from 'node:util';

/** A reason to refuse, or undefined. */
export type Refusal = string | undefined;

/**
 * @param path without the query string, as github.com has it
 * @param query the query string, without `?`
 */
export function checkRest(
  request: { method: string; path: string; query?: string },
  allow: readonly GhWireAllowance[],
): Refusal {
  const parts = partsOf(request.path);
  const dotted = parts.some((part) => part === '' || part === '.' || part === '..');
  if (!request.path.startsWith('/') || dotted || /%(?:2e|5c|25|7f|[01][0-9a-f])|[\\;#]/i.test(request.path)) {
    return 'the path is unusual';
  }
  const fits = allow.some(({ routes, repos, searchScoped }) =>
    routes.some((route) => {
      const [method = '', pattern = ''] = route.split(' ');
      if (method !== request.method) return false;
      if (searchScoped && SEARCH.test(pattern) && !searchesInside(request.query, repos)) return false;
      if (!pattern.includes('{repo}')) return matches(pattern, parts);
      return repos.some((repo) => matches(pattern.replace('{repo}', repo), parts));
    }),
  );
  return fits ? undefined : `${request.method} ${request.path} is not part of what was allowed`;
}

/** The API's own address is the one path without a part. */
const partsOf = (path: string): string[] => (path === '/' ? [] : path.slice(1).split('/'));

/** A subcommand's search; one that was typed as a path is approved with its query. */
const SEARCH = /^\/search\//;

function searchesInside(query: string | undefined, repos: readonly string[]): boolean {
  const [q, ...more] = new URLSearchParams(query).getAll('q');
  return q !== undefined && more.length === 0 && staysInside(q, repos);
}

function matches(pattern: string, parts: readonly string[]): boolean {
  const wanted = partsOf(pattern);
  const open = wanted.at(-1) === '**';
  if (open) wanted.pop();
  if (open ? parts.length <= wanted.length : parts.length !== wanted.length) return false;
  return wanted.every((part, i) => part === '*' || same(part, parts[i] ?? '', i));
}

/** Owner and name of a repository do not differ by case; everything else does. */
function same(wanted: string, part: string, i: number): boolean {
  return wanted === part || ((i === 1 || i === 2) && wanted.toLowerCase() === part.toLowerCase());
}

/** @param body the request body as it will be sent */
export function checkGraphql(body: string, allow: readonly GhWireAllowance[]): Refusal {
  const request = parseBody(body);
  if (!request) return 'the GraphQL request is not understood';
  const { query, variables, operationName } = request;
  const read = readGraphql(query, variables, operationName);
  if (!read || read.roots.length === 0) return 'the GraphQL document is not understood';
  const reasons = allow.map((one) =>
    one.graphql ? checkExact(request, one.graphql) : checkRoots(read, one),
  );
  return reasons.includes(undefined) ? undefined : (reasons[0] ?? 'GraphQL is not part of what was allowed');
}

interface Body {
  query: string;
  variables: Record<string, unknown>;
  operationName?: string;
}

function parseBody(body: string): Body | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    // The caller refuses what is not JSON.
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { query, variables, operationName, ...more }: Record<string, unknown> = { ...value };
  const named = operationName === undefined || operationName === null || typeof operationName === 'string';
  const valued =
    variables === undefined ||
    variables === null ||
    (typeof variables === 'object' && !Array.isArray(variables));
  if (typeof query !== 'string' || !named || !valued || Object.keys(more).length > 0) return undefined;
  const name = typeof operationName === 'string' && operationName !== '' ? { operationName } : {};
  return { query, variables: { ...variables }, ...name };
}

/** `gh api graphql`: exactly what was approved; only the cursor moves from page to page. */
function checkExact(sent: Body, wanted: NonNullable<GhWireAllowance['graphql']>): Refusal {
  const variables = { ...sent.variables };
  if (wanted.paginate && !Object.hasOwn(wanted.variables, 'endCursor')) delete variables['endCursor'];
  const fits =
    sent.query === wanted.query &&
    sent.operationName === wanted.operationName &&
    isDeepStrictEqual(variables, { ...wanted.variables });
  return fits ? undefined : 'the GraphQL request is not the one that was allowed';
}

function checkRoots(
  { operation, roots }: { operation: string; roots: RootField[] },
  allow: GhWireAllowance,
): Refusal {
  for (const root of roots) {
    const reason = operation === 'mutation' ? checkMutation(root, allow) : checkQuery(root, allow);
    if (operation === 'subscription' || reason !== undefined)
      return reason ?? 'a subscription is not allowed';
  }
  return undefined;
}

function checkMutation({ name }: RootField, { mutations }: GhWireAllowance): Refusal {
  return mutations.includes(name) ? undefined : `the mutation ${name} is not part of what was allowed`;
}

function checkQuery(root: RootField, allow: GhWireAllowance): Refusal {
  const { name, args } = root;
  const refused = `the query ${name} is not part of what was allowed`;
  if (name === 'repository') {
    const repo = repositoryOf(root);
    const fits = repo !== undefined && (allow.repos.includes(repo) || allow.queries.includes('repository'));
    return fits ? undefined : 'another repository is not part of what was allowed';
  }
  if (!allow.queries.includes(name)) return refused;
  // gh looks for teams and projects of the owner, and of nobody else.
  const owned = allow.repos.map((repo) => repo.split('/')[0]);
  if (name === 'organization' && owned.length > 0 && !owned.includes(String(args['login']).toLowerCase()))
    return refused;
  if (name !== 'search' || !allow.searchScoped) return undefined;
  return typeof args['query'] === 'string' && staysInside(args['query'], allow.repos) ? undefined : refused;
}

/** The query names one of the repositories, and what is left of it does not reach past them. */
function staysInside(query: string, repos: readonly string[]): boolean {
  // gh's own quotes, with nothing in them that could end them: one word, whatever it says.
  const plain = query.replaceAll(/"[^"\\]*"/g, '""');
  const named = new RegExp(String.raw`(?:^|\s)repo:(\S+)(?=\s|$)`, 'gi');
  const names = [...plain.matchAll(named)].map((match) => (match[1] ?? '').replaceAll('"', '').toLowerCase());
  return (
    names.length > 0 &&
    names.every((name) => repos.includes(name)) &&
    !widensSearch(plain.replace(named, ' '))
  );
}
