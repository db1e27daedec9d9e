// An approved aws call, performed: the real CLI in a private directory with a dummy key, the injector beside it.

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { removeTreeSoon } from '../../src/platform/remove-tree.js';
import { runCli } from '../sdk/cli-process.js';
import { type ReturnRule, placeFiles, returnFiles } from '../sdk/private-files.js';
import { attend } from '../sdk/running-program.js';
import type { Run, RunResult } from '../sdk/types.js';
import type { Fork } from '../sdk/zygote/fork.js';
import { childEnvironment, makePlace } from './child-environment.js';
import type { PreparedAws } from './cli.js';
import type { AdmittedCall, Injector } from './inject/injector.js';
import type { AwsPlan } from './plan/plan.js';

/** Keys of a bucket become names as they are; the directories on the way to them are made with the files. */
const DOWNLOADS: ReturnRule = { directories: false, accepts: () => true };

export interface PerformContext {
  cli: PreparedAws;
  injector: Injector;
  /** Private directory of the calls of this repeater. */
  calls: string;
  /** Rejects when there is no credential: better before the CLI starts than as its error message. */
  checkCredentials: () => Promise<unknown>;
}

/**
 * @returns exit code or signal of the CLI; `result.refused` when the injector refused something on the wire
 * @throws TurretError for what Turret itself could not do: no credential, no program, cancelled
 */
export async function performAws(run: Run, plan: AwsPlan, context: PerformContext): Promise<RunResult> {
  const { cli, injector, calls, checkCredentials } = context;
  if (!plan.local) await checkCredentials();
  const fork = await cli.warm?.take();
  const place = fork?.place ?? (await newPlace(calls));
  // The region is part of what was approved; a command that has none gets none, and fails as it would without us.
  const region = run.capabilities[0]?.params['region'];
  const call = injector.admit({ allow: plan.wire, region: typeof region === 'string' ? region : undefined });
  try {
    const files = await placeFiles(join(place, 'cwd'), plan.files, run.filesIn);
    const result = await runAws(run, { cli, fork, place, plan, call });
    await returnFiles(files, run.filesOut, DOWNLOADS);
    const refused = call.refused();
    if (refused === undefined) return result;
    run.stderr.write(`turret: error: refused on the wire: ${refused}\n`);
    return { ...result, result: { refused } };
  } finally {
    fork?.discard();
    call.close();
    await removeTreeSoon(place);
  }
}

async function newPlace(calls: string): Promise<string> {
  const place = join(calls, `call-${randomBytes(16).toString('hex')}`);
  await makePlace(place);
  return place;
}

interface Prepared {
  cli: PreparedAws;
  /** Without, the CLI is started. */
  fork: Fork | undefined;
  place: string;
  plan: AwsPlan;
  call: AdmittedCall;
}

function runAws(run: Run, { cli, fork, place, plan, call }: Prepared): Promise<RunResult> {
  const inside = fork?.inside ?? place;
  const cwd = join(inside, 'cwd');
  const tz = plan.tz === undefined ? {} : { TZ: plan.tz };
  const env = { ...childEnvironment(inside), ...call.env, ...tz };
  if (fork !== undefined)
    return attend(run, () => fork.start({ argv: plan.argv, cwd, env, stdin: run.needs.stdin }));
  const confinement = cli.confine({ place, readable: [call.caFile] });
  return runCli(run, { path: cli.path, argv: plan.argv, cwd, env, confinement });
}
