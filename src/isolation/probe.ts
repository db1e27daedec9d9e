// Does the profile work on this machine? Found out by running it, not by reading version numbers.

import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { PROBE_MS_MAX } from '../protocol/limits.js';
import { TurretError } from '../errors.js';
import type { EncloseRequest, Enclosure } from './enclosure.js';
import type { Level } from './levels.js';

/** System directories only: a `bwrap` in the workspace or on the agent's PATH would be the agent's. */
const PLACES = ['/usr/bin/bwrap', '/bin/bwrap', '/usr/local/bin/bwrap'];

/** Absolute path of a bubblewrap that belongs to root and only root can change. */
export function findBubblewrap(): string | undefined {
  return PLACES.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      const { uid, mode } = statSync(path);
      return uid === 0 && (mode & 0o022) === 0;
    } catch {
      // Not there.
      return false;
    }
  });
}

export interface ProbeProblem {
  message: string;
  hint: string;
}

const KNOWN: [RegExp, ProbeProblem][] = [
  [/No permissions to create new namespace|Creating new namespace failed: Operation not permitted/, {
    message: 'creating namespaces is forbidden here (a container, or user namespaces are off)',
    hint: 'in a container: run it with --security-opt seccomp=unconfined; on the host: sysctl -w kernel.unprivileged_userns_clone=1',
  }],
  [/ENOSPC|No space left on device/, {
    message: 'no more namespaces may be created (user.max_user_namespaces is 0, or this is inside a sandbox already)',
    hint: 'sysctl -w user.max_user_namespaces=15000, or start turret outside the other sandbox',
  }],
  [/RTM_NEWADDR|setting up uid map: Permission denied/, {
    message: 'AppArmor restricts user namespaces on this system',
    hint: 'sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or install an AppArmor profile for bwrap',
  }],
  [/setting up uid map: Operation not permitted/, {
    message: 'root without the capability to map users',
    hint: 'run turret as an ordinary user, or give the container CAP_SETFCAP',
  }],
  [/Can't mount proc/, {
    message: '/proc is masked in this container',
    hint: 'run the container with an unmasked /proc (--security-opt systempaths=unconfined)',
  }],
]; // prettier-ignore

const HINTS: Partial<Record<Level, string>> = { seatbelt: 'a Linux machine, virtual or not' };
const TRUE = ['/bin/true', '/usr/bin/true'].find((path) => existsSync(path)) ?? 'true';

/** Runs the profile with `true`. Undefined when that works. */
export async function probe(
  enclosure: Enclosure,
  { env }: EncloseRequest,
): Promise<ProbeProblem | undefined> {
  try {
    const request = enclosure.launch([TRUE], { env, stdio: ['ignore', 'ignore', 'capture'] });
    const launched = await enclosure.launcher.start(request);
    await launched.release();
    const late = sleep(PROBE_MS_MAX, undefined, { ref: false });
    const exit = await Promise.race([launched.exit, late]);
    if (exit?.code === 0) return undefined;
    return explain(exit?.stderr ?? `the sandbox took more than ${PROBE_MS_MAX / 1000} s to run true`);
  } catch (error) {
    const [said] = error instanceof TurretError ? error.hints : [];
    return {
      message: (error as Error).message,
      hint: said ?? HINTS[enclosure.level] ?? 'apt-get install bubblewrap coreutils',
    };
  }
}

/** Runs a command line with `true`. Undefined when that works. */
export function tryWithTrue(
  command: readonly string[],
  env: Record<string, string>,
): Promise<ProbeProblem | undefined> {
  const [file = '', ...args] = command;
  return new Promise((resolve) => {
    const options = { env, timeout: PROBE_MS_MAX, killSignal: 'SIGKILL' } as const;
    execFile(file, [...args, TRUE], options, (error, _stdout, stderr) =>
      resolve(error === null ? undefined : explain(stderr || error.message)),
    );
  });
}

/** What bubblewrap said on stderr, as a cause and what to do about it. */
export function explain(said: string): ProbeProblem {
  const known = KNOWN.find(([pattern]) => pattern.test(said));
  if (known !== undefined) return known[1];
  const first = said.trim().split('\n')[0] ?? '';
  return {
    message: first === '' ? 'the sandbox does not start' : first,
    hint: 'turret doctor shows what was tried',
  };
}
