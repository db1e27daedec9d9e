// `gh api graphql`: the action is in the body.

import type { Capability, Params, ResolveResult } from '../../../src/protocol/messages.js';
import { readGraphql, repositoryOf, type GraphqlRequest } from '../graphql/document.js';
import type { GhContext } from '../types.js';
import { annotate } from './annotations.js';
import type { ApiCall } from './api.js';
import { refusal } from './refusal.js';

/**
 * Fields that stay inside the repository they are asked of. An edge to a user, an owner, a fork or a node by id leads
 * out again, so a document with any other field is unbounded in `repo`.
 */
const INSIDE: ReadonlySet<string> = new Set(
  (
    '__typename id databaseId number title body bodyText bodyHTML state stateReason url createdAt updatedAt closedAt mergedAt ' +
    'publishedAt closed merged isDraft mergeable mergeStateStatus reviewDecision author login name nodes edges node cursor ' +
    'pageInfo hasNextPage hasPreviousPage startCursor endCursor totalCount issues issue pullRequests pullRequest labels label ' +
    'color description releases release latestRelease tagName isPrerelease isLatest comments reviews reviewThreads isResolved ' +
    'isOutdated path line startLine originalLine diffSide headRefName baseRefName headRefOid baseRefOid additions deletions ' +
    'changedFiles files milestone milestones dueOn defaultBranchRef nameWithOwner isPrivate visibility submittedAt diffHunk'
  ).split(' '),
);

/** @throws TurretError `unresolvable` when the document is not in one `query` field, or does not parse */
export function resolveGraphql(call: ApiCall, context: GhContext): ResolveResult {
  const { params: typed, needs } = call;
  if (
    call.method !== 'POST' ||
    call.methodTyped ||
    typed['input'] !== undefined ||
    needs.stdin ||
    needs.files.length > 0
  ) {
    throw refusal(
      'the GraphQL request is not in the command line',
      "type gh api graphql -f query='…' -F name=value",
    );
  }
  const { query, variables, operationName } = readBody(call);
  const request = readGraphql(query, variables, operationName);
  if (!request) throw refusal('the GraphQL document is not understood', 'send one operation that parses');
  if (request.operation === 'subscription') throw refusal('subscriptions do not exist here', 'send a query');
  const { field: _field, raw_field: _rawField, ...flags } = typed;
  const params: Params = { ...flags, query, fields: request.roots.map(({ name }) => name) };
  const others = call.rawFields.filter((text) => !text.startsWith('query='));
  const magic = call.fields.filter((text) => !text.startsWith('query='));
  if (others.length > 0) params['raw_field'] = others;
  if (magic.length > 0) params['field'] = magic;
  const mutation = request.operation === 'mutation';
  const capability: Capability = {
    action: `${context.name}.api.graphql_${request.operation}`,
    params,
    annotations: { ...annotate(mutation ? 'write' : 'read'), destructive: mutation },
  };
  const repo = onlyRepository(request);
  if (repo !== undefined) params['repo'] = repo;
  const bounded = repo !== undefined && [...request.below].every((name) => INSIDE.has(name));
  return { capabilities: [bounded ? capability : { ...capability, unbounded: ['repo'] }], needs };
}

/** The repository, when it is the one root field and every use names the same. */
function onlyRepository({ operation, roots }: GraphqlRequest): string | undefined {
  if (operation !== 'query' || roots.length === 0) return undefined;
  const repos = new Set(roots.map(repositoryOf));
  return repos.size === 1 ? [...repos][0] : undefined;
}

export interface GraphqlBody {
  query: string;
  variables: Record<string, unknown>;
  operationName?: string;
}

/** The body that gh makes of its fields: `query` and `operationName` by themselves, the others are variables. */
export function readBody({ fields, rawFields }: Pick<ApiCall, 'fields' | 'rawFields'>): GraphqlBody {
  const values = new Map<string, unknown>();
  const add = (field: string, magic: boolean): void => {
    const equals = field.indexOf('=');
    const [key, text] = [field.slice(0, equals), field.slice(equals + 1)];
    if (!/^[A-Za-z_]\w*$/.test(key))
      throw refusal('a GraphQL variable has an unusual name', 'type -f name=value');
    if (values.has(key)) throw refusal(`the GraphQL field ${key} is there twice`, 'give it once');
    values.set(key, magic ? magicValue(text) : text);
  };
  for (const field of rawFields) add(field, false);
  for (const field of fields) add(field, true);
  const { query, operationName, ...variables } = Object.fromEntries(values);
  if (typeof query !== 'string' || query === '')
    throw refusal('the GraphQL query is missing', "type -f query='…'");
  if (operationName === undefined) return { query, variables };
  if (typeof operationName !== 'string')
    throw refusal('the operation name is not a name', 'type -f operationName=NAME');
  return { query, variables, operationName };
}

/** gh's conversion of `-F` values: numbers, true, false and null are not text. */
function magicValue(text: string): unknown {
  if (/^[+-]?\d+$/.test(text)) {
    const value = Number(text);
    if (!Number.isSafeInteger(value)) throw refusal('a number is too large', 'use -f for text');
    return value;
  }
  if (text === 'true') return true;
  if (text === 'false') return false;
  return text === 'null' ? null : text;
}
