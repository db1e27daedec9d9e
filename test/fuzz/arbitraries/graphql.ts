// GraphQL requests whose meaning is known because they are made from it.

import * as fc from 'fast-check';

interface Root {
  name: string;
  args: Record<string, unknown>;
}
export interface MadeRequest {
  query: string;
  variables: Record<string, unknown>;
  operation: 'query' | 'mutation' | 'subscription';
  roots: Root[];
  /** Fields below the roots, sorted. */
  names: string[];
}

type Value = { text: string } | { variable: string };
interface Field {
  kind: 'field';
  alias: string;
  name: string;
  args: [string, Value][];
  below: Selection[];
}
type Selection = Field | { kind: 'inline'; below: Selection[] } | { kind: 'spread'; of: number };

const VARIABLES = ['owner', 'name', 'o', '__proto__', 'constructor'];
const NAMES = [
  'repository',
  'viewer',
  'search',
  'node',
  'addComment',
  'deleteRepository',
  'issue',
  '__proto__',
  'title',
];
const FRAGMENTS = 3;
const texts = fc.constantFrom('acme', 'app', 'ACME', 'other', 'repo:acme/app bug', 'x', '');
const values: fc.Arbitrary<Value> = fc.oneof(
  texts.map((text) => ({ text })),
  fc.constantFrom(...VARIABLES).map((variable) => ({ variable })),
);
const args = fc.uniqueArray(
  fc.tuple(fc.constantFrom('owner', 'name', 'query', 'login', '__proto__'), values),
  { maxLength: 3, selector: ([name]) => name },
);

const { selections } = fc.letrec<{ selections: Selection[]; selection: Selection }>((tie) => ({
  selections: fc.array(tie('selection'), { minLength: 1, maxLength: 3 }),
  selection: fc.oneof(
    { maxDepth: 3 },
    fc.record({
      kind: fc.constant<'field'>('field'),
      alias: fc.constantFrom('', '', 'viewer'),
      name: fc.constantFrom(...NAMES),
      args,
      below: fc.constant<Selection[]>([]),
    }),
    fc.record({
      kind: fc.constant<'field'>('field'),
      alias: fc.constantFrom('', 'a'),
      name: fc.constantFrom(...NAMES),
      args,
      below: tie('selections'),
    }),
    fc.record({ kind: fc.constant<'inline'>('inline'), below: tie('selections') }),
    fc.record({ kind: fc.constant<'spread'>('spread'), of: fc.nat({ max: FRAGMENTS - 1 }) }),
  ),
}));

const write = (list: readonly Selection[]): string => `{${list.map(writeOne).join(' ')}}`;
function writeOne(one: Selection): string {
  if (one.kind === 'spread') return `...F${one.of}`;
  if (one.kind === 'inline') return `...on T ${write(one.below)}`;
  const given = one.args.map(
    ([name, value]) => `${name}: ${'text' in value ? JSON.stringify(value.text) : `$${value.variable}`}`,
  );
  const call = given.length === 0 ? '' : `(${given.join(', ')})`;
  return `${one.alias === '' ? '' : `${one.alias}: `}${one.name}${call}${one.below.length === 0 ? '' : ` ${write(one.below)}`}`;
}

/** The fields of a selection with every fragment in it, each fragment once. */
function fieldsOf(list: readonly Selection[], fragments: readonly Selection[][], seen: Set<number>): Field[] {
  return list.flatMap((one) => {
    if (one.kind === 'field') return [one];
    if (one.kind === 'inline') return fieldsOf(one.below, fragments, seen);
    if (seen.has(one.of)) return [];
    seen.add(one.of);
    return fieldsOf(fragments[one.of] ?? [], fragments, seen);
  });
}

function namesBelow(
  fields: readonly Field[],
  fragments: readonly Selection[][],
  into: Set<string>,
  spread: Set<number>,
): void {
  for (const { below } of fields) {
    const inner = fieldsOf(below, fragments, spread);
    for (const { name } of inner) into.add(name);
    namesBelow(inner, fragments, into, spread);
  }
}

export const graphqlRequests: fc.Arbitrary<MadeRequest> = fc
  .record({
    operation: fc.constantFrom<MadeRequest['operation']>(
      'query',
      'query',
      'query',
      'mutation',
      'subscription',
    ),
    top: selections,
    fragments: fc.array(selections, { minLength: FRAGMENTS, maxLength: FRAGMENTS }),
    declared: fc.uniqueArray(fc.tuple(fc.constantFrom(...VARIABLES), fc.option(texts, { nil: undefined })), {
      maxLength: 4,
      selector: ([name]) => name,
    }),
    given: fc.uniqueArray(fc.tuple(fc.constantFrom(...VARIABLES), texts), {
      maxLength: 3,
      selector: ([name]) => name,
    }),
  })
  .map(({ operation, top, fragments, declared, given }) => {
    const head = declared.map(
      ([name, value]) => `$${name}: String${value === undefined ? '' : ` = ${JSON.stringify(value)}`}`,
    );
    const query = [
      `${operation} Q${head.length === 0 ? '' : `(${head.join(', ')})`} ${write(top)}`,
      ...fragments.map((list, index) => `fragment F${index} on T ${write(list)}`),
    ].join('\n');
    const values = new Map<string, unknown>(declared.filter(([, value]) => value !== undefined));
    for (const [name, value] of given) values.set(name, value);
    const fields = fieldsOf(top, fragments, new Set());
    const names = new Set<string>();
    namesBelow(fields, fragments, names, new Set());
    const roots = fields.map(({ name, args }) => ({
      name,
      args: Object.fromEntries(
        args.map(([arg, value]) => [arg, 'text' in value ? value.text : values.get(value.variable)]),
      ),
    }));
    return { query, variables: Object.fromEntries(given), operation, roots, names: [...names].sort() };
  });
