import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { inParallel } from '../faults/in-parallel.js';
import { readableCopy } from '../helpers/readable-copy.js';
import { AGENTS, type TestedAgent } from './agents.js';
import { type Sitting, sitAt } from './interactive.js';
import { wrongWith } from './judge.js';
import { reportOf } from './report.js';
import { type Run, runAgent } from './run-agent.js';
import type { As } from './stage.js';

const AT_ONCE = 2;
/** An ordinary user with an account: there are agents that do not start without one. */
const ORDINARY = 'daemon';

/**
 * @param words names of agents, all when there are none; `--user`: as an ordinary user, `--interactive`: at a terminal,
 *   `--write`: all of that, and docs/agents.md
 * @returns the exit code
 */
export async function main(words: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...words],
    options: {
      user: { type: 'boolean', default: false },
      interactive: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
    },
    allowPositionals: true,
  });
  const agents = chosen(positionals);
  const { user, interactive, write } = values;
  const asRoot = write || !(user || interactive) ? await runAll(agents, {}) : [];
  const asUser = write || (user && !interactive) ? await asOrdinary((as) => runAll(agents, as)) : [];
  const sittings = write || interactive ? await sitAll(agents, user) : [];
  if (write) writeFileSync('docs/agents.md', reportOf({ agents, asRoot, asUser, sittings }));
  const failed = [
    ...[...asRoot, ...asUser].filter((run) => wrongWith(run).length > 0),
    ...sittings.filter((sitting) => sitting.failed !== undefined),
  ].length;
  const all = asRoot.length + asUser.length + sittings.length;
  process.stdout.write(`${all - failed} passed, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
}

function chosen(names: readonly string[]): readonly TestedAgent[] {
  const unknown = names.find((name) => !AGENTS.some((agent) => agent.name === name));
  if (unknown !== undefined)
    throw new TypeError(
      `there is no agent ${unknown}; there are: ${AGENTS.map(({ name }) => name).join(', ')}`,
    );
  return names.length === 0 ? AGENTS : AGENTS.filter(({ name }) => names.includes(name));
}

/** Somebody who is not root, where we are. */
async function asOrdinary<Result>(work: (as: As) => Promise<Result>): Promise<Result> {
  if (process.getuid?.() !== 0) return work({});
  const copy = readableCopy();
  try {
    const uid = Number(execFileSync('id', ['-u', ORDINARY], { encoding: 'utf8' }));
    return await work({ uid, turret: copy.turret });
  } finally {
    copy.remove();
  }
}

async function runAll(agents: readonly TestedAgent[], as: As): Promise<Run[]> {
  const runs: Run[] = [];
  for (const running of inParallel(AT_ONCE, agents, (each) => runAgent(each, as)).values()) {
    const run = await running;
    runs.push(run);
    const who = as.uid === undefined ? '' : ' as an ordinary user';
    say(`${run.agent.name}${who} (${(run.ms / 1_000).toFixed(1)} s)`, wrongWith(run));
  }
  return runs;
}

async function sitAll(agents: readonly TestedAgent[], user: boolean): Promise<Sitting[]> {
  const all = async (as: As): Promise<Sitting[]> => {
    const sittings: Sitting[] = [];
    // One after the other: keys are pressed in real time.
    for (const agent of agents) {
      const sitting = await sitAt(agent, as);
      sittings.push(sitting);
      say(`${agent.name} at a terminal: ${sitting.done.at(-1) ?? 'nothing'}`, failureOf(sitting));
    }
    return sittings;
  };
  return user ? asOrdinary(all) : all({});
}

const failureOf = ({ failed }: Sitting): string[] => (failed === undefined ? [] : [failed]);

function say(what: string, wrong: readonly string[]): void {
  process.stdout.write(`${wrong.length === 0 ? 'ok    ' : 'FAILED'} ${what}\n`);
  for (const line of wrong) process.stdout.write(`  ${line}\n`);
}
