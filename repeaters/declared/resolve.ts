// What a call of a declared tool would be: one capability, and the files it needs. One grammar for command lines and for
// actions by name: those are written as a command line first, and have to come back as what was asked.

import { isDeepStrictEqual } from 'node:util';
import type { ValueRule } from '../../src/config/declared.js';
import { TurretError } from '../../src/errors.js';
import {
  type AgentCall,
  CAUTIOUS,
  type Capability,
  type FileNeed,
  type Needs,
  type Params,
  type ParamValue,
} from '../../src/protocol/messages.js';
import { type Reading, readArgv } from './read.js';
import { refused } from './refused.js';
import type { Command, Tool } from './tool.js';
import { type CarriedName, writeArgv } from './write.js';

export interface Declared {
  /** First word of every action. */
  name: string;
  tools: readonly string[];
  tool: Tool;
}

export interface Resolved {
  capabilities: [Capability];
  needs: Needs;
}

/** @throws TurretError `unresolvable`, `no_such_action`, `invalid_params` */
export function resolveDeclared(call: AgentCall, declared: Declared): Resolved {
  if ('action' in call) return resolveAction(call.action, call.params, declared);
  if (!declared.tools.includes(call.tool)) throw refused(`"${call.tool}" is not served here`);
  return resolvedOf(readArgv(call.argv, declared.tool), declared);
}

function resolveAction(action: string, params: Params, declared: Declared): Resolved {
  const command = commandOf(action, declared);
  const argv = writeArgv(command, params, declared.tool.grammar);
  const resolved = resolvedOf(readArgv(argv, declared.tool), declared);
  const [capability] = resolved.capabilities;
  const isSame = (key: string): boolean => isDeepStrictEqual(capability.params[key], params[key]);
  if (capability.action !== action || !Object.keys(params).every(isSame)) {
    throw new TurretError('invalid_params', `${action} cannot be called with these params`, {
      hints: [`its params: ${paramNames(command).join(', ')}; write lists as lists`],
    });
  }
  return resolved;
}

/**
 * What runs for a capability, files under the names `carried` gives them.
 * @throws TurretError `internal` when these words, read again, are not this capability and these needs
 */
export function planDeclared(
  { capabilities, needs }: { capabilities: readonly Capability[]; needs: Needs },
  declared: Declared,
  carried: CarriedName,
): string[] {
  const [capability, ...others] = capabilities;
  if (capability === undefined || others.length > 0)
    throw new TurretError('unresolvable', 'a declared tool performs one action at a time');
  const command = commandOf(capability.action, declared);
  const { grammar } = declared.tool;
  const argv = writeArgv(command, capability.params, grammar);
  const again = resolvedOf(readArgv(argv, declared.tool), declared);
  // Order of keys does not count, and neither do prototypes: one side has been through the broker.
  if (!isDeepStrictEqual(plain(again), plain({ capabilities, needs }))) {
    throw new TurretError(
      'internal',
      'the command rebuilt from what was allowed is not the one that was allowed',
      {
        hints: ['report this command line; nothing was run'],
      },
    );
  }
  return writeArgv(command, capability.params, grammar, carried);
}

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

function commandOf(action: string, { name, tool }: Declared): Command {
  const command = action.startsWith(`${name}.`)
    ? tool.commands.get(action.slice(name.length + 1))
    : undefined;
  if (command !== undefined) return command;
  throw new TurretError('no_such_action', `there is no action "${action}"`, {
    hints: [`there is: ${[...tool.commands.keys()].join(', ')}`],
  });
}

function resolvedOf({ command, params }: Reading, { name }: Declared): Resolved {
  const widened = command.ordered.filter(({ widens, param }) => widens !== undefined && params.has(param));
  const unbounded = new Set(widened.map(({ widens = '' }) => widens));
  for (const { key, widens = '' } of widened)
    if (params.has(widens))
      throw refused(`${key} is about every ${widens}`, `leave ${widens} out, or ${key}`);
  for (const { param, default: value } of command.ordered)
    if (value !== undefined && !params.has(param) && !unbounded.has(param)) params.set(param, value);
  for (const { param, rule } of placesOf(command))
    if (rule.unbounded === 'always' || (rule.unbounded === 'absent' && !params.has(param)))
      unbounded.add(param);
  const { action } = command;
  const capability: Capability = {
    action: `${name}.${action.name}`,
    params: Object.fromEntries(params),
    annotations: { ...CAUTIOUS, ...action.annotations },
    ...(unbounded.size === 0 ? {} : { unbounded: [...unbounded].sort() }),
  };
  return {
    capabilities: [capability],
    needs: { stdin: action.stdin === true, files: filesOf(command, params) },
  };
}

interface Place {
  param: string;
  rule: ValueRule;
}

function placesOf({ ordered, positions }: Command): Place[] {
  return [...ordered, ...positions].map((rule) => ({ param: rule.param, rule }));
}

function paramNames(command: Command): string[] {
  return placesOf(command).map(({ param }) => param);
}

function filesOf(command: Command, params: ReadonlyMap<string, ParamValue>): FileNeed[] {
  return placesOf(command).flatMap(({ param, rule: { type, file } }) => {
    const value = params.get(param);
    if (type !== 'path' || value === undefined) return [];
    return [value].flat().map((path): FileNeed => ({ path: String(path), use: file ?? 'read', tree: false }));
  });
}
