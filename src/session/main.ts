// `turret run`, from argv to exit code.

import '../platform/preamble.js';

import { constants } from 'node:os';

import { TurretError } from '../errors.js';
import { askLandlock, findConfine } from '../isolation/launch-here.js';
import { useCompiledCode } from '../platform/compiled-code.js';
import { sayError } from '../ui/voice.js';
import { BrokerProcess } from './broker-process.js';
import { isHungUp } from './controlling-terminal.js';
import { exitCodeOf } from './exit-code.js';
import { closeInheritedDescriptors, inheritedKey } from './inherited-descriptors.js';
import { type RunOptions, parseRunOptions } from './options.js';
import { Signals } from './signals.js';
import { requireText } from './text-arguments.js';

export async function main(argv: string[]): Promise<void> {
  try {
    const vaultKey = inheritedKey(process.env['TURRET_VAULT_KEY_FILE']);
    closeInheritedDescriptors();
    requireText(argv);
    const options = parseRunOptions(argv);
    process.exitCode = await start(vaultKey === undefined ? options : { ...options, vaultKey });
  } catch (error) {
    sayError(error);
    process.exitCode = error instanceof TurretError ? exitCodeOf(error) : 125;
  }
  if (isHungUp()) dieOfHangUp();
  // Sockets of repeaters that are just dying must not keep us.
  process.exit();
}

async function start(options: RunOptions): Promise<number> {
  const { via } = options;
  if (via !== undefined) return (await import('./via.js')).runVia({ ...options, via });
  const signals = new Signals((signal) => process.exit(128 + constants.signals[signal]));
  // Before all that a session needs is read: it makes its keys meanwhile, and the kernel is asked.
  const broker = new BrokerProcess();
  const confine = findConfine();
  if (confine !== undefined) void askLandlock(confine);
  useCompiledCode('run');
  return (await import('./run.js')).runSession(options, { broker, signals });
}

// On its way out Node restores the terminal's modes, and aborts when that terminal is gone.
function dieOfHangUp(): void {
  process.removeAllListeners('SIGHUP');
  process.kill(process.pid, 'SIGHUP');
}
