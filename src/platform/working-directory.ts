// Where this process is. Somebody may have removed it meanwhile.

import { TurretError } from '../errors.js';

/** Absolute. Throws TurretError usage when it is not there any more. */
export function workingDirectory(): string {
  try {
    return process.cwd();
  } catch (cause) {
    throw noDirectory(cause);
  }
}

/** `cause`: what `process.cwd()` throws then. */
export function noDirectory(cause: unknown): TurretError {
  return new TurretError('usage', 'the working directory is gone', {
    cause,
    hints: ['cd to a directory that exists'],
  });
}
