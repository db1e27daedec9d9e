// What a repeater said a request would be, checked before anybody believes it. A repeater that speaks for another's
// actions, or in a shape we do not know, has resolved nothing.

import { TurretError } from '../errors.js';
import { CAPABILITIES_MAX, FACTS_MAX, FILES_MAX, FILE_PATH_BYTES_MAX } from '../protocol/limits.js';
import type {
  Capability,
  FileNeed,
  Json,
  JsonObject,
  Needs,
  Register,
  ResolveResult,
} from '../protocol/messages.js';
import { isActionName, parseObject, parseParams, parseText } from '../protocol/parse.js';
import { type ParamsCheck, compileParamsSchema } from '../policy/params-schema.js';
import { annotationsOf, isFamily, registeredAction } from './registration.js';

/** Throws TurretError repeater_error. */
export function parseResolveResult(register: Register, object: JsonObject): ResolveResult {
  try {
    if (object['redirect'] !== undefined) return { redirect: parseText('redirect', object['redirect'], 64) };
    if (object['facts'] !== undefined) return { facts: parseFacts(object['facts']) };
    return {
      capabilities: parseCapabilities(register, object['capabilities']),
      needs: parseNeeds(object['needs']),
    };
  } catch (error) {
    if (error instanceof TurretError && error.code === 'protocol_error') {
      throw new TurretError(
        'repeater_error',
        `the repeater "${register.repeater}" gave no proper answer: ${error.message}`,
      );
    }
    throw error;
  }
}

/** An action call to a repeater that does not resolve: the call is the capability. */
export function capabilityOf(
  register: Register,
  action: string,
  params: Capability['params'],
): ResolveResult {
  const registered = registeredAction(register, action);
  if (registered === undefined || isFamily(registered)) {
    throw new TurretError('no_such_action', `there is no action "${action}"`, {
      hints: [
        `"${register.repeater}" has: ${register.actions.map(({ name }) => `${register.repeater}.${name}`).join(', ')}`,
      ],
    });
  }
  const capability = { action, params, annotations: annotationsOf(registered.annotations) };
  checkParams(register, capability);
  return { capabilities: [capability], needs: { stdin: registered.stdin === true, files: [] } };
}

function parseCapabilities(register: Register, value: Json | undefined): Capability[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > CAPABILITIES_MAX)
    throw bad('no capabilities');
  return value.map((item) => {
    const object = parseObject('capability', item);
    const action = parseText('action', object['action'], 200);
    if (!isActionName(action) || !action.startsWith(`${register.repeater}.`))
      throw bad("an action that is not the repeater's");
    const unbounded = object['unbounded'];
    const capability: Capability = {
      action,
      params: parseParams(object['params'] ?? {}),
      annotations: annotationsOf(object['annotations']),
      ...(Array.isArray(unbounded)
        ? { unbounded: unbounded.map((name) => parseText('unbounded', name, 200)) }
        : {}),
    };
    checkParams(register, capability);
    return capability;
  });
}

/** By the schema of a registered action, which a registration has for as long as it lasts. */
const checks = new WeakMap<JsonObject, ParamsCheck>();

function checkOf(schema: JsonObject): ParamsCheck {
  const check = checks.get(schema) ?? compileParamsSchema(schema);
  checks.set(schema, check);
  return check;
}

function checkParams(register: Register, capability: Capability): void {
  const registered = registeredAction(register, capability.action);
  if (registered === undefined) {
    throw new TurretError(
      'no_such_action',
      `the repeater "${register.repeater}" did not register "${capability.action}"`,
    );
  }
  if (registered.params === undefined) return;
  const problems = checkOf(registered.params)(capability.params);
  if (problems.length === 0) return;
  throw new TurretError(
    'invalid_params',
    `${capability.action}: ${problems.map(({ path, message }) => `${path} ${message}`).join('; ')}`,
    {
      hints: [`its params: ${JSON.stringify(registered.params['properties'] ?? {})}`],
    },
  );
}

function parseFacts(value: Json): string[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > FACTS_MAX) throw bad('no facts');
  return value.map((fact) => parseText('fact', fact, 64));
}

function parseNeeds(value: Json | undefined): Needs {
  const object = parseObject('needs', value ?? {});
  const files = object['files'] ?? [];
  if (!Array.isArray(files) || files.length > FILES_MAX) throw bad('too many files');
  return {
    stdin: object['stdin'] === true,
    files: files.map((file) => parseFileNeed(parseObject('file', file))),
  };
}

function parseFileNeed(object: JsonObject): FileNeed {
  const path = parseText('path', object['path'], FILE_PATH_BYTES_MAX);
  const use = object['use'];
  if (use !== 'read' && use !== 'stat' && use !== 'write') throw bad('a file is used in an unknown way');
  if (path.includes('\0') || path.split('/').includes('..'))
    throw bad('a file outside the working directory');
  return { path, use, tree: object['tree'] === true };
}

function bad(message: string): TurretError {
  return new TurretError('protocol_error', message);
}
