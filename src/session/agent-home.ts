// What of HOME is the agent's own exists before the sandbox is made: what is not there cannot be shown, and what the agent
// then writes in its place (a login, the answers to its first questions) would be gone with the session.

import { statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { knownAgent } from '../agents/agents.js';
import { makeCaches } from '../isolation/home.js';
import { makeDirectories } from '../platform/make-directories.js';

/** Its caches; and for an agent that is known by its name, what it would make itself. Nothing where there is no HOME to make it in. */
export function makeAgentHome(home: string | undefined, program: string | undefined): void {
  if (home === undefined || !isDirectory(home)) return;
  makeCaches(home);
  const agent = knownAgent(program);
  if (agent === undefined) return;
  const { homeFiles = {} } = agent;
  for (const path of agent.home) {
    const text = homeFiles[path];
    try {
      makeDirectories(join(home, text === undefined ? path : dirname(path)));
      if (text !== undefined) writeFileSync(join(home, path), text, { flag: 'wx', mode: 0o600 });
    } catch {
      // It is there, or this HOME is not ours to write in: the agent gets what there is.
    }
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
