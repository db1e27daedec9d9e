// One approved call of a declared tool: argv from what was decided, its credential for the time of the call, a sandbox.

import type { DeclaredCli } from '../../src/config/declared.js';
import { type ReturnRule, placeFiles, returnFiles } from '../sdk/private-files.js';
import type { Run, RunResult } from '../sdk/types.js';
import { type Sources, giveCredentials, readCredentials } from './give.js';
import { type Declared, planDeclared } from './resolve.js';
import type { ShutIn } from './shut-in.js';

/** Only what was named is written, and only as a plain file. */
const NAMED_FILES: ReturnRule = { directories: false, accepts: () => false };

export interface DeclaredRuntime {
  declared: Declared;
  /** Absolute path of the tool. */
  program: string;
  /** Words that always come first. */
  first: readonly string[];
  env: DeclaredCli['env'];
  sources: Sources;
  shutIn: ShutIn;
}

/** @throws TurretError for what Turret itself could not do */
export async function performDeclared(run: Run, runtime: DeclaredRuntime): Promise<RunResult> {
  const { declared, program, first, sources, shutIn } = runtime;
  const argv = planDeclared(run, declared, (path) => path);
  const held = await readCredentials(sources);
  const { standby, env } = await shutIn.enclosure(held.map(({ value }) => value));
  return standby.call(run, async ({ place, runHere }) => {
    const given = await giveCredentials(held, place);
    const files = await placeFiles(
      place.work,
      run.needs.files.map((need) => ({ ...need, local: need.path })),
      run.filesIn,
    );
    const result = await runHere({
      path: program,
      argv: [...first, ...given.argv, ...argv],
      cwd: place.work,
      env: { ...place.env, ...runtime.env, ...env, ...given.env },
    });
    await returnFiles(files, run.filesOut, NAMED_FILES);
    return result;
  });
}
