// What Turret keeps: configuration, state, host key, logs, running sessions.

import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

import type { LoadResult } from '../config/load.js';
import { formatProblem } from '../config/problem.js';
import { TurretError } from '../errors.js';
import { reportSession } from '../platform/audit-report.js';
import { hostPublicKey } from '../platform/host-key.js';
import { runningSessions } from '../platform/runtime-directory.js';
import { listSessions } from '../platform/sessions.js';
import { type Check, withFix } from './check.js';

/** `loaded`, or the error that kept it from being read. One line for each problem. */
export function configChecks(loaded: LoadResult | TurretError): Check[] {
  const shared = { id: 'config', group: 'session' as const, what: 'turret.yaml' };
  const bad = (why: string, fix = 'turret policy check'): Check => ({
    ...shared,
    state: 'broken',
    level: 'bad',
    why,
    fix,
    blocks: true,
  });
  if (loaded instanceof TurretError) return [bad(loaded.message, loaded.hints[0])];
  const { config, problems } = loaded;
  if (config === undefined) return problems.map((problem) => bad(formatProblem(problem)));
  const files = config.sources.map(({ file }) => file);
  if (files.length > 0)
    return [
      {
        ...shared,
        state: 'ok',
        level: 'ok',
        why: `${config.policy.rules.length} rules (${files.join(', ')})`,
      },
    ];
  return [
    {
      ...shared,
      state: 'none',
      level: 'info',
      why: `the presets ${config.presets.join(' and ')} apply`,
      fix: 'turret init',
    },
  ];
}

/** `state` as `stateDirectory` gives it, or what it throws. */
export function stateCheck(state: string | TurretError): Check {
  const shared = { id: 'state', group: 'records' as const, what: 'state directory' };
  const bad = (why: string, fix: string | undefined): Check =>
    withFix({ ...shared, state: 'not writable', level: 'bad', why, blocks: true }, fix);
  if (state instanceof TurretError) return bad(state.message, state.hints[0]);
  let at = state;
  while (!existsSync(at) && at !== dirname(at)) at = dirname(at);
  try {
    if (!statSync(at).isDirectory())
      return bad(`${at} is not a directory; nothing is done that cannot be recorded`, 'set XDG_STATE_HOME');
    accessSync(at, constants.W_OK | constants.X_OK);
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    return bad(
      `${at}: ${code}; nothing is done that cannot be recorded`,
      'make it writable, or set XDG_STATE_HOME',
    );
  }
  return {
    ...shared,
    state: 'ok',
    level: 'ok',
    why: at === state ? state : `${state}, made by the first session`,
  };
}

export function hostKeyCheck(state: string): Check {
  const shared = { id: 'host-key', group: 'records' as const, what: 'host key' };
  try {
    const made = hostPublicKey(state) !== undefined;
    return {
      ...shared,
      state: made ? 'ok' : 'none',
      level: made ? 'ok' : 'info',
      why: made ? 'it vouches for the logs of this machine' : 'made by the first session',
    };
  } catch (error) {
    if (!(error instanceof TurretError)) throw error;
    return withFix(
      { ...shared, state: 'unusable', level: 'bad', why: error.message, blocks: true },
      error.hints[0],
    );
  }
}

/** Whether the log of the last session is intact. */
export function lastLogCheck(state: string): Check {
  const shared = { id: 'last-log', group: 'records' as const, what: 'log of the last session' };
  const [last] = listSessions(state);
  if (last === undefined)
    return { ...shared, state: 'none', level: 'info', why: 'no session has been recorded yet' };
  const damaged = (why: string): Check => ({
    ...shared,
    state: 'damaged',
    level: 'bad',
    why,
    fix: `turret audit verify ${last.sid.slice(0, 8)}`,
  });
  try {
    const { verdict, state: how } = reportSession(state, last);
    if (!verdict.ok) return damaged(`${last.sid.slice(0, 8)}: ${verdict.found} findings`);
    return {
      ...shared,
      state: 'intact',
      level: 'ok',
      why: `${last.sid.slice(0, 8)}, ${how}, ${verdict.records} records`,
    };
  } catch (error) {
    if (error instanceof TurretError) return damaged(error.message);
    return damaged(`it cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown error'}`);
  }
}

/** Running sessions, and directories of killed ones, which are removed by looking. */
export function sessionChecks(roots: string[]): Check[] {
  const before = directoriesIn(roots);
  const running = runningSessions(roots);
  const stale = before.filter((path) => !existsSync(path)).length;
  const names = running.map(({ session }) => `${session.sid.slice(0, 8)} (${session.label})`);
  return [
    {
      id: 'running',
      group: 'records',
      what: 'running sessions',
      state: String(running.length),
      level: 'info',
      why: names.length === 0 ? 'none' : names.join(', '),
    },
    {
      id: 'stale',
      group: 'records',
      what: 'left by killed sessions',
      state: stale === 0 ? 'none' : 'removed',
      level: stale === 0 ? 'ok' : 'info',
      why:
        stale === 0
          ? 'no runtime directory without a session'
          : `${stale} runtime ${stale === 1 ? 'directory' : 'directories'}`,
    },
  ];
}

function directoriesIn(roots: string[]): string[] {
  return roots.flatMap((root) => {
    try {
      return readdirSync(root).map((name) => `${root}/${name}`);
    } catch {
      // No session was ever started there.
      return [];
    }
  });
}
