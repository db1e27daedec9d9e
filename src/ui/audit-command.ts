// What the `turret audit` commands share: the state they look into, and that 1 means "the log is damaged".

import { stateDirectory } from '../platform/sessions.js';
import { TurretCommand } from './turret-command.js';

const EXIT_WRONG_USE = 2;

export abstract class AuditCommand extends TurretCommand {
  protected get state(): string {
    return stateDirectory({ XDG_STATE_HOME: process.env['XDG_STATE_HOME'], HOME: process.env['HOME'] });
  }

  protected override exitCodeOf(): number {
    return EXIT_WRONG_USE;
  }
}
