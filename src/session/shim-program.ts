// Which program the agent's tools are: the native one of shims/native, whose start is a twentieth of Node's, or the bundle of
// shims/shim.ts, which this Node runs. They do the same.

import { execFile } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';

import { TurretError } from '../errors.js';
import { nativePrograms, version } from '../installation.js';
import { PROBE_MS_MAX } from '../protocol/limits.js';

/** Its own name has no tool behind it: called by it, the program tests itself and says its version. */
const NAME = 'turret-shim';
/** In the state directory. */
const TESTED = 'shim-tested';

export interface ShimProgram {
  /** Absent: the Node shim. */
  native?: string;
  /** For `turret doctor`. */
  why: string;
}

/**
 * Resolves with what works here; a native shim that does not is none. `state` is where it is remembered which one was tested, for a test
 * takes longer than a call. Rejects with TurretError usage for a TURRET_SHIM that is no choice.
 */
export async function chooseShim(
  env: { TURRET_SHIM?: string | undefined },
  state: string | undefined,
  programs: readonly string[] = nativePrograms(NAME),
): Promise<ShimProgram> {
  const { TURRET_SHIM: wanted = '' } = env;
  if (wanted === 'node') return { why: 'TURRET_SHIM=node' };
  if (wanted !== '' && wanted !== 'native')
    throw new TurretError('usage', `TURRET_SHIM=${JSON.stringify(wanted)} is no shim`, {
      hints: ['TURRET_SHIM=node for the one that Node runs; without it the best that works is taken'],
    });
  const native = programs.find((path) => existsSync(path));
  const problem = native === undefined ? 'none is built for this machine' : await tested(native, state);
  if (native !== undefined && problem === undefined) return { native, why: native };
  if (wanted === 'native')
    throw new TurretError('usage', `TURRET_SHIM=native, and there is no such shim: ${problem}`, {
      hints: ['npm run build where a C compiler and libsodium are'],
    });
  return { why: problem ?? '' };
}

/** Of a file that was tested: undefined. */
async function tested(program: string, state: string | undefined): Promise<string | undefined> {
  const { dev, ino, size, mtimeMs } = statSync(program);
  const identity = [program, version, dev, ino, size, mtimeMs, release()].join(' ');
  const file = state === undefined ? undefined : join(state, TESTED);
  if (file !== undefined && existsSync(file) && readFileSync(file, 'utf8') === identity) return undefined;
  const problem = await selfTest(program);
  try {
    if (problem === undefined && file !== undefined) writeFileSync(file, identity, { mode: 0o600 });
  } catch {
    // A state directory that cannot be written is told of elsewhere; the next session tests it again.
  }
  return problem;
}

/** Undefined when its vectors hold and it is of this version. */
function selfTest(program: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(program, { env: {}, timeout: PROBE_MS_MAX, killSignal: 'SIGKILL' }, (error, stdout) => {
      if (error !== null) resolve(`${program} fails its own test (${error.code ?? error.signal})`);
      else if (stdout !== `${NAME} ${version}\n`) resolve(`${program} is of another version`);
      else resolve(undefined);
    });
  });
}
