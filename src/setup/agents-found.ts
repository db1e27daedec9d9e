// Agents on the user's PATH, and the variable with their key, if they are used with one.

import { accessSync, constants, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';

import { KNOWN_AGENTS } from '../agents/agents.js';
import { type Environment, has } from './environment.js';

export interface FoundAgent {
  program: string;
  /** Names of variables that are set and look like this agent's own key. */
  keys: string[];
}

/** The agents that are installed. */
export function findAgents(env: Environment): FoundAgent[] {
  return KNOWN_AGENTS.flatMap(({ commands, keys }) =>
    commands
      .filter((program) => isOnPath(program, env['PATH'] ?? ''))
      .map((program) => ({ program, keys: keys.filter((name) => has(env, name)) })),
  );
}

/** Whether some directory of a PATH has this program. Directories relative to wherever we are do not count. */
export function isOnPath(program: string, path: string): boolean {
  return path.split(':').some((directory) => isAbsolute(directory) && isProgram(join(directory, program)));
}

export function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    // Not there, or not for this user.
    return false;
  }
}
