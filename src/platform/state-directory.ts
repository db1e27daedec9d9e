import { isAbsolute, join } from 'node:path';

import { TurretError } from '../errors.js';

/** `$XDG_STATE_HOME/turret` or `~/.local/state/turret`. Throws `state_unwritable` when neither can be told. */
export function stateDirectory(env: {
  XDG_STATE_HOME?: string | undefined;
  HOME?: string | undefined;
}): string {
  const { XDG_STATE_HOME: state, HOME: home } = env;
  if (state !== undefined && isAbsolute(state)) return join(state, 'turret');
  if (home !== undefined && isAbsolute(home)) return join(home, '.local', 'state', 'turret');
  throw new TurretError('state_unwritable', 'there is no place for the audit log: HOME is not set', {
    hints: ['set HOME or XDG_STATE_HOME to an absolute path'],
  });
}
