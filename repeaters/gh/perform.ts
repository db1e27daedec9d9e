// One approved call, from plan to exit code.

import { randomBytes } from 'node:crypto';
import { runCli } from '../sdk/cli-process.js';
import { type ReturnRule, placeFiles, returnFiles } from '../sdk/private-files.js';
import type { PreparedCli } from '../sdk/sandbox/prepare-cli.js';
import type { Run, RunResult } from '../sdk/types.js';
import { ghEnvironment, makePlace, type Place } from './environment.js';
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
  /** Private directory of the session. */
  directory: string;
  upstream: Upstream;
  token: () => Promise<string>;
  /** For the repeater's own log. */
  log: (line: string) => void;
}

/**
 * @param plan made from the run's own capabilities, by planGh
 * @throws TurretError for what Turret itself could not do
 */
export async function performGh(run: Run, runtime: GhRuntime, plan: GhPlan): Promise<RunResult> {
  const token = plan.local ? '' : await runtime.token();
  const place = await makePlace({ parent: runtime.directory, branch: plan.branch });
  try {
    return await performIn(place, { run, runtime, plan, token });
  } finally {
    await place.remove();
  }
}

interface Performance {
  run: Run;
  runtime: GhRuntime;
  plan: GhPlan;
  token: string;
}

async function performIn(place: Place, { run, runtime, plan, token }: Performance): Promise<RunResult> {
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
    const confinement = cli.confine({ place: place.root, programs: place.programs });
    const result = await runCli(run, { path: cli.path, argv: plan.argv, cwd: place.work, env, confinement });
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
