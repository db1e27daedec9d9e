// An approved aws call, performed: the real CLI in a private directory with a dummy key, the injector beside it.

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runCli } from '../sdk/cli-process.js';
import { type ReturnRule, placeFiles, returnFiles } from '../sdk/private-files.js';
import type { PreparedCli } from '../sdk/sandbox/prepare-cli.js';
import type { Run, RunResult } from '../sdk/types.js';
import { childEnvironment } from './child-environment.js';
import type { Injector } from './inject/injector.js';
import type { AwsPlan } from './plan/plan.js';

/** Keys of a bucket become names as they are; the directories on the way to them are made with the files. */
const DOWNLOADS: ReturnRule = { directories: false, accepts: () => true };

export interface PerformContext {
  cli: PreparedCli;
  injector: Injector;
  /** Private directory of this repeater. */
  directory: string;
  /** Rejects when there is no credential: better before the CLI starts than as its error message. */
  checkCredentials: () => Promise<unknown>;
}

/**
 * @returns exit code or signal of the CLI; `result.refused` when the injector refused something on the wire
 * @throws TurretError for what Turret itself could not do: no credential, no program, cancelled
 */
export async function performAws(run: Run, plan: AwsPlan, context: PerformContext): Promise<RunResult> {
  const { cli, injector, directory, checkCredentials } = context;
  if (!plan.local) await checkCredentials();
  const place = await mkdtemp(join(directory, 'call-'));
  // The region is part of what was approved; a command that has none gets none, and fails as it would without us.
  const region = run.capabilities[0]?.params['region'];
  const call = injector.admit({ allow: plan.wire, region: typeof region === 'string' ? region : undefined });
  try {
    const cwd = join(place, 'cwd');
    await mkdir(cwd, { mode: 0o700 });
    const files = await placeFiles(cwd, plan.files, run.filesIn);
    const env = {
      ...(await childEnvironment(place)),
      ...call.env,
      ...(plan.tz === undefined ? {} : { TZ: plan.tz }),
    };
    const confinement = cli.confine({ place, readable: [call.caFile] });
    const result = await runCli(run, { path: cli.path, argv: plan.argv, cwd, env, confinement });
    await returnFiles(files, run.filesOut, DOWNLOADS);
    const refused = call.refused();
    if (refused === undefined) return result;
    run.stderr.write(`turret: error: refused on the wire: ${refused}\n`);
    return { ...result, result: { refused } };
  } finally {
    call.close();
    await rm(place, { recursive: true, force: true });
  }
}
