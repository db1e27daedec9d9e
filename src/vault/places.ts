// Where the vault is. `turret run` asks this always, and loads the rest of this folder only when a repeater needs it.

import { isAbsolute, join } from 'node:path';

export interface VaultPlaces {
  /** Absolute. */
  file: string;
  /** Turret's state directory: where the mark of the last generation is. */
  state: string;
}

/** `$XDG_DATA_HOME/turret/vault.json` or `~/.local/share/turret/vault.json`; undefined when neither can be told. */
export function vaultFile(env: {
  XDG_DATA_HOME?: string | undefined;
  HOME?: string | undefined;
}): string | undefined {
  const { XDG_DATA_HOME: data, HOME: home } = env;
  if (data !== undefined && isAbsolute(data)) return join(data, 'turret', 'vault.json');
  return home !== undefined && isAbsolute(home)
    ? join(home, '.local', 'share', 'turret', 'vault.json')
    : undefined;
}
