// The part of JSON Schema a repeater may use to describe an action's params. What it cannot say, nobody has to get right;
// an unknown keyword is refused at registration, because a keyword that is ignored is a check that is not made.

import { TurretError } from '../errors.js';
import { JSON_DEPTH_MAX } from '../protocol/limits.js';
import type { Json, JsonObject } from '../protocol/messages.js';

/** One thing wrong with params, `path` as in `filters[2]`. */
export interface ParamsProblem {
  path: string;
  message: string;
}
export type ParamsCheck = (params: Json) => ParamsProblem[];

type Check = (value: Json, path: string, problems: ParamsProblem[]) => void;
type KeywordCompiler = (wanted: Json, schema: JsonObject, at: string, depth: number) => Check | undefined;

/**
 * Compiles a schema. Keywords: type, properties, required, additionalProperties: false, items, enum, maxLength, maxItems,
 * minimum, maximum; title, description and default are carried and mean nothing. Throws `invalid_params`.
 */
export function compileParamsSchema(schema: JsonObject): ParamsCheck {
  if (schema['type'] !== 'object') throw refused('', 'the schema of params must have type: object');
  const check = compileNode(schema, '', 0);
  return (params) => {
    const problems: ParamsProblem[] = [];
    check(params, '', problems);
    return problems;
  };
}

function refused(at: string, message: string): TurretError {
  return new TurretError('invalid_params', at === '' ? message : `${at}: ${message}`);
}

function compileNode(schema: Json | undefined, at: string, depth: number): Check {
  if (depth > JSON_DEPTH_MAX) throw refused(at, 'the schema is nested too deeply');
  if (!isObject(schema)) throw refused(at, 'a schema must be an object');
  const checks: Check[] = [];
  for (const [keyword, wanted] of Object.entries(schema)) {
    const compiler = Object.hasOwn(KEYWORDS, keyword) ? KEYWORDS[keyword] : undefined;
    if (!compiler) throw refused(at, `unknown keyword ${JSON.stringify(keyword)}`);
    const check = compiler(wanted, schema, at, depth);
    if (check) checks.push(check);
  }
  if (schema['type'] === 'object') checks.push(onlyKnownParams(schema));
  return (value, path, problems) => {
    for (const check of checks) check(value, path, problems);
  };
}

const TYPES: Record<string, (value: Json) => boolean> = {
  object: isObject,
  array: Array.isArray,
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number' && Number.isFinite(value),
  integer: Number.isSafeInteger,
  boolean: (value) => typeof value === 'boolean',
};

const KEYWORDS: Record<string, KeywordCompiler> = {
  title: () => undefined,
  description: () => undefined,
  default: () => undefined,
  type(wanted, _schema, at) {
    const is = typeof wanted === 'string' && Object.hasOwn(TYPES, wanted) ? TYPES[wanted] : undefined;
    if (!is) throw refused(at, `type must be one of ${Object.keys(TYPES).join(', ')}`);
    const words = `must be of type ${JSON.stringify(wanted)}`;
    return (value, path, problems) => {
      if (!is(value)) problems.push({ path, message: words });
    };
  },
  properties(wanted, _schema, at, depth) {
    if (!isObject(wanted)) throw refused(at, 'properties must be an object');
    const checks = Object.entries(wanted).map(
      ([name, schema]) => [name, compileNode(schema, join(at, name), depth + 1)] as const,
    );
    return (value, path, problems) => {
      if (!isObject(value)) return;
      for (const [name, check] of checks) {
        const own = Object.hasOwn(value, name) ? value[name] : undefined;
        if (own !== undefined) check(own, join(path, name), problems);
      }
    };
  },
  required(wanted, _schema, at) {
    if (!Array.isArray(wanted) || !wanted.every((name) => typeof name === 'string'))
      throw refused(at, 'required must be a list of names');
    return (value, path, problems) => {
      if (!isObject(value)) return;
      for (const name of wanted)
        if (!Object.hasOwn(value, name)) problems.push({ path: join(path, name), message: 'is missing' });
    };
  },
  additionalProperties(wanted, _schema, at) {
    if (wanted !== false)
      throw refused(at, 'additionalProperties can only be false, and is false when left out');
    return undefined;
  },
  items(wanted, _schema, at, depth) {
    const check = compileNode(wanted, `${at}[]`, depth + 1);
    return (value, path, problems) => {
      if (Array.isArray(value))
        for (const [index, item] of value.entries()) check(item, `${path}[${index}]`, problems);
    };
  },
  enum(wanted, _schema, at) {
    if (!Array.isArray(wanted) || !wanted.every(isScalar))
      throw refused(at, 'enum must be a list of texts, numbers and booleans');
    const values = new Set<Json>(wanted);
    return (value, path, problems) => {
      if (!values.has(value))
        problems.push({
          path,
          message: `must be one of ${wanted.map((each) => JSON.stringify(each)).join(', ')}`,
        });
    };
  },
  maxLength: bound(
    (value) => (typeof value === 'string' ? Array.from(value).length : undefined),
    'max',
    'characters',
  ),
  maxItems: bound((value) => (Array.isArray(value) ? value.length : undefined), 'max', 'items'),
  minimum: bound((value) => (typeof value === 'number' ? value : undefined), 'min', ''),
  maximum: bound((value) => (typeof value === 'number' ? value : undefined), 'max', ''),
};

/** A param nobody described is a param no rule was written for. */
function onlyKnownParams(schema: JsonObject): Check {
  const known = new Set(isObject(schema['properties']) ? Object.keys(schema['properties']) : []);
  return (value, path, problems) => {
    if (!isObject(value)) return;
    for (const name of Object.keys(value))
      if (!known.has(name))
        problems.push({ path: join(path, name), message: 'is not a param of this action' });
  };
}

function bound(
  measure: (value: Json) => number | undefined,
  end: 'min' | 'max',
  unit: string,
): KeywordCompiler {
  return (wanted, _schema, at) => {
    if (typeof wanted !== 'number' || !Number.isFinite(wanted)) throw refused(at, 'a bound must be a number');
    const words = `must be at ${end === 'max' ? 'most' : 'least'} ${wanted}${unit === '' ? '' : ` ${unit}`}`;
    return (value, path, problems) => {
      const size = measure(value);
      if (size !== undefined && (end === 'max' ? size > wanted : size < wanted))
        problems.push({ path, message: words });
    };
  };
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isScalar(value: Json): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}
