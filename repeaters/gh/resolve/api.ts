// `gh api`: method and path make the action.

import type { Capability, Needs, ParamValue, Params, ResolveResult } from '../../../src/protocol/messages.js';
import type { GhCommand, GhContext } from '../types.js';
import { snake } from './annotations.js';
import { parseApiPath, PLACEHOLDER, type ApiPath } from './api-path.js';
import { mintsCredential, reachesAnother, routeOf } from './api-routes.js';
import { annotate } from './annotations.js';
import { carryFile, checkField, readFields } from './fields.js';
import { resolveGraphql } from './graphql.js';
import { parseWords } from './grammar.js';
import { checkJq, checkTemplate } from './programs.js';
import { refusal } from './refusal.js';
import { widensSearch } from './search.js';

const METHODS = {
  GET: 'read',
  HEAD: 'read',
  POST: 'write',
  PUT: 'write',
  PATCH: 'write',
  DELETE: 'destructive',
} as const;
type ApiMethod = keyof typeof METHODS;

function isMethod(word: string): word is ApiMethod {
  return Object.hasOwn(METHODS, word);
}

/** Everything that was typed, read but not yet named. */
export interface ApiCall {
  params: Params;
  needs: Needs;
  fields: string[];
  rawFields: string[];
  method: ApiMethod;
  methodTyped: boolean;
}

/** @throws TurretError `unresolvable` for another host, a header, a placeholder, an unusual path */
export function resolveApi(
  command: GhCommand,
  words: readonly string[],
  { context, cwd }: { context: GhContext; cwd: string },
): ResolveResult {
  const { flags, positionals } = parseWords(command, 'api', words);
  const [endpoint, ...more] = positionals;
  if (endpoint === undefined || endpoint === '' || more.length > 0) {
    throw refusal('gh api wants one endpoint', 'type gh api repos/OWNER/REPO/pulls, flags as --flag=value');
  }
  const call = readApiFlags(flags, cwd);
  if (endpoint === 'graphql') return resolveGraphql(call, context);
  return restCapability(parseApiPath(endpoint), call, context);
}

function readApiFlags(flags: ReadonlyMap<string, ParamValue>, cwd: string): ApiCall {
  const params: Params = {};
  const needs: Needs = { stdin: false, files: [] };
  for (const [long, value] of flags) if (long !== 'method') params[snake(long)] = value;
  for (const header of textList(flags.get('header'))) checkHeader(header);
  const { jq, template, silent, paginate, input } = params;
  if ([jq, template, silent === true || undefined].filter((value) => value !== undefined).length > 1) {
    throw refusal('--jq, --template and --silent exclude each other', 'give one of them');
  }
  if (typeof jq === 'string') checkJq(jq);
  if (typeof template === 'string') checkTemplate(template);
  if (typeof input === 'string') params['input'] = carryFile(input, { cwd, what: '--input' }, needs);
  const rawFields = textList(flags.get('raw-field')).map(checkField);
  const fields = readFields(textList(flags.get('field')), cwd, needs);
  if (fields.some((field) => PLACEHOLDER.test(field.slice(field.indexOf('='))))) {
    throw refusal('a field has a placeholder', 'write owner and name out, or use -f');
  }
  if (fields.length > 0) params['field'] = fields;
  if (rawFields.length > 0) params['raw_field'] = rawFields;
  const typed = flags.get('method');
  const body = fields.length + rawFields.length > 0 || input !== undefined;
  const method = String(typed ?? (body ? 'POST' : 'GET')).toUpperCase();
  if (!isMethod(method))
    throw refusal(`${JSON.stringify(method)} is not a method`, 'use GET, POST, PUT, PATCH or DELETE');
  if (paginate === true && input !== undefined)
    throw refusal('--paginate and --input exclude each other', 'give one of them');
  return { params, needs, fields, rawFields, method, methodTyped: typed !== undefined };
}

function textList(value: ParamValue | undefined): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

/** gh splits at the first colon and sends what it finds: only these two change nothing but the form of the answer. */
function checkHeader(header: string): void {
  if (!/^(?:accept|x-github-api-version): ?[A-Za-z0-9 ./+;=,*_-]{1,200}$/i.test(header)) {
    throw refusal(
      `the header ${JSON.stringify(header.split(':')[0])} is not available`,
      'only Accept and X-GitHub-Api-Version are',
    );
  }
}

function restCapability(path: ApiPath, call: ApiCall, context: GhContext): ResolveResult {
  const { method, params, needs } = call;
  if (params['paginate'] === true && method !== 'GET')
    throw refusal('--paginate is for GET', 'leave it out, or add -X GET');
  if (params['input'] !== undefined && (method === 'GET' || method === 'HEAD')) {
    throw refusal(`a ${method} has no body`, 'leave --input out');
  }
  const query: Params = path.query.length > 0 ? { query: path.query } : {};
  const typed: Params = call.methodTyped ? { method } : {};
  const scope: Params = path.repo === undefined ? {} : { repo: path.repo };
  const shared = { ...scope, path: path.path, ...query, ...typed, ...params };
  const kind = METHODS[method];
  const annotations = { ...annotate(kind), secretOutput: kind !== 'read' && mintsCredential(path) };
  const route = method === 'GET' ? routeOf(path) : undefined;
  if (!route) {
    const word = kind === 'read' ? 'get' : method.toLowerCase();
    const capability = { action: `${context.name}.api.${word}`, params: shared, annotations };
    const unbounded = reachesAnother(path) ? { unbounded: ['repo', 'path'] } : {};
    return { capabilities: [{ ...capability, ...unbounded }], needs };
  }
  const capability: Capability = {
    action: `${context.name}.${route.action}`,
    params: { ...route.params, command: 'api', ...shared },
    annotations: { ...annotations, ...route.annotations },
  };
  const unbounded = searchesWide(route.action, capability.params) ? { unbounded: ['repo'] } : {};
  return { capabilities: [{ ...capability, ...unbounded }], needs };
}

/** A search or a global list is not bound to a repository by anything in its path. */
function searchesWide(action: string, params: Params): boolean {
  if (params['repo'] === undefined) return true;
  const query = [params['query'] ?? []].flat().join(' ');
  return action.startsWith('search.') && widensSearch(query);
}
