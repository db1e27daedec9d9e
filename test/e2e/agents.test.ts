// Real agents from npm with a model that does what a script says: they ask it through the gateway, call aws and gh by
// their own shell tool, are denied once, read why, and end well.

import { beforeAll, expect, test } from 'vitest';

import { AGENTS, type TestedAgent } from '../agents/agents.js';
import { wrongWith } from '../agents/judge.js';
import { type Run, runAgent } from '../agents/run-agent.js';
import { inParallel } from '../faults/in-parallel.js';

const AT_ONCE = 3;

let runs: Map<TestedAgent, Promise<Run>>;
beforeAll(() => {
  runs = inParallel(AT_ONCE, AGENTS, (agent) => runAgent(agent));
});

test.each(AGENTS.map((agent) => [agent.name, agent] as const))(
  '%s works with aws and gh, holds no key, and its model reads the denial and its hint',
  async (_, agent) => {
    const run = await runs.get(agent);
    expect(run === undefined ? ['it was not run'] : wrongWith(run)).toEqual([]);
  },
  400_000,
);
