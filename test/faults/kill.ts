// One row of the matrix, done: bring a session to the moment, kill -9, and look at what is left.

import { join } from 'node:path';

import { until } from '../helpers/processes.js';
import { runningSessions } from '../../src/platform/runtime-directory.js';
import { type LogRecord, verifyLast } from './log.js';
import type { Fate, Row } from './matrix.js';
import { Stage } from './stage.js';
import { stepsOf } from './steps.js';

export interface Observed {
  run: number | 'SIGKILL';
  held?: number;
  again?: number;
  other?: number;
  fate: Fate | undefined;
  end: string | undefined;
  /** Milliseconds of the first call after the kill, and of the same agent's call before anything was wrong. */
  againMs: number | undefined;
  beforeMs: number;
  /** Milliseconds from the kill to the end of `turret run`. */
  endMs: number;
  left: string[];
  /** Runtime directories after the end, and after the next command looked at them. */
  directories: { after: number; later: number };
  /** Exit code and words of `turret audit verify`. */
  verify: { code: number | null; text: string };
  /** Calls whose program was started and whose decision is not in the log. */
  unrecorded: string[];
  stderr: string;
}

/** What a call may take to learn that it will not be served, or to be served by a new repeater, beside what a process of ours takes to start here. */
const LEARN_MS_MAX = 1_000;
/** The call's own, its repeater, its program. */
const STARTS = 3;
const KNOWN_FATES = ['done', 'failed', 'unknown'] as const;

async function stageOf({ moment, isolation }: Row): Promise<Stage> {
  const stage = new Stage(moment, isolation);
  try {
    await stage.reach();
    return stage;
  } catch (error) {
    stage.close();
    throw error;
  }
}

/** Of a session that was not brought to its moment nothing is learned about a kill: that is tried once more. */
export async function kill(row: Row): Promise<Observed> {
  const stage = await stageOf(row).catch(() => stageOf(row));
  try {
    const killedAt = performance.now();
    await strike(stage, row);
    const { code, signal, stdout, stderr } = await stage.ended;
    const endMs = Math.round(performance.now() - killedAt);
    stage.wake();
    const left = await stage.left();
    const after = stage.world.runtimeSessions().length;
    runningSessions([join(stage.world.runtime, 'turret')]); // what every command does first
    const seen = stepsOf(stdout.toString());
    const log = stage.log();
    const { held, again, other } = seen;
    return {
      run: signal === 'SIGKILL' ? signal : (code ?? -1),
      ...(held === undefined ? {} : { held: held.code }),
      ...(again === undefined ? {} : { again: again.code }),
      ...(other === undefined ? {} : { other: other.code }),
      fate: fateOf(log, row.moment === 'closing' ? 'streaming' : row.moment),
      end: log.at(-1)?.type === 'session.end' ? log.at(-1)?.reason : undefined,
      againMs: again?.ms,
      beforeMs: seen['before']?.ms ?? 0,
      endMs,
      left,
      directories: { after, later: stage.world.runtimeSessions().length },
      verify: verifyLast(stage.world),
      unrecorded: unrecorded(log, stage.ran()),
      stderr,
    };
  } finally {
    stage.close();
  }
}

async function strike(stage: Stage, { victim, moment, absent }: Row): Promise<void> {
  if (absent) {
    const found = stage.find(victim);
    if (found !== undefined) throw new Error(`there must be no ${victim} yet: ${found.command}`);
  } else {
    stage.signal(victim, 'SIGKILL');
  }
  // Others are left as they were: whether they end by themselves is the question. Who lost only a caller goes on.
  if (victim === 'shim') await until('the end is in the log', () => isOver(stage.log(), moment));
  if (absent || victim === 'shim') stage.release();
  if (moment === 'closing') stage.wake();
}

function isOver(log: LogRecord[], word: string): boolean {
  const fate = fateOf(log, word);
  return fate !== undefined && fate !== 'no end';
}

function fateOf(log: LogRecord[], word: string): Fate | undefined {
  const asked = log.find(({ type, argv }) => /^call\.(decided|refused)$/.test(type) && argv?.[0] === word);
  if (asked === undefined) return undefined;
  if (asked.type === 'call.refused') return 'refused';
  const end = log.find(({ type, call }) => type === 'call.finished' && call === asked.call);
  if (end === undefined) return 'no end';
  return KNOWN_FATES.find((fate) => fate === end.outcome);
}

function unrecorded(log: LogRecord[], ran: string[]): string[] {
  const allowed = new Set(
    log.filter(({ type, effect }) => type === 'call.decided' && effect === 'allow').map(({ call }) => call),
  );
  return ran.filter((call) => !allowed.has(call));
}

/** What is not as the row expects it. */
export function differences({ expected }: Row, observed: Observed): string[] {
  const { orFate, ...rest } = expected;
  const seen = new Map(Object.entries(observed));
  return Object.entries(rest)
    .filter(([name, value]) => seen.get(name) !== value)
    .filter(([name]) => name !== 'fate' || orFate === undefined || seen.get(name) !== orFate)
    .map(([name, value]) => `${name}: ${String(seen.get(name))} and not ${String(value)}`);
}

/** What holds after every kill: all of it that does not hold, in words. */
export function wrongWith(row: Row, seen: Observed): string[] {
  const { verify, directories, fate, left, againMs, beforeMs } = seen;
  const wrong = [...left.map((command) => `still runs: ${command}`)];
  wrong.push(...seen.unrecorded.map((call) => `ran, and is not in the log: ${call}`));
  if (verify.code !== 0 || /damaged/.test(verify.text)) wrong.push(`the log: ${verify.text}`);
  const isListed = /outcome unknown: call c\d+ \(gate\.pass\)/.test(verify.text);
  if (isListed !== (fate === 'no end')) wrong.push(`verify lists calls without an end: ${verify.text}`);
  if (againMs !== undefined && againMs > LEARN_MS_MAX + STARTS * beforeMs)
    wrong.push(`the next call took ${againMs} ms`);
  // Who was to remove it is dead; the next command does it.
  if (directories.after !== (row.victim === 'supervisor' ? 1 : 0) || directories.later !== 0)
    wrong.push(`runtime directories: ${directories.after}, then ${directories.later}`);
  return wrong;
}
