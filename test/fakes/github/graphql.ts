import { schema as published } from '@octokit/graphql-schema';
import {
  buildSchema,
  execute,
  getOperationAST,
  GraphQLError,
  isEnumType,
  isListType,
  isNonNullType,
  isObjectType,
  OperationTypeNode,
  parse,
  specifiedRules,
  validate,
  type DocumentNode,
  type GraphQLFieldResolver,
  type GraphQLOutputType,
  type GraphQLSchema,
} from 'graphql';
import { FIXED_TIME, VIEWER, type GithubStore } from './store.js';
import { mutations, nodeOf } from './mutations.js';
import { connection, type Args } from './connection.js';
import { viewOwner, viewRepoNamed, viewSearch } from './root-views.js';
import { viewUser } from './views.js';

/** GitHub's own published schema: gh's queries are judged by text nobody here wrote. */
function loadSchema(): GraphQLSchema {
  return buildSchema(published.idl, { assumeValid: true });
}

// github.com does not enforce this rule, and gh 2.23's own pull request queries break it.
const RULES = specifiedRules.filter(({ name }) => name !== 'OverlappingFieldsCanBeMergedRule');

const SCALARS: Readonly<Record<string, unknown>> = {
  Int: 0,
  Float: 0,
  Boolean: false,
  DateTime: FIXED_TIME,
  URI: 'https://github.com/',
  ID: 'X_0',
  GitObjectID: '0'.repeat(40),
};

/** What a field holds that the store knows nothing of: null where GitHub's schema allows it, else the emptiest value. */
function emptyValue(type: GraphQLOutputType): unknown {
  if (!isNonNullType(type)) {
    return isObjectType(type) && type.name.endsWith('Connection') ? connection([], {}) : null;
  }
  const inner = type.ofType;
  if (isListType(inner)) return [];
  if (isEnumType(inner)) return inner.getValues()[0]?.value;
  if (isObjectType(inner)) return inner.name.endsWith('Connection') ? connection([], {}) : {};
  return SCALARS[inner.name] ?? '';
}

const resolveField: GraphQLFieldResolver<Args | undefined, unknown> = (source, args, _context, info) => {
  const value: unknown = source?.[info.fieldName];
  if (value === undefined && info.parentType.name === 'Mutation') {
    throw new GraphQLError(`this fake does not perform ${info.fieldName}`);
  }
  if (value === undefined) return emptyValue(info.returnType);
  return typeof value === 'function' ? value(args) : value;
};

const rootOf = (store: GithubStore): Args => ({
  viewer: () => ({ ...viewOwner(store, VIEWER), email: 'octo@example.com' }),
  repository: (args: Args) => viewRepoNamed(store, args['owner'], args['name']),
  repositoryOwner: (args: Args) => viewOwner(store, args['login']),
  organization: (args: Args) => viewOwner(store, args['login']),
  user: (args: Args) => viewUser(args['login']),
  node: (args: Args) => nodeOf(store, args['id']),
  search: (args: Args) => viewSearch(store, args),
  rateLimit: () => ({ limit: 5000, remaining: 4999, used: 1, cost: 1, resetAt: FIXED_TIME }),
  ...mutations(store),
});

export interface GraphqlAnswer {
  /** `query.PullRequestList`, `mutation.IssueCreate`; '' when the text is no GraphQL. */
  readonly operation: string;
  readonly body: { readonly data?: unknown; readonly errors?: readonly unknown[] };
}

export type GraphqlRunner = (request: Args, options: { readOnly: boolean }) => Promise<GraphqlAnswer>;

function parseQuery(query: unknown): DocumentNode | string {
  try {
    return parse(typeof query === 'string' ? query : '');
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Loads the schema once and returns what runs a GraphQL request body against the store. */
export function createGraphql(store: GithubStore): GraphqlRunner {
  const schema = loadSchema();
  return async (request, { readOnly }) => {
    const document = parseQuery(request['query']);
    if (typeof document === 'string') return { operation: '', body: { errors: [{ message: document }] } };
    const node = getOperationAST(document, request['operationName']);
    const operation = `${node?.operation ?? 'unknown'}.${node?.name?.value ?? ''}`;
    const invalid = validate(schema, document, RULES);
    if (invalid.length > 0) {
      const errors = invalid.map((error) => ({ ...error.toJSON(), type: 'undefinedField' }));
      return { operation, body: { errors } };
    }
    if (readOnly && node?.operation === OperationTypeNode.MUTATION) {
      const message = 'Resource not accessible by personal access token';
      return { operation, body: { data: null, errors: [{ type: 'FORBIDDEN', message }] } };
    }
    const result = await execute({
      schema,
      document,
      rootValue: rootOf(store),
      variableValues: request['variables'],
      operationName: request['operationName'],
      fieldResolver: resolveField,
      typeResolver: (value: Args) => value['__typename'],
    });
    const errors = result.errors?.map((error) => {
      const { extensions, ...rest } = error.toJSON();
      return { ...(extensions === undefined ? {} : { type: extensions['type'] }), ...rest };
    });
    return { operation, body: { data: result.data, ...(errors === undefined ? {} : { errors }) } };
  };
}
