// The first process of the stage: sets it, runs one round, says each result as a JSON line.

import { readFileSync } from 'node:fs';

import { loadCases } from './case.js';
import { furnishHome } from './user-home.js';
import { startAttacker } from './listener.js';
import { LEVEL_OF_ROOT, whyNot } from './levels.js';
import { AGENT_ID, USER_ID } from './layout.js';
import { type Progress, runControls, runRound } from './round.js';
import { setStage } from './stage.js';

export interface StageRequest {
  readonly level: string;
  readonly cli: string;
  readonly version: string;
  readonly ids: readonly string[];
  readonly withControls: boolean;
  /** The cases, or the controls of their categories. */
  readonly part: 'cases' | 'controls';
  /** An ordinary user; else whoever we are. */
  readonly asUser: boolean;
  readonly isRoot: boolean;
  readonly verbose: boolean;
}

export type StageMessage = Progress | { readonly absent: string } | { readonly broke: string };

const say = (message: StageMessage): void => {
  process.stdout.write(`${JSON.stringify(message)}\n`);
};

/** The request is JSON on stdin. */
export async function onStage(): Promise<void> {
  const { level, ids, asUser, isRoot, part, ...rest }: StageRequest = JSON.parse(readFileSync(0, 'utf8'));
  const authority = setStage({ user: asUser, canChown: isRoot });
  furnishHome(asUser ? USER_ID : undefined);
  const owner = level === LEVEL_OF_ROOT && isRoot ? AGENT_ID : asUser ? USER_ID : undefined;
  const absent = whyNot(level, { asUser, owner });
  if (absent !== undefined) return say({ absent });
  const attacker = await startAttacker(authority);
  const corpus = loadCases();
  const wanted = new Set(ids);
  try {
    const cases = corpus.filter(({ id }) => wanted.has(id));
    const run = part === 'cases' ? runRound : runControls;
    await run({ ...rest, asUser, owner, isolation: level, cases, corpus }, attacker, say);
  } catch (error) {
    say({ broke: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
  process.exit();
}
