// `turret doctor`, as a story: look at what is there, build the sandbox a session would get, try to get out of it.

import { readConfigHere } from '../config/load-here.js';
import { TurretError } from '../errors.js';
import type { Enclosure } from '../isolation/enclosure.js';
import { type IsolationMode, type Level, missingSystem } from '../isolation/levels.js';
import { candidates } from '../isolation/minimum.js';
import { runtimeRoots } from '../platform/runtime-directory.js';
import { stateDirectory } from '../platform/sessions.js';
import { chooseShim } from '../session/shim-program.js';
import { attemptChecks, fileChecks } from './attempt-checks.js';
import { type AttemptOutcome, runAttempts } from './attempts.js';
import { type Check, type CheckLevel, withFix } from './check.js';
import type { Environment } from './environment.js';
import { confinementChecks } from './confinement-checks.js';
import { type ExposedFile, exposedFiles } from './exposed-files.js';
import {
  bubblewrapCheck,
  environmentCheck,
  envSignalCheck,
  koffiCheck,
  levelCheck,
  noIsolationCheck,
  nodeCheck,
  ptraceCheck,
  setprivCheck,
  shimCheck,
  workspaceCheck,
} from './machine-checks.js';
import { configChecks, hostKeyCheck, lastLogCheck, sessionChecks, stateCheck } from './record-checks.js';
import { Sandbox, type Surroundings } from './sandbox.js';
import { credentialChecks, toolChecks } from './tool-checks.js';
import { vaultCheck } from './vault-check.js';

export interface DoctorOptions {
  env: Environment;
  cwd: string;
  uid: number;
  configFile: string | undefined;
  /** Told what is being looked at. */
  progress: (what: string) => void;
}
export interface Diagnosis {
  /** A session can start. */
  ok: boolean;
  checks: Check[];
}

/** Looks at everything. What is wrong comes as a check; it throws only what nobody expected. */
export async function diagnose({ env, cwd, uid, configFile, progress }: DoctorOptions): Promise<Diagnosis> {
  progress('configuration and logs');
  const loaded = await caught(readConfigHere(configFile));
  const config = loaded instanceof TurretError ? undefined : loaded.config;
  const state = stateOf(env);
  const mode = config?.isolation ?? 'auto';
  const records = recordChecks(state, sessionChecks(runtimeRoots(env, uid)));
  const files = exposedFiles({ env, cwd });
  progress('the aws and gh programs');
  const tools = await toolChecks(config?.repeaters, env);
  const confinement = await confinementChecks(config, { env, uid });
  progress('the sandbox');
  const surroundings = { env, cwd, uid, config, state: state instanceof TurretError ? undefined : state };
  const inside = await insideChecks(surroundings, files, mode, progress);
  const checks = [
    nodeCheck(process.versions.node),
    shimCheck(await caught(chooseShim({ TURRET_SHIM: env['TURRET_SHIM'] }, undefined))),
    ...configChecks(loaded),
    workspaceCheck({ env, cwd, isolated: mode !== 'none' }),
    ...(ON_LINUX ? [bubblewrapCheck(), koffiCheck(), envSignalCheck(), setprivCheck()] : []),
    ...inside.checks,
    ...(ON_LINUX ? [ptraceCheck()] : []),
    ...tools,
    ...confinement,
    ...credentialChecks(config?.repeaters, env),
    environmentCheck(env),
    vaultCheck(env),
    ...fileChecks(files, inside.outcome, cwd),
    ...records,
  ];
  return { ok: !checks.some(({ blocks }) => blocks), checks };
}

async function caught<T>(promise: Promise<T>): Promise<T | TurretError> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof TurretError) return error;
    throw error;
  }
}

function stateOf(env: Environment): string | TurretError {
  try {
    return stateDirectory({ XDG_STATE_HOME: env['XDG_STATE_HOME'], HOME: env['HOME'] });
  } catch (error) {
    if (error instanceof TurretError) return error;
    throw error;
  }
}

function recordChecks(state: string | TurretError, sessions: Check[]): Check[] {
  const first = stateCheck(state);
  if (state instanceof TurretError || first.blocks) return [first, ...sessions];
  return [first, hostKeyCheck(state), lastLogCheck(state), ...sessions];
}

interface Inside {
  checks: Check[];
  /** Absent when nothing was tried. */
  outcome?: AttemptOutcome;
}

async function insideChecks(
  surroundings: Surroundings,
  files: ExposedFile[],
  mode: IsolationMode,
  progress: (what: string) => void,
): Promise<Inside> {
  let sandbox: Sandbox;
  try {
    sandbox = new Sandbox(surroundings);
  } catch (error) {
    if (!(error instanceof TurretError)) throw error;
    const broken = {
      id: 'runtime',
      group: 'session' as const,
      what: 'runtime directory',
      state: 'not writable',
      level: 'bad' as const,
      why: error.message,
      blocks: true as const,
    };
    return { checks: [withFix(broken, error.hints[0])] };
  }
  try {
    const { levels, enclosure } = await levelChecks(sandbox, mode, surroundings.config?.min_isolation);
    if (mode === 'none' || enclosure === undefined) return { checks: levels };
    if (!ON_LINUX) return { checks: [...levels, notTried('they are written for Linux', 'warn')] };
    progress('escape attempts');
    return await attempted(sandbox, enclosure, files, surroundings, levels);
  } finally {
    sandbox.remove();
  }
}

const ON_LINUX = process.platform === 'linux';
const TRIED = (['strict', 'namespaced', 'landlock', 'seatbelt'] as const).filter(
  (level) => missingSystem(level, process.platform) === undefined,
);

/** Every level is tried; `enclosure` is what a session would get. */
async function levelChecks(
  sandbox: Sandbox,
  mode: IsolationMode,
  minimum: Level | undefined,
): Promise<{ levels: Check[]; enclosure: Enclosure | undefined }> {
  const found = new Map<Level, Enclosure | Error>();
  const wanted: readonly Level[] = candidates(mode, minimum).filter((level) => level !== 'none');
  for (const level of new Set([...TRIED, ...wanted])) found.set(level, await tried(sandbox.enclose(level)));
  const best = wanted.find((level) => !(found.get(level) instanceof Error));
  const levels = [...found].map(([level, result]) =>
    levelCheck(level, result, best === undefined && wanted.includes(level)),
  );
  const enclosure = best === undefined ? undefined : found.get(best);
  return {
    levels: mode === 'none' ? [...levels, noIsolationCheck()] : levels,
    enclosure: enclosure instanceof Error ? undefined : enclosure,
  };
}

async function attempted(
  sandbox: Sandbox,
  enclosure: Enclosure,
  files: ExposedFile[],
  { env }: Surroundings,
  levels: Check[],
): Promise<Inside> {
  try {
    const outcome = await runAttempts({ sandbox, enclosure, env, files: files.map(({ path }) => path) });
    return { checks: [...levels, ...attemptChecks(outcome, enclosure)], outcome };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { checks: [...levels, notTried(why, 'bad')] };
  }
}

function notTried(why: string, level: CheckLevel): Check {
  return { id: 'attempts', group: 'attempts', what: 'escape attempts', state: 'not tried', level, why };
}

async function tried(enclosing: Promise<Enclosure>): Promise<Enclosure | Error> {
  try {
    return await enclosing;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
