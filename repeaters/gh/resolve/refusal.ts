import { TurretError } from '../../../src/errors.js';

/** A command line that is not understood or never allowed: what, and what to type instead. */
export function refusal(message: string, hint: string): TurretError {
  return new TurretError('unresolvable', message, { hints: [hint] });
}
