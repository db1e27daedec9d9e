// The manifest as the supervisor hands it over, in the `config` of fd 4. Trusted, but checked: a repeater that starts with
// half a manifest would register actions it cannot perform.

import { TurretError } from '../../src/errors.js';
import type { Json, JsonObject, RegisteredAction } from '../../src/protocol/messages.js';

export type HostAction = RegisteredAction & { run?: string[] };

export interface HostConfig {
  version: string;
  profile: 'exec' | 'line';
  command: string[];
  /** Where the program runs; relative names in its command start there. */
  directory: string;
  tools: string[];
  /** Empty for a line program that registers its actions itself. */
  actions: HostAction[];
}

/** Throws TurretError manifest_invalid. */
export function readHostConfig(config: JsonObject): HostConfig {
  // Once per call is what a block without a profile means.
  const { profile = 'exec', directory, version } = config;
  if (profile !== 'exec' && profile !== 'line') throw invalid('profile is not exec or line');
  if (typeof directory !== 'string' || !directory.startsWith('/'))
    throw invalid('directory is not an absolute path');
  const command = words('command', config['command']);
  if (command.length === 0) throw invalid('command is missing');
  const actions = readActions(config['actions']);
  if (profile === 'exec' && actions.length === 0) throw invalid('an exec repeater must list its actions');
  return {
    version: typeof version === 'string' ? version : '0',
    profile,
    command,
    directory,
    tools: words('tools', config['tools']),
    actions,
  };
}

/** Actions of a manifest or of a REGISTER line. Same errors. */
export function readActions(value: Json | undefined): HostAction[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw invalid('actions is not a list');
  const names = new Set<string>();
  return value.map((item) => {
    if (item === null || typeof item !== 'object' || Array.isArray(item))
      throw invalid('an action is not an object');
    const name = item['name'];
    if (typeof name !== 'string' || !/^[a-z0-9_]+(?:\.[a-z0-9_]+)*$/.test(name))
      throw invalid('an action has no proper name');
    if (names.has(name)) throw invalid(`the action ${name} is listed twice`);
    names.add(name);
    if (item['run'] !== undefined && words('run', item['run']).length === 0)
      throw invalid(`run of ${name} is empty`);
    return item as unknown as HostAction;
  });
}

function words(name: string, value: Json | undefined): string[] {
  if (value === undefined || value === null) return [];
  if (
    !Array.isArray(value) ||
    !value.every((word): word is string => typeof word === 'string' && word !== '')
  ) {
    throw invalid(`${name} is not a list of words`);
  }
  return value;
}

function invalid(message: string): TurretError {
  return new TurretError('manifest_invalid', `the manifest cannot be used: ${message}`, {
    hints: ['see docs/repeaters.md for the form of a manifest'],
  });
}
