// Agents on the user's PATH, and the variable with their key, if they are used with one.

import { accessSync, constants, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';

import { type Environment, has } from './environment.js';

const AGENTS = [
  { program: 'claude', keys: ['ANTHROPIC_API_KEY', 'CLAUDE_CODE_OAUTH_TOKEN'] },
  { program: 'codex', keys: ['OPENAI_API_KEY'] },
  { program: 'opencode', keys: ['ANTHROPIC_API_KEY', 'OPENAI_API_KEY', 'OPENROUTER_API_KEY'] },
  { program: 'gemini', keys: ['GEMINI_API_KEY', 'GOOGLE_API_KEY'] },
] as const;

export interface FoundAgent {
  program: string;
  /** Names of variables that are set and look like this agent's own key. */
  keys: string[];
}

/** The agents that are installed. */
export function findAgents(env: Environment): FoundAgent[] {
  return AGENTS.filter(({ program }) => isOnPath(program, env['PATH'] ?? '')).map(({ program, keys }) => ({
    program,
    keys: keys.filter((name) => has(env, name)),
  }));
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
