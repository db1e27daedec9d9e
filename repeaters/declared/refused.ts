import { TurretError } from '../../src/errors.js';

/** A command line that has no reading here. */
export function refused(message: string, hint?: string): TurretError {
  return new TurretError('unresolvable', message, hint === undefined ? {} : { hints: [hint] });
}
