// The params of a declared action as JSON Schema, for the broker and for people. It says less than the grammar, which
// every call goes through besides.

import type { ValueRule } from '../../src/config/declared.js';
import type { Json, JsonObject } from '../../src/protocol/messages.js';
import type { Command } from './tool.js';

export function paramsSchema({ ordered, positions }: Command): JsonObject {
  const required = positions.filter((position) => position.required === true).map(({ param }) => param);
  return {
    type: 'object',
    properties: Object.fromEntries([...ordered, ...positions].map((rule) => [rule.param, schemaOf(rule)])),
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
  };
}

function schemaOf(rule: ValueRule): Json {
  const one = scalarSchema(rule);
  return rule.list === undefined && rule.many !== true ? one : { type: 'array', items: one };
}

function scalarSchema({ type, values, prefixes, min = 0, max, max_length }: ValueRule): JsonObject {
  switch (type) {
    case 'flag':
    case 'bool':
      return { type: 'boolean' };
    case 'int':
      return { type: 'integer', minimum: min, ...(max === undefined ? {} : { maximum: max }) };
    case 'enum':
      if (prefixes !== undefined) return { type: 'string' };
      return { type: 'string', enum: Array.isArray(values) ? values : Object.keys(values ?? {}) };
    default:
      return { type: 'string', ...(max_length === undefined ? {} : { maxLength: max_length }) };
  }
}
