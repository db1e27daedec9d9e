// Every command but `run`: oclif finds them in src/commands, one file each.

import { Config, flush, run } from '@oclif/core';

import { installed } from './installation.js';
import { errorJson, exitCodeFor, jsonText, toldError } from './ui/told-error.js';
import { sayError } from './ui/voice.js';

const ROOT = installed('.');

export async function main(words: string[]): Promise<void> {
  // oclif looks it up in the password file otherwise, and fails for a user who is not there, as in many containers.
  process.env['SHELL'] ??= '/bin/sh';
  // Before oclif's own, which throws what it gets, so that Node prints where.
  process.stdout.prependListener('error', endOfOutput);
  const [first, ...rest] = words;
  const argv = first === 'help' ? [...rest, '--help'] : words;
  let commands: string[] = [];
  try {
    // No plugins of anybody's: a file in HOME must not add code to a program that handles keys.
    const config = await Config.load({ root: ROOT, userPlugins: false, devPlugins: false });
    commands = config.commandIDs;
    await run(argv, config);
    await flush();
  } catch (thrown) {
    const error = toldError(thrown, { help: 'turret --help', commands });
    const before = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv;
    if (before.includes('--json')) process.stdout.write(jsonText(errorJson(error)));
    else sayError(error);
    process.exitCode = exitCodeFor(error);
  }
}

// A reader that has gone away (`| head`) has what it wanted. A full disk has not.
function endOfOutput(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') return;
  sayError(new Error(`stdout cannot be written: ${error.code ?? error.message}`));
  process.exit(1);
}
