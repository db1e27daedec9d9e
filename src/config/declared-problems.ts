// What the places of a declared tool say together: two things with one name, a name that stands for nothing, a rule that
// its type does not have. The manifest is the operator's; a mistake in it must not become a hole or a riddle.

import { nearestHint } from './nearest.js';
import { paramOf } from './declared.js';
import type { FieldsShape } from './shape.js';
import type { ConfigNode, MapNode, Place } from './yaml.js';

type Problems = ReturnType<NonNullable<FieldsShape['check']>>;

/** Rules that only some types have. */
const ONLY_FOR: Record<string, readonly string[]> = {
  values: ['enum'],
  prefixes: ['enum'],
  chars: ['text', 'enum'],
  min: ['int'],
  max: ['int'],
  file: ['path'],
  list: ['enum', 'name', 'text', 'int'],
  many: ['enum', 'name', 'text', 'int', 'path', 'duration'],
};

export function declaredProblems(manifest: MapNode): Problems {
  const problems: Problems = [];
  const everywhere = optionsIn(manifest);
  const never = mapAt(manifest, 'never');
  const refused = [...(never?.entries.keys() ?? [])];
  const taken = new Map<string, string>();
  for (const option of everywhere)
    problems.push(...ruleProblems(option.node), ...refusedOption(option, refused));
  for (const action of listAt(manifest, 'actions')) {
    const name = textAt(action, 'name') ?? '';
    if (taken.has(name))
      problems.push({ ...placeOf(action), message: `the action ${JSON.stringify(name)} is there twice` });
    taken.set(name, name);
    problems.push(...actionProblems(action, everywhere, refused));
  }
  for (const credential of listAt(manifest, 'give'))
    problems.push(...credentialProblems(credential, manifest));
  if (listItems(manifest, 'tools').length === 0)
    problems.push({
      ...placeOf(manifest),
      message: 'tools is missing',
      hint: 'name the command that agents type',
    });
  const sandbox = manifest.entries.get('sandbox');
  if (sandbox?.value.is === 'map')
    problems.push({
      ...sandbox.key,
      message: 'a declared tool sees its own files only',
      hint: 'leave sandbox out',
    });
  return problems;
}

interface Option {
  key: string;
  param: string;
  spellings: string[];
  place: Place;
  node: MapNode;
}

function optionsIn(node: MapNode): Option[] {
  const options = mapAt(node, 'options')?.entries ?? new Map<string, never>();
  return [...options].flatMap(([key, { key: place, value }]) => {
    if (value.is !== 'map') return [];
    const param = textAt(value, 'param');
    return [
      {
        key,
        param: paramOf(key, param === undefined ? {} : { param }),
        spellings: [key, ...listItems(value, 'also')],
        place,
        node: value,
      },
    ];
  });
}

function actionProblems(
  action: MapNode,
  everywhere: readonly Option[],
  refused: readonly string[],
): Problems {
  const own = optionsIn(action);
  const keys = new Set(own.map(({ key }) => key));
  const options = [...everywhere.filter(({ key }) => !keys.has(key)), ...own];
  const positions = listAt(action, 'positions');
  const problems: Problems = own.flatMap((option) => [
    ...ruleProblems(option.node),
    ...refusedOption(option, refused),
  ]);
  const named: { name: string; place: Place }[] = [
    ...options.map(({ param, place }) => ({ name: param, place })),
    ...positions.map((position) => ({ name: textAt(position, 'param') ?? '', place: placeOf(position) })),
  ];
  problems.push(...doubled(named, 'the param'));
  problems.push(
    ...doubled(
      options.flatMap(({ spellings, place }) => spellings.map((name) => ({ name, place }))),
      'the option',
    ),
  );
  const params = named.map(({ name }) => name);
  for (const { node } of options) problems.push(...reference(node, 'widens', params));
  for (const [index, position] of positions.entries()) {
    const later = positions.slice(index + 1).map((each) => textAt(each, 'param') ?? '');
    problems.push(...ruleProblems(position), ...reference(position, 'joined', later));
    if (flagAt(position, 'many') && later.length > 0)
      problems.push({
        ...placeOf(position),
        message: 'many is for the last position: it takes all words that are left',
      });
  }
  for (const words of listItems(action, 'words'))
    for (const never of refused)
      if (words === never || words.startsWith(`${never} `))
        problems.push({
          ...placeOf(action),
          message: `${JSON.stringify(words)} is refused by never: ${never}`,
        });
  return problems;
}

function ruleProblems(rule: MapNode): Problems {
  const type = textAt(rule, 'type');
  if (type === undefined) return [];
  const problems: Problems = [];
  for (const [key, types] of Object.entries(ONLY_FOR)) {
    const entry = rule.entries.get(key);
    if (entry && !types.includes(type))
      problems.push({ ...entry.key, message: `${key} is for ${types.join(', ')}, not for ${type}` });
  }
  if (type === 'enum' && !rule.entries.has('values'))
    problems.push({ ...placeOf(rule), message: 'an enum needs values', hint: 'write values: [one, two]' });
  if (rule.entries.has('list') && rule.entries.has('prefixes'))
    problems.push({ ...placeOf(rule), message: 'prefixes and list do not go together' });
  if (type === 'flag' && rule.entries.has('default'))
    problems.push({
      ...placeOf(rule),
      message: 'a flag has no default',
      hint: 'use type: bool when the tool takes =true',
    });
  return problems;
}

function refusedOption({ spellings, place }: Option, refused: readonly string[]): Problems {
  return spellings
    .filter((spelling) => refused.includes(spelling))
    .map((spelling) => ({ ...place, message: `${spelling} is declared, and refused by never` }));
}

const SOURCES = ['secret', 'file'];
const PLACES = ['env', 'path_env', 'path_option', 'home_file'];

function credentialProblems(credential: MapNode, manifest: MapNode): Problems {
  const count = (keys: readonly string[]): number => keys.filter((key) => credential.entries.has(key)).length;
  const problems: Problems = [];
  if (count(SOURCES) !== 1)
    problems.push({
      ...placeOf(credential),
      message: 'a credential comes from one place',
      hint: 'write secret: or file:',
    });
  if (count(PLACES) !== 1)
    problems.push({
      ...placeOf(credential),
      message: 'a credential goes to one place',
      hint: `write one of ${PLACES.join(', ')}`,
    });
  return [...problems, ...reference(credential, 'secret', secretsOf(manifest))];
}

/** A name that has to be one of `known`. */
function reference(node: MapNode, key: string, known: readonly string[]): Problems {
  const name = textAt(node, key);
  const entry = node.entries.get(key);
  if (name === undefined || entry === undefined || known.includes(name)) return [];
  const hint = nearestHint(name, known);
  return [
    {
      ...entry.key,
      message: `${key}: there is no ${JSON.stringify(name)} here`,
      ...(hint === undefined ? {} : { hint }),
    },
  ];
}

function doubled(named: readonly { name: string; place: Place }[], what: string): Problems {
  const seen = new Set<string>();
  return named.flatMap(({ name, place }) => {
    if (!seen.has(name)) {
      seen.add(name);
      return [];
    }
    return [
      { line: place.line, column: place.column, message: `${what} ${JSON.stringify(name)} is there twice` },
    ];
  });
}

/** A list of names, or a map of names to where each secret is. */
function secretsOf(manifest: MapNode): string[] {
  return [...(mapAt(manifest, 'secrets')?.entries.keys() ?? []), ...listItems(manifest, 'secrets')];
}

const placeOf = ({ line, column }: ConfigNode): Place => ({ line, column });

function textAt(node: MapNode, key: string): string | undefined {
  const value = node.entries.get(key)?.value;
  return value?.is === 'scalar' && typeof value.value === 'string' ? value.value : undefined;
}

function flagAt(node: MapNode, key: string): boolean {
  const value = node.entries.get(key)?.value;
  return value?.is === 'scalar' && value.value === true;
}

function mapAt(node: MapNode, key: string): MapNode | undefined {
  const value = node.entries.get(key)?.value;
  return value?.is === 'map' ? value : undefined;
}

function listAt(node: MapNode, key: string): MapNode[] {
  const value = node.entries.get(key)?.value;
  return value?.is === 'list' ? value.items.filter((item) => item.is === 'map') : [];
}

function listItems(node: MapNode, key: string): string[] {
  const value = node.entries.get(key)?.value;
  if (value?.is !== 'list') return [];
  return value.items.flatMap((item) =>
    item.is === 'scalar' && typeof item.value === 'string' ? [item.value] : [],
  );
}
