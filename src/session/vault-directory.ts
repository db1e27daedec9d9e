import { existsSync } from 'node:fs';
import { dirname } from 'node:path';

import { vaultFile } from '../vault/places.js';

/** The vault's directory, to be hidden, when there is one. Not a place that is not there: Landlock makes no exceptions. */
export function vaultDirectory(env: NodeJS.ProcessEnv): string[] {
  const file = vaultFile({ XDG_DATA_HOME: env['XDG_DATA_HOME'], HOME: env['HOME'] });
  return file !== undefined && existsSync(dirname(file)) ? [dirname(file)] : [];
}
