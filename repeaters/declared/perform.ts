// One approved call of a declared tool: argv from what was decided, its credential for the time of the call, a sandbox.

import type { DeclaredCli } from '../../src/config/declared.js';
import { runCli } from '../sdk/cli-process.js';
import { type ReturnRule, placeFiles, returnFiles } from '../sdk/private-files.js';
import type { Run, RunResult } from '../sdk/types.js';
import { type Sources, giveCredentials, readCredentials } from './give.js';
import { makePlace } from './place.js';
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
  /** Private directory of this repeater. */
  directory: string;
  shutIn: ShutIn;
}

/** @throws TurretError for what Turret itself could not do */
export async function performDeclared(run: Run, runtime: DeclaredRuntime): Promise<RunResult> {
  const { declared, program, first, sources, directory, shutIn } = runtime;
  const argv = planDeclared(run, declared, (path) => path);
  const held = await readCredentials(sources);
  const enclosed = await shutIn.enclosure(held.map(({ value }) => value));
  const place = await makePlace(directory);
  try {
    const given = await giveCredentials(held, place);
    const files = await placeFiles(
      place.work,
      run.needs.files.map((need) => ({ ...need, local: need.path })),
      run.filesIn,
    );
    const result = await runCli(run, {
      path: program,
      argv: [...first, ...given.argv, ...argv],
      cwd: place.work,
      env: { ...place.env, ...runtime.env, ...enclosed.env, ...given.env },
      confinement: enclosed.confine({ place: place.root }),
    });
    await returnFiles(files, run.filesOut, NAMED_FILES);
    return result;
  } finally {
    await place.remove();
  }
}
