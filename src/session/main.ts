// `turret run`, from argv to exit code.

import { TurretError } from '../errors.js';
import { sayError } from '../ui/voice.js';
import { isHungUp } from './controlling-terminal.js';
import { exitCodeOf } from './exit-code.js';
import { closeInheritedDescriptors, inheritedKey } from './inherited-descriptors.js';
import { parseRunOptions } from './options.js';
import { runSession } from './run.js';
import { runVia } from './via.js';

export async function main(argv: string[]): Promise<void> {
  try {
    const vaultKey = inheritedKey(process.env['TURRET_VAULT_KEY_FILE']);
    closeInheritedDescriptors();
    const options = parseRunOptions(argv);
    const { via } = options;
    process.exitCode = await (via === undefined
      ? runSession(vaultKey === undefined ? options : { ...options, vaultKey })
      : runVia({ ...options, via }));
  } catch (error) {
    sayError(error);
    process.exitCode = error instanceof TurretError ? exitCodeOf(error) : 125;
  }
  if (isHungUp()) dieOfHangUp();
  // Sockets of repeaters that are just dying must not keep us.
  process.exit();
}

// On its way out Node restores the terminal's modes, and aborts when that terminal is gone.
function dieOfHangUp(): void {
  process.removeAllListeners('SIGHUP');
  process.kill(process.pid, 'SIGHUP');
}
