// REGISTER of a repeater, checked. A repeater may only speak for itself: its name comes from the configuration,
// its actions are put below that name, and a descriptor we do not fully understand is refused.

import { TurretError } from '../errors.js';
import { ACTIONS_MAX } from '../protocol/limits.js';
import {
  type Annotations,
  CAUTIOUS,
  type Json,
  type JsonObject,
  type Register,
  type RegisteredAction,
} from '../protocol/messages.js';
import { isToolName, parseInteger, parseObject, parseText } from '../protocol/parse.js';
import { compileParamsSchema } from '../policy/params-schema.js';

const ACTION = /^[a-z0-9_]+(?:\.[a-z0-9_]+)*(?:\.\*\*)?$|^\*\*$/;

/** The registration and the descriptors refused. Throws TurretError protocol_error when it is not one at all. */
export function parseRegister(
  name: string,
  object: JsonObject,
): { register: Register; refused: { name: string; why: string }[] } {
  const refused: { name: string; why: string }[] = [];
  const actions: RegisteredAction[] = [];
  const list = object['actions'];
  if (!Array.isArray(list) || list.length > ACTIONS_MAX)
    throw new TurretError('protocol_error', 'REGISTER without actions');
  for (const item of list) {
    const action = parseObject('action', item);
    const actionName = parseText('name', action['name'], 200);
    const why = ACTION.test(actionName) ? schemaProblem(action['params']) : 'not an action name';
    if (why === undefined) actions.push(action as unknown as RegisteredAction);
    else refused.push({ name: actionName, why });
  }
  if (parseText('repeater', object['repeater'], 64) !== name) {
    throw new TurretError('protocol_error', 'a repeater registers under its configured name only');
  }
  const tools = Array.isArray(object['tools']) ? object['tools'] : [];
  const register: Register = {
    repeater: name,
    version: parseText('version', object['version'], 64),
    kind: parseText('kind', object['kind'], 64),
    tools: tools.filter((tool): tool is string => typeof tool === 'string' && isToolName(tool)),
    resolve: object['resolve'] === true,
    concurrency: parseInteger('concurrency', object['concurrency'] ?? 1, 1, 1024),
    actions,
  };
  return { register, refused };
}

/** The registered action or family that covers `<name>.<words>`. */
export function registeredAction(register: Register, action: string): RegisteredAction | undefined {
  const words = action.slice(register.repeater.length + 1);
  return (
    register.actions.find((candidate) => candidate.name === words) ??
    register.actions.find(
      ({ name }) => name === '**' || (name.endsWith('.**') && words.startsWith(name.slice(0, -2))),
    )
  );
}

export function isFamily(action: RegisteredAction): boolean {
  return action.name.endsWith('**');
}

/** Annotations as declared, with the cautious value for what was left out. */
export function annotationsOf(declared: Json | Partial<Annotations> | undefined): Annotations {
  const annotations = { ...CAUTIOUS };
  if (declared === undefined || declared === null || typeof declared !== 'object' || Array.isArray(declared))
    return annotations;
  for (const key of Object.keys(annotations) as (keyof Annotations)[]) {
    const value = (declared as Partial<Annotations>)[key];
    if (typeof value === 'boolean') annotations[key] = value;
  }
  return annotations;
}

function schemaProblem(schema: Json | undefined): string | undefined {
  if (schema === undefined) return undefined;
  try {
    compileParamsSchema(parseObject('params', schema));
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : 'unusable schema';
  }
}
