// One approved call, from plan to exit code.

import { randomBytes } from 'node:crypto';
import { type ReturnRule, placeFiles, returnFiles } from '../sdk/private-files.js';
import type { PreparedCli } from '../sdk/sandbox/prepare-cli.js';
import { openAwaitCall } from '../sdk/sandbox/await-call.js';
import { type Here, Standby } from '../sdk/sandbox/standby.js';
import type { Run, RunResult } from '../sdk/types.js';
import { ghEnvironment, makePlace, type Place, takesPlaces } from './environment.js';
import { startInjector } from './inject/injector.js';
import type { Upstream } from './inject/upstream.js';
import type { GhContext, GhPlan } from './types.js';

/** Whoever owns a release names its assets: a hidden one could configure another program, a control character deceive. */
export const DOWNLOADS: ReturnRule = {
  directories: true,
  accepts: (name) => !/^\.|[\u0000-\u001f\u007f]/.test(name),
};

export interface GhRuntime {
  context: GhContext;
  cli: PreparedCli;
  standby: Standby<Place>;
  /** Private directory of the session. */
  directory: string;
  upstream: Upstream;
  token: () => Promise<string>;
  /** For the repeater's own log. */
  log: (line: string) => void;
}

/** No sandbox waits where gh is not shut in, or a place would outlive the session. */
export function ghStandby({
  cli,
  directory,
  log,
}: Pick<GhRuntime, 'cli' | 'directory' | 'log'>): Standby<Place> {
  return new Standby({
    program: cli.open === undefined && takesPlaces(directory) ? openAwaitCall() : undefined,
    makePlace: () => makePlace({ parent: directory, branch: undefined }),
    confine: ({ root, programs }: Place) => cli.confine({ place: root, programs }),
    say: log,
  });
}

/**
 * @param plan made from the run's own capabilities, by planGh
 * @throws TurretError for what Turret itself could not do
 */
export async function performGh(run: Run, runtime: GhRuntime, plan: GhPlan): Promise<RunResult> {
  const token = plan.local ? '' : await runtime.token();
  const { directory, standby } = runtime;
  const { branch } = plan;
  // An answer of git's is there from the beginning.
  const own = branch === undefined ? undefined : () => makePlace({ parent: directory, branch });
  return standby.call(run, (here) => performIn(here, { run, runtime, plan, token }), own);
}

/** A token for this call and this socket only. `gh auth status` prints how one begins and how long it is: as the real one. */
function dummyLike(token: string): string {
  const kind = /^(?:gh[a-z]_|github_pat_)/.exec(token)?.[0] ?? '';
  const length = Math.max(token.length - kind.length, DUMMY_LENGTH_MIN);
  return kind + randomBytes(length).toString('hex').slice(0, length);
}

/** In hexadecimal digits: 128 bits. */
const DUMMY_LENGTH_MIN = 32;

interface Performance {
  run: Run;
  runtime: GhRuntime;
  plan: GhPlan;
  token: string;
}

async function performIn(
  { place, runHere }: Here<Place>,
  { run, runtime, plan, token }: Performance,
): Promise<RunResult> {
  const dummy = dummyLike(token);
  const { host } = runtime.context;
  const files = await placeFiles(place.work, plan.files, run.filesIn);
  const injector = plan.local
    ? undefined
    : await startInjector({
        socket: place.socket,
        dummy,
        token,
        host,
        allow: plan.allow,
        upstream: runtime.upstream,
        onRefused: (reason) => runtime.log(`call ${run.call}: ${reason}`),
      });
  try {
    const env = ghEnvironment({ place, host, dummy, tty: run.tty, env: plan.env });
    const result = await runHere({ path: runtime.cli.path, argv: plan.argv, cwd: place.work, env });
    const left = await returnFiles(files, run.filesOut, DOWNLOADS);
    if (left.length === 0) return result;
    run.stderr.write(
      `turret: not written, because of its name: ${left.map((name) => JSON.stringify(name)).join(', ')}\n`,
    );
    return { ...result, exit: result.exit === 0 ? 1 : result.exit };
  } finally {
    await injector?.close();
  }
}
