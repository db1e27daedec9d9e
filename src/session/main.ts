// `turret run`, from argv to exit code.

import { TurretError } from '../errors.js';
import { sayError } from '../ui/voice.js';
import { parseRunOptions } from './options.js';
import { exitCodeOf, runSession } from './run.js';

export async function main(argv: string[]): Promise<void> {
  try {
    process.exitCode = await runSession(parseRunOptions(argv));
  } catch (error) {
    sayError(error);
    process.exitCode = error instanceof TurretError ? exitCodeOf(error) : 125;
  }
  // Sockets of repeaters that are just dying must not keep us.
  process.exit();
}
