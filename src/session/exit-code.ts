import type { TurretError } from '../errors.js';
import { EXIT } from '../protocol/codes.js';

/** The exit code for an error that kept the agent from starting. */
export function exitCodeOf(error: TurretError): number {
  if (error.code === 'command_not_found') return EXIT.NOT_FOUND;
  if (error.code === 'usage' || error.code === 'config_invalid' || error.code === 'config_unreadable')
    return 2;
  return error.code === 'isolation_unavailable' ||
    error.code === 'command_not_executable' ||
    error.code === 'env_refused'
    ? EXIT.DENIED
    : EXIT.BROKEN;
}
