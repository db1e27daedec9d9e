// A fault that is not a kill: what is done, and what must be true of the session then.

import { copyFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { type Ran, outcome } from '../helpers/broker-session.js';
import { type Process, processesWith, stillRunning, until } from '../helpers/processes.js';
import type { World } from '../helpers/turret-world.js';
import { type LogRecord, readLog, verifyLast } from './log.js';
import { type Steps, codeClaims, codesOf, stepsOf } from './steps.js';

export interface Fault {
  id: string;
  /** What is done, for docs/faults.md. */
  title: string;
  /** Takes long, or needs more of the machine than a test may ask for: `npm run faults` only. */
  slow?: true;
  run(): Promise<Outcome>;
}

export interface Outcome {
  /** What was seen, in one line. */
  saw: string;
  /** Claims that do not hold. */
  wrong: string[];
  /** For whoever has to find out why. */
  detail: string;
}

const GONE_MS_MAX = 10_000;

/** What every session leaves, whatever happened to it. */
export interface Aftermath {
  left: string[];
  log: LogRecord[];
  verify: { code: number | null; text: string };
}

/** Ends what still runs. `seen`: processes that bear no mark of the world. */
export async function aftermath(world: World, seen: readonly Process[] = []): Promise<Aftermath> {
  const left = await leftOf(world, seen);
  return { left, log: readLog(world), verify: verifyLast(world) };
}

/** What still runs of a session after a time in which all of it must have ended. It is killed then. */
export async function leftOf(world: World, seen: readonly Process[]): Promise<string[]> {
  const look = (): Process[] => [...stillRunning(seen), ...processesWith(world.root)];
  try {
    await until('the end of everything', () => look().length === 0, GONE_MS_MAX);
    return [];
  } catch {
    const left = look();
    for (const { pid } of left) tryKill(pid, 'SIGKILL');
    return left.map(({ command }) => command);
  }
}

/** The claims that hold after every session. */
export function soundness({ left, verify }: Aftermath): Record<string, boolean> {
  return { 'nothing still runs': left.length === 0, 'the log verifies': verify.code === 0 };
}

export function broken(claims: Record<string, boolean>): string[] {
  return Object.keys(claims).filter((claim) => !claims[claim]);
}

/**
 * Runs an agent that is a script of steps, and looks at what is left. `around` is put before the words of `turret run`.
 */
export async function play(
  world: World,
  agent: {
    script: string;
    options?: string[];
    around?: string[];
    codes?: Record<string, number>;
    /** Where the log can be verified, when not here: within `around`, or nowhere since nothing was begun. */
    log?: 'inside' | 'none';
  },
  claim: (seen: Seen) => Record<string, boolean> = () => ({}),
): Promise<Outcome> {
  try {
    copyFileSync(resolve('test/fixtures/faults/steps.sh'), join(world.workspace, 'steps.sh'));
    const command = ['sh', '-c', `. ./steps.sh\n${agent.script}`];
    const words = world.words(command, agent.options);
    const child = world.start([
      ...(agent.around ?? []),
      ...(agent.log === 'inside' ? verifying(words) : words),
    ]);
    const ran = await outcome(child);
    const after = await aftermath(world);
    const steps = stepsOf(ran.stdout.toString());
    if (agent.log === 'inside') after.verify.code = steps['verify']?.code ?? null;
    if (agent.log === 'none') after.verify.code = world.sessions().length;
    const wrong = broken({
      ...soundness(after),
      ...codeClaims(steps, agent.codes ?? {}),
      ...claim({ ran, steps, after, world }),
    });
    return { saw: codesOf(steps), wrong, detail: `${ran.code}\n${ran.stderr}\n${after.verify.text}` };
  } finally {
    world.close();
  }
}

/** The words, and then a look at the log as one more step. */
function verifying([node = '', turret = '', ...rest]: string[]): string[] {
  const script = '"$@"; code=$?; "$1" "$2" audit verify last >&2; echo "verify $? 0"; exit $code';
  return ['/bin/sh', '-c', script, 'sh', node, turret, ...rest];
}

export interface Seen {
  ran: Ran;
  steps: Steps;
  after: Aftermath;
  world: World;
}

export function tryKill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended.
  }
}
