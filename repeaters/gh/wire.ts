// What gh may say on the wire while it performs one capability. Learned from gh 2.23's own requests; what is missing
// here is answered 403 and shows up as a refused call, never as a wider one.

import type { Capability } from '../../src/protocol/messages.js';
import { actionName } from './resolve/annotations.js';
import { readBody } from './resolve/graphql.js';
import type { GhCommand, GhContext, GhWireAllowance } from './types.js';

/** Roots of the queries gh makes around a repository: who am I, search, details of a thing just read, features. */
const USUAL_QUERIES = ['viewer', 'search', 'node', '__type', 'organization', 'user', 'rateLimit'];
const NOTHING: GhWireAllowance = { repos: [], routes: [], mutations: [], queries: [], searchScoped: true };

export function allowanceOf(capability: Capability, context: GhContext): GhWireAllowance {
  const { action, params } = capability;
  const words = action.slice(context.name.length + 1);
  if (words.startsWith('cli.')) return NOTHING;
  if (words.startsWith('api.graphql_')) return { ...NOTHING, graphql: graphqlOf(capability) };
  if (words.startsWith('api.') || params['command'] === 'api')
    return { ...NOTHING, searchScoped: false, routes: [apiRoute(words, capability)] };
  const found = Object.entries(context.table.commands).find(
    ([name]) => actionName(context.name, name) === action,
  );
  return found ? commandAllowance(found[1], capability) : NOTHING;
}

function apiRoute(words: string, { params }: Capability): string {
  const named = /^api\.(post|put|patch|delete)$/.exec(words)?.[1] ?? 'get';
  return `${String(params['method'] ?? named).toUpperCase()} ${String(params['path'])}`;
}

function graphqlOf({ params }: Capability): NonNullable<GhWireAllowance['graphql']> {
  const texts = (name: string): string[] => [params[name] ?? []].flat().map(String);
  const rawFields = [`query=${String(params['query'])}`, ...texts('raw_field')];
  return { ...readBody({ fields: texts('field'), rawFields }), paginate: params['paginate'] === true };
}

function commandAllowance(command: GhCommand, { params, unbounded }: Capability): GhWireAllowance {
  const named = [params['repo'], params['source_repo'], params['destination_repo']];
  const repos = named.flatMap((value) => value ?? []).map(String);
  const below = (command.writes ?? []).map((route) => {
    const [method = '', path = ''] = route.split(' ');
    return `${method} /repos/{repo}${path === '/' ? '' : path}`;
  });
  const reads =
    repos.length > 0 ? ['GET /repos/{repo}', 'GET /repos/{repo}/**', 'HEAD /repos/{repo}/**'] : [];
  return {
    repos,
    routes: [...reads, ...(repos.length > 0 ? below : []), ...(command.routes ?? [])],
    mutations: command.mutations ?? [],
    queries: command.queries ?? (repos.length > 0 ? USUAL_QUERIES : []),
    searchScoped: repos.length > 0 && unbounded?.includes('repo') !== true,
  };
}
