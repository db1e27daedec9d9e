// A tree against a shape. Every problem is reported, not the first.

import { nearestHint } from './nearest.js';
import type { Problem } from './problem.js';
import type { Complaint, FieldsShape, ListShape, NumberShape, Shape, TableShape } from './shape.js';
import type { ConfigNode, MapNode, Place } from './yaml.js';

/** Returns what is wrong with `node`. An empty list means that `plain(node)` has the form the shape describes. */
export function validate(node: ConfigNode, shape: Shape, file: string): Problem[] {
  const problems: Problem[] = [];
  check(node, shape, (place, complaint) => {
    const hint = complaint.hint === undefined ? {} : { hint: complaint.hint };
    problems.push({ file, line: place.line, column: place.column, message: complaint.message, ...hint });
  });
  return problems;
}

type Report = (place: Place, complaint: NonNullable<Complaint>) => void;

function check(node: ConfigNode, shape: Shape, report: Report): void {
  switch (shape.is) {
    case 'list':
      return node.is === 'list'
        ? checkList(node.items, shape, node, report)
        : wrongKind(node, 'a list', report);
    case 'table':
      return node.is === 'map' ? checkTable(node, shape, report) : wrongKind(node, 'a map', report);
    case 'fields':
      return node.is === 'map' ? checkFields(node, shape, report) : wrongKind(node, 'a map', report);
    case 'either': {
      const chosen = shape[node.is];
      if (chosen) return check(node, chosen, report);
      const kinds = [shape.scalar && 'a single value', shape.list && 'a list', shape.map && 'a map'].filter(
        (kind) => kind !== undefined,
      );
      return wrongKind(node, kinds.join(' or '), report);
    }
    case 'any':
      return complain(node, shape.check(plain(node)), report);
    case 'text':
      if (node.is !== 'scalar' || typeof node.value !== 'string') return wrongKind(node, shape.what, report);
      return complain(node, shape.check?.(node.value), report);
    case 'word':
      if (node.is !== 'scalar' || typeof node.value !== 'string')
        return wrongKind(node, `one of ${shape.words.join(', ')}`, report);
      return checkWord(node, node.value, shape.words, report);
    case 'number':
      if (node.is !== 'scalar' || typeof node.value !== 'number') return wrongKind(node, 'a number', report);
      return checkNumber(node, node.value, shape, report);
    case 'flag':
      if (node.is !== 'scalar' || typeof node.value !== 'boolean')
        return wrongKind(node, 'true or false', report);
      return undefined;
    case 'scalar':
      if (node.is !== 'scalar' || node.value === null)
        return wrongKind(node, 'a text, a number, true or false', report);
      return undefined;
  }
}

function complain(place: Place, complaint: Complaint, report: Report): void {
  if (complaint) report(place, complaint);
}

const KINDS = { list: 'a list', map: 'a map' } as const;

function wrongKind(node: ConfigNode, wanted: string, report: Report): void {
  const found = node.is === 'scalar' ? scalarKind(node.value) : KINDS[node.is];
  const hint = node.is === 'scalar' ? wrongKindHint(node.value, wanted) : undefined;
  report(node, { message: `expected ${wanted}, found ${found}`, ...(hint === undefined ? {} : { hint }) });
}

function wrongKindHint(value: string | number | boolean | null, wanted: string): string | undefined {
  if (typeof value === 'number' && wanted !== 'a number' && wanted !== 'true or false')
    return 'a text of digits needs quotes';
  const word = typeof value === 'string' && /^(yes|no|on|off|true|false)$/i.test(value);
  return word && wanted === 'true or false' ? 'write true or false, without quotes' : undefined;
}

/** A text is not shown: somebody may have put a secret where the name of one belongs. */
function scalarKind(value: string | number | boolean | null): string {
  if (value === null) return 'nothing';
  return typeof value === 'string' ? 'a text' : String(value);
}

function shown(value: string): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function checkWord(node: ConfigNode, word: string, words: readonly string[], report: Report): void {
  if (words.includes(word)) return;
  const hint = nearestHint(word, words);
  report(node, {
    message: `${shown(word)} is not one of ${words.join(', ')}`,
    ...(hint?.startsWith('did') ? { hint } : {}),
  });
}

function checkNumber(node: ConfigNode, value: number, shape: NumberShape, report: Report): void {
  if (shape.integer && !Number.isSafeInteger(value))
    report(node, { message: `expected a whole number, found ${value}` });
  else if (shape.minimum !== undefined && value < shape.minimum)
    report(node, { message: `must be at least ${shape.minimum}` });
  else if (shape.maximum !== undefined && value > shape.maximum)
    report(node, { message: `must be at most ${shape.maximum}` });
}

function checkList(items: ConfigNode[], shape: ListShape, place: Place, report: Report): void {
  if (items.length < shape.min) report(place, { message: 'the list is empty' });
  if (items.length > shape.max) return report(place, { message: `more than ${shape.max} items` });
  for (const item of items) check(item, shape.of, report);
}

function checkTable(node: MapNode, shape: TableShape, report: Report): void {
  if (node.entries.size > shape.max) return report(node, { message: `more than ${shape.max} entries` });
  for (const [key, entry] of node.entries) {
    const known = shape.known !== undefined && Object.hasOwn(shape.known, key) ? shape.known[key] : undefined;
    if (!known) complain(entry.key, shape.checkKey?.(key), report);
    check(entry.value, known ?? shape.of, report);
  }
}

function checkFields(node: MapNode, shape: FieldsShape, report: Report): void {
  const known = Object.keys(shape.fields);
  for (const [key, entry] of node.entries) {
    const field = Object.hasOwn(shape.fields, key) ? shape.fields[key] : undefined;
    if (field) {
      check(entry.value, field.shape, report);
      continue;
    }
    const hint = nearestHint(key, known);
    report(entry.key, { message: `unknown key ${shown(key)}`, ...(hint === undefined ? {} : { hint }) });
  }
  for (const key of known) {
    if (shape.fields[key]?.required && !node.entries.has(key)) report(node, { message: `${key} is missing` });
  }
  for (const { line, column, ...complaint } of shape.check?.(node) ?? []) report({ line, column }, complaint);
}

/** The plain value of a tree. Objects have no prototype, so that no key of a file can be mistaken for a method. */
export function plain(node: ConfigNode): unknown {
  if (node.is === 'scalar') return node.value;
  if (node.is === 'list') return node.items.map(plain);
  const result = Object.create(null) as Record<string, unknown>;
  for (const [key, entry] of node.entries) result[key] = plain(entry.value);
  return result;
}
