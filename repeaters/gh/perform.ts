// One approved call, from plan to exit code.

import { randomBytes } from 'node:crypto';
import { runCli } from '../sdk/cli-process.js';
import { attend } from '../sdk/running-program.js';
import { type ReturnRule, placeFiles, returnFiles } from '../sdk/private-files.js';
import type { Confinement } from '../sdk/sandbox/confinement.js';
import type { PreparedCli } from '../sdk/sandbox/prepare-cli.js';
import { openAwaitCall } from '../sdk/sandbox/await-call.js';
import { Standby, type Taken } from '../sdk/sandbox/standby.js';
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
  /** Absent when each call makes its own sandbox. */
  standby?: GhStandby | undefined;
  /** Private directory of the session. */
  directory: string;
  upstream: Upstream;
  token: () => Promise<string>;
  /** For the repeater's own log. */
  log: (line: string) => void;
}

export type GhStandby = Standby<Place>;

/** For calls that need no more than most do. Undefined where gh is not shut in, a place would outlive the session, or nothing was compiled. */
export function ghStandby({
  cli,
  directory,
  log,
}: Pick<GhRuntime, 'cli' | 'directory' | 'log'>): GhStandby | undefined {
  if (cli.open !== undefined || !takesPlaces(directory)) return undefined;
  const program = openAwaitCall();
  if (program === undefined) return undefined;
  return new Standby({
    program,
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
  // What another call needs, another input or output or an answer of git's, would have to be there from the beginning.
  const isUsual = plan.branch === undefined && !run.needs.stdin && run.handoff === undefined;
  const taken = isUsual ? await standby?.take() : undefined;
  const place = taken?.place ?? (await makePlace({ parent: directory, branch: plan.branch }));
  try {
    return await performIn(place, { run, runtime, plan, token, taken });
  } finally {
    await taken?.sandbox.discard();
    await place.remove();
    // A call that is given up may be the last thing of its session.
    if (!run.signal.aborted) standby?.prepare();
  }
}

interface Performance {
  run: Run;
  runtime: GhRuntime;
  plan: GhPlan;
  token: string;
  taken: Taken<Place> | undefined;
}

async function performIn(
  place: Place,
  { run, runtime, plan, token, taken }: Performance,
): Promise<RunResult> {
  // Looks like a token, is good for this call and this socket only.
  const dummy = `ghp_${randomBytes(18).toString('hex')}`;
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
    const { cli } = runtime;
    const program = { path: cli.path, argv: plan.argv, cwd: place.work, env };
    const started = run.signal.aborted ? undefined : await taken?.sandbox.start(program);
    const confine = (): Confinement => cli.confine({ place: place.root, programs: place.programs });
    const result =
      started === undefined
        ? await runCli(run, { ...program, confinement: confine() })
        : await attend(run, () => started);
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
