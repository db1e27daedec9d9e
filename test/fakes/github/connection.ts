import { GraphQLError } from 'graphql';

/** Arguments of a GraphQL field, validated by the schema before they get here. */
export interface Args {
  readonly [name: string]: any;
}
export type View = { readonly __typename: string; readonly [field: string]: unknown };

const cursorAt = (index: number): string => Buffer.from(String(index)).toString('base64');
const positionOf = (cursor: string): number => Number(Buffer.from(cursor, 'base64').toString());

/** A connection with real cursors: a cursor is the position of the item. */
export function connection(items: readonly unknown[], args: Args): Args {
  const start = args['after'] ? positionOf(args['after']) + 1 : 0;
  const stop = args['before'] ? positionOf(args['before']) : items.length;
  const first = args['first'] ?? stop - start;
  const from =
    args['last'] === undefined || args['last'] === null ? start : Math.max(start, stop - args['last']);
  const to = Math.min(stop, from + first);
  const nodes = items.slice(from, to);
  return {
    totalCount: items.length,
    issueCount: items.length,
    repositoryCount: items.length,
    nodes,
    edges: nodes.map((node, index) => ({ node, cursor: cursorAt(from + index) })),
    pageInfo: {
      hasNextPage: to < stop,
      hasPreviousPage: from > 0,
      startCursor: nodes.length === 0 ? null : cursorAt(from),
      endCursor: nodes.length === 0 ? null : cursorAt(to - 1),
    },
  };
}

/** GitHub's own error for what does not exist; `type` stands beside `message`, not in `extensions`. */
export function notFound(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { type: 'NOT_FOUND' } });
}
