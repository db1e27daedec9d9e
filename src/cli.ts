// Every command but `run`: oclif finds them in src/commands, one file each.

import { Errors, flush, run } from '@oclif/core';

import { installed } from './installation.js';
import { TurretError } from './errors.js';
import { sayError } from './ui/voice.js';

const ROOT = installed('.');

export async function main(argv: string[]): Promise<void> {
  // oclif looks it up in the password file otherwise, and fails for a user who is not there, as in many containers.
  process.env['SHELL'] ??= '/bin/sh';
  try {
    // No plugins of anybody's: a file in HOME must not add code to a program that handles keys.
    await run(argv, { root: ROOT, userPlugins: false, devPlugins: false });
    await flush();
  } catch (error) {
    if (error instanceof TurretError) {
      sayError(error);
      process.exitCode = error.code === 'usage' || error.code === 'config_invalid' ? 2 : 1;
    } else if (isExit(error)) {
      process.exitCode = error.oclif.exit ?? 0;
      if (error.code !== 'EEXIT') sayError(error);
    } else {
      await Errors.handle(error as Error);
    }
  }
}

function isExit(error: unknown): error is Errors.CLIError & { code?: string; oclif: { exit?: number } } {
  return error instanceof Error && 'oclif' in error && typeof error.oclif === 'object';
}
