// What a GraphQL document asks for. Used twice: on what an agent typed, before policy, and on what gh sends, at the
// injector. Only the shape is read; the schema is GitHub's business.

import { Kind, parse, valueFromASTUntyped } from 'graphql';
import type {
  DocumentNode,
  FieldNode,
  FragmentDefinitionNode,
  OperationDefinitionNode,
  SelectionSetNode,
} from 'graphql';
import { GRAPHQL_TOKENS_MAX } from '../../../src/protocol/limits.js';
import { repoName } from '../resolve/repo-name.js';

export interface RootField {
  name: string;
  /** Arguments with variables put in. */
  args: Record<string, unknown>;
}

export interface GraphqlRequest {
  operation: 'query' | 'mutation' | 'subscription';
  roots: RootField[];
  /** Names of all fields below the roots, each once. */
  below: Set<string>;
}

/**
 * Read one request. Undefined when it does not parse, has no single operation to run, or spreads a fragment that is
 * not there.
 */
export function readGraphql(
  query: string,
  variables: Record<string, unknown>,
  operationName?: string,
): GraphqlRequest | undefined {
  let document: DocumentNode;
  try {
    document = parse(query, { noLocation: true, maxTokens: GRAPHQL_TOKENS_MAX });
  } catch {
    // What does not parse is refused by the caller; GitHub would only say the same.
    return undefined;
  }
  const operations = document.definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION);
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const node of document.definitions) {
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node);
    else if (node.kind !== Kind.OPERATION_DEFINITION) return undefined;
  }
  const named = operations.filter(
    (node) => operationName === undefined || node.name?.value === operationName,
  );
  const operation = named[0];
  if (!operation || named.length !== 1) return undefined;
  return readOperation(operation, fragments, withDefaults(operation, variables));
}

/** Variables that were not given take their default; the type of a value is GitHub's business. */
function withDefaults(
  operation: OperationDefinitionNode,
  given: Record<string, unknown>,
): Record<string, unknown> {
  // Without a prototype: a variable may be called __proto__, and `constructor` is none unless it was given.
  const variables = Object.assign(Object.create(null) as Record<string, unknown>, given);
  for (const { variable, defaultValue } of operation.variableDefinitions ?? []) {
    if (defaultValue && !Object.hasOwn(given, variable.name.value)) {
      variables[variable.name.value] = valueFromASTUntyped(defaultValue);
    }
  }
  return variables;
}

function readOperation(
  operation: OperationDefinitionNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  variables: Record<string, unknown>,
): GraphqlRequest | undefined {
  const rootNodes = new Set<FieldNode>();
  const below = new Set<string>();
  const seen = new Set<SelectionSetNode>();
  const walk = (set: SelectionSetNode, atRoot: boolean): boolean => {
    // A fragment can be spread often; below the root it is walked once. At the root it is walked again: what it asks for
    // there is a root field, even when it was met below another one first.
    if (!atRoot && seen.has(set)) return true;
    if (!atRoot) seen.add(set);
    return set.selections.every((node) => {
      if (node.kind === Kind.FIELD) {
        if (atRoot) rootNodes.add(node);
        else below.add(node.name.value);
        return node.selectionSet === undefined || walk(node.selectionSet, false);
      }
      if (node.kind === Kind.INLINE_FRAGMENT) return walk(node.selectionSet, atRoot);
      const fragment = fragments.get(node.name.value);
      if (!fragment) return false;
      // At the root a fragment that spreads itself would never end.
      if (atRoot && spread.has(fragment)) return true;
      if (atRoot) spread.add(fragment);
      return walk(fragment.selectionSet, atRoot);
    });
  };
  const spread = new Set<FragmentDefinitionNode>();
  if (!walk(operation.selectionSet, true)) return undefined;
  const roots = [...rootNodes].map((node) => ({
    name: node.name.value,
    args: Object.fromEntries(
      (node.arguments ?? []).map(({ name, value }) => [name.value, valueFromASTUntyped(value, variables)]),
    ),
  }));
  return { operation: operation.operation, roots, below };
}

/** `owner/name` in lower case of a `repository(owner:, name:)` field, when both are text. */
export function repositoryOf({ name, args }: RootField): string | undefined {
  const { owner, name: repo } = args;
  if (name !== 'repository' || typeof owner !== 'string' || typeof repo !== 'string') return undefined;
  return repoName(owner, repo);
}
