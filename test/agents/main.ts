import { parseArgs } from 'node:util';

import { inParallel } from '../faults/in-parallel.js';
import { readableCopy } from '../helpers/readable-copy.js';
import { AGENTS, type TestedAgent } from './agents.js';
import { sitAt } from './interactive.js';
import { wrongWith } from './judge.js';
import { runAgent } from './run-agent.js';
import type { As } from './stage.js';

const AT_ONCE = 2;
/** Nobody's here. */
const UNUSED_UID = 54_321;

/** @param words names of agents, all when there are none; `--user`: as an ordinary user. @returns the exit code */
export async function main(words: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...words],
    options: { user: { type: 'boolean' }, interactive: { type: 'boolean' } },
    allowPositionals: true,
  });
  const agents = chosen(positionals);
  const copy = values.user === true ? readableCopy() : undefined;
  try {
    const as = copy === undefined ? {} : { uid: UNUSED_UID, turret: copy.turret };
    return await (values.interactive === true ? sitAtAll(agents, as) : runAll(agents, as));
  } finally {
    copy?.remove();
  }
}

function chosen(names: readonly string[]): readonly TestedAgent[] {
  const unknown = names.find((name) => !AGENTS.some((agent) => agent.name === name));
  if (unknown !== undefined)
    throw new TypeError(
      `there is no agent ${unknown}; there are: ${AGENTS.map(({ name }) => name).join(', ')}`,
    );
  return names.length === 0 ? AGENTS : AGENTS.filter(({ name }) => names.includes(name));
}

async function sitAtAll(agents: readonly TestedAgent[], as: As): Promise<number> {
  let failed = 0;
  for (const agent of agents) {
    const sitting = await sitAt(agent, as);
    failed += sitting.failed === undefined ? 0 : 1;
    process.stdout.write(`${sitting.failed === undefined ? 'ok    ' : 'FAILED'} ${agent.name}\n`);
    for (const line of [...sitting.done, ...(sitting.failed === undefined ? [] : [sitting.failed])])
      process.stdout.write(`  ${line}\n`);
  }
  return failed === 0 ? 0 : 1;
}

async function runAll(agents: readonly TestedAgent[], as: As): Promise<number> {
  let failed = 0;
  for (const [agent, running] of inParallel(AT_ONCE, agents, (each) => runAgent(each, as))) {
    const run = await running;
    const wrong = wrongWith(run);
    failed += wrong.length === 0 ? 0 : 1;
    process.stdout.write(
      `${wrong.length === 0 ? 'ok    ' : 'FAILED'} ${agent.name} (${(run.ms / 1_000).toFixed(1)} s)\n`,
    );
    for (const line of wrong) process.stdout.write(`  ${line}\n`);
  }
  process.stdout.write(`${agents.length - failed} passed, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
}
