// The shape of turret.yaml as JSON Schema draft-07, for editors. What only a check can say (patterns, URLs) is left out:
// the schema may accept what Turret refuses, never the other way round.

import type { Json, JsonObject } from '../protocol/messages.js';
import { DECLARED_MANIFEST, OWN_MANIFEST } from './manifest.js';
import { USER_FILE } from './shape-file.js';
import type { FieldsShape, Shape, TableShape } from './shape.js';

/** The schema that `schema/turret.schema.json` holds. */
export function turretSchema(): JsonObject {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'turret.yaml',
    description: 'What an agent under `turret run` may do. See docs/policy.md.',
    ...toSchema(USER_FILE),
  };
}

/** The schema that `schema/manifest.schema.json` holds. */
export function manifestSchema(): JsonObject {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'the manifest of a repeater',
    description: 'A program of your own, or a tool that is described without code. See docs/repeaters.md.',
    anyOf: [toSchema(OWN_MANIFEST), toSchema(DECLARED_MANIFEST)],
  };
}

function toSchema(shape: Shape): JsonObject {
  switch (shape.is) {
    case 'text':
      return { type: 'string', ...shape.schema };
    case 'word':
      return { enum: [...shape.words] };
    case 'number':
      return {
        type: shape.integer ? 'integer' : 'number',
        ...(shape.minimum === undefined ? {} : { minimum: shape.minimum }),
        ...(shape.maximum === undefined ? {} : { maximum: shape.maximum }),
      };
    case 'flag':
      return { type: 'boolean' };
    case 'scalar':
      return { type: ['string', 'number', 'boolean'] };
    case 'list':
      return { type: 'array', items: toSchema(shape.of), minItems: shape.min, maxItems: shape.max };
    case 'table':
      return tableSchema(shape);
    case 'fields':
      return fieldsSchema(shape);
    case 'either': {
      const shapes = [shape.scalar, shape.list, shape.map].filter((each) => each !== undefined);
      const schemas: Json[] = shapes.filter((each) => each.is !== 'any').map(toSchema);
      return { anyOf: schemas };
    }
    default:
      return {};
  }
}

function tableSchema(shape: TableShape): JsonObject {
  const known = Object.entries(shape.known ?? {}).map(([key, each]): [string, Json] => [key, toSchema(each)]);
  return {
    type: 'object',
    ...(known.length === 0 ? {} : { properties: Object.fromEntries(known) }),
    additionalProperties: toSchema(shape.of),
    maxProperties: shape.max,
  };
}

function fieldsSchema(shape: FieldsShape): JsonObject {
  const fields = Object.entries(shape.fields);
  const required = fields.filter(([, field]) => field.required).map(([key]) => key);
  return {
    type: 'object',
    properties: Object.fromEntries(
      fields.map(([key, field]): [string, Json] => [
        key,
        { description: field.about, ...toSchema(field.shape) },
      ]),
    ),
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
  };
}
