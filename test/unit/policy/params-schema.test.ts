import { describe, expect, test } from 'vitest';
import { TurretError } from '../../../src/errors.js';
import { compileParamsSchema } from '../../../src/policy/params-schema.js';
import type { Json, JsonObject } from '../../../src/protocol/messages.js';

const schema: JsonObject = {
  type: 'object',
  properties: {
    service: { type: 'string', enum: ['web', 'worker'] },
    replicas: { type: 'integer', minimum: 1, maximum: 10 },
    tags: { type: 'array', items: { type: 'string', maxLength: 3 }, maxItems: 2 },
    force: { type: 'boolean' },
  },
  required: ['service'],
  additionalProperties: false,
};

describe('params against a schema', () => {
  const check = compileParamsSchema(schema);
  test.each<[string, Json, string[]]>([
    ['all fine', { service: 'web', replicas: 3, tags: ['a', 'b'], force: false }, []],
    ['the least', { service: 'worker' }, []],
    ['one missing', {}, ['service']],
    ['not in the enum', { service: 'db' }, ['service']],
    ['wrong type', { service: 'web', force: 'no' }, ['force']],
    ['not whole', { service: 'web', replicas: 1.5 }, ['replicas']],
    ['too small', { service: 'web', replicas: 0 }, ['replicas']],
    ['too large', { service: 'web', replicas: 11 }, ['replicas']],
    ['too many', { service: 'web', tags: ['a', 'b', 'c'] }, ['tags']],
    ['too long inside', { service: 'web', tags: ['a', 'long'] }, ['tags[1]']],
    ['unknown', { service: 'web', sudo: true }, ['sudo']],
    ['inherited name', { service: 'web', toString: 'x' }, ['toString']],
    ['no object', ['web'], ['']],
  ])('%s', (_name, params, paths) => {
    expect(check(params).map((problem) => problem.path)).toEqual(paths);
  });

  test('characters are counted, not UTF-16 units', () => {
    expect(check({ service: 'web', tags: ['😀😀😀'] })).toEqual([]);
    expect(check({ service: 'web', tags: ['😀😀😀😀'] })).toHaveLength(1);
  });

  test('unknown params are refused when the schema forgets to say so', () => {
    expect(compileParamsSchema({ type: 'object', properties: {} })({ x: 1 })).toHaveLength(1);
  });
});

describe('registration refuses', () => {
  test.each<[string, JsonObject]>([
    ['no type', {}],
    ['another type at the top', { type: 'string' }],
    ['pattern', { type: 'object', properties: { a: { type: 'string', pattern: '(a+)+$' } } }],
    ['$ref', { type: 'object', properties: { a: { $ref: '#' } } }],
    ['anyOf', { type: 'object', anyOf: [] }],
    ['an unknown type', { type: 'object', properties: { a: { type: 'text' } } }],
    ['an inherited name as type', { type: 'object', properties: { a: { type: 'toString' } } }],
    ['an inherited name as keyword', { type: 'object', valueOf: 1 }],
    ['open objects', { type: 'object', additionalProperties: true }],
    ['a bound that is no number', { type: 'object', properties: { a: { type: 'string', maxLength: '3' } } }],
    ['a schema that is no object', { type: 'object', properties: { a: true } }],
    ['required that is no list', { type: 'object', required: 'a' }],
  ])('%s', (_name, bad) => {
    expect(() => compileParamsSchema(bad)).toThrow(TurretError);
  });

  test('nesting without end', () => {
    let deep: JsonObject = { type: 'string' };
    for (let level = 0; level < 1_000; level += 1) deep = { type: 'object', properties: { a: deep } };
    expect(() => compileParamsSchema(deep)).toThrow('nested too deeply');
  });
});
