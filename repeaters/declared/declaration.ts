// The manifest as the supervisor hands it over, in the `config` of fd 4. It was checked when it was loaded; what is wrong
// with a default only shows when it is read as a word of its place.

import type { DeclaredAction, DeclaredCli } from '../../src/config/declared.js';
import { TurretError } from '../../src/errors.js';
import type { JsonObject, RegisteredAction } from '../../src/protocol/messages.js';
import { paramsSchema } from './params-schema.js';
import type { Tool } from './tool.js';
import { readWord } from './values.js';

export interface Declaration extends DeclaredCli {
  version?: string;
  command: string[];
  tools: string[];
  directory: string;
  actions: DeclaredAction[];
  sandbox?: string;
  /** Absolute path of the program, in place of the first word of `command`. */
  cli?: string;
}

/** @throws TurretError manifest_invalid */
export function readDeclaration(config: JsonObject): Declaration {
  const declaration = config as unknown as Declaration;
  for (const key of ['command', 'tools', 'actions'] as const)
    if (!Array.isArray(declaration[key]) || declaration[key].length === 0) throw invalid(`${key} is missing`);
  if (typeof declaration.directory !== 'string') throw invalid('directory is missing');
  return declaration;
}

/** @throws TurretError manifest_invalid for a default that its own option would refuse */
export function checkDefaults({ commands }: Tool): void {
  for (const { ordered } of commands.values()) {
    for (const option of ordered) {
      if (option.default === undefined) continue;
      try {
        if (readWord(String(option.default), option, option.key) === option.default) continue;
      } catch (cause) {
        throw invalid(`the default of ${option.key}: ${(cause as Error).message}`);
      }
      throw invalid(`the default of ${option.key} is not written as it is read`);
    }
  }
}

/** What the broker is told: no words, no options, only what policy sees. */
export function registered({ commands }: Tool): RegisteredAction[] {
  return [...commands.values()].map((command) => {
    const { name, title, description, annotations, stdin } = command.action;
    return {
      name,
      ...(title === undefined ? {} : { title }),
      ...(description === undefined ? {} : { description }),
      params: paramsSchema(command),
      ...(annotations === undefined ? {} : { annotations }),
      ...(stdin === undefined ? {} : { stdin }),
    };
  });
}

function invalid(message: string): TurretError {
  return new TurretError('manifest_invalid', `the manifest cannot be used: ${message}`, {
    hints: ['see docs/declared-clis.md for the form of a manifest'],
  });
}
