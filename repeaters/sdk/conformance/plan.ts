// Which declared actions may be called for a test, and with which params. Only what says of itself that it changes
// nothing, or what the person at the keyboard named, is ever called: the repeater under test may hold a real key.

import type { Json, JsonObject, Params, ParamValue } from '../../../src/protocol/messages.js';
import type { Planned } from './conversation.js';

export interface Declared {
  name: string;
  params: JsonObject;
  readOnly: boolean;
  stdin: boolean;
}

/** Actions of a REGISTER; families are left out, nobody can call them by name. */
export function declaredActions(register: JsonObject): Declared[] {
  const actions = Array.isArray(register['actions']) ? register['actions'] : [];
  return actions.filter(isObject).flatMap((action) => {
    const name = action['name'];
    if (typeof name !== 'string' || name.endsWith('**')) return [];
    const annotations = isObject(action['annotations']) ? action['annotations'] : {};
    const params = isObject(action['params']) ? action['params'] : { type: 'object' };
    return [{ name, params, readOnly: annotations['readOnly'] === true, stdin: action['stdin'] === true }];
  });
}

/** What to call: the asked-for calls, and every read-only action with params made up from its schema. */
export function plannedCalls(
  declared: readonly Declared[],
  asked: readonly { action: string; params: Params }[],
): Planned[] {
  const planned = asked.map((call) => ({
    ...call,
    stdin: declared.find(({ name }) => name === call.action)?.stdin ?? false,
  }));
  for (const action of declared) {
    if (!action.readOnly || planned.some((call) => call.action === action.name)) continue;
    const params = sampleParams(action.params);
    if (params !== undefined) planned.push({ action: action.name, params, stdin: action.stdin });
  }
  return planned;
}

/** The call of an action of the echo set, when it is declared as there: see docs/repeaters.md. */
export function echoCall(
  declared: readonly Declared[],
  action: string,
  param: string,
  value: ParamValue,
): Planned | undefined {
  const found = declared.find(({ name, readOnly }) => name === action && readOnly);
  const properties = found?.params['properties'];
  if (found === undefined || !isObject(properties) || !Object.hasOwn(properties, param)) return undefined;
  return { action, params: { [param]: value }, stdin: found.stdin };
}

function sampleParams(schema: JsonObject): Params | undefined {
  const properties = isObject(schema['properties']) ? schema['properties'] : {};
  const required = Array.isArray(schema['required']) ? schema['required'] : [];
  const params: Params = {};
  for (const key of required) {
    if (typeof key !== 'string' || !Object.hasOwn(properties, key)) return undefined;
    const sample = sampleValue(properties[key]);
    if (sample === undefined) return undefined;
    params[key] = sample;
  }
  return params;
}

function sampleValue(schema: Json | undefined): ParamValue | undefined {
  if (!isObject(schema)) return undefined;
  const options = schema['enum'];
  if (Array.isArray(options)) return options[0] as ParamValue;
  switch (schema['type']) {
    case 'string':
      return 'conformance'.slice(
        0,
        typeof schema['maxLength'] === 'number' ? schema['maxLength'] : undefined,
      );
    case 'integer':
    case 'number':
      return typeof schema['minimum'] === 'number' ? schema['minimum'] : 0;
    case 'boolean':
      return false;
    case 'array':
      return [];
    default:
      return undefined;
  }
}

export function isObject(value: Json | undefined): value is JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
