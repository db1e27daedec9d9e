// Where the agents are: installed from npm by a lock file of their own, because nobody who builds Turret needs them.

import { existsSync } from 'node:fs';
import path from 'node:path';

import type { TestedAgent } from './agents.js';

const ROOT = path.resolve('.');
export const INSTALLED = path.join(ROOT, 'node_modules/.cache/agents');

/** Absolute path of the agent's program. Throws when it is not there. */
export function programOf({ name, command }: TestedAgent): string {
  const program = path.join(INSTALLED, 'node_modules/.bin', command);
  if (existsSync(program)) return program;
  throw new Error(`${name} is not installed: node scripts/install-agents.mjs`);
}
