// An older vault in the place of a damaged one.

import { resolve } from 'node:path';

import { type UnlockMeans, unlockVault } from './unlock.js';
import type { VaultPlaces } from './places.js';
import { backupOf, readVault, restoreVault } from './vault-file.js';

export interface Restored {
  secrets: string[];
  /** Where the vault that was there is now. */
  aside?: string;
}

/** Undefined when there is no such file. Throws what reading and unlocking it throws; then nothing was changed. */
export async function restoreFrom(
  places: VaultPlaces,
  means: UnlockMeans,
  file = backupOf(places.file),
): Promise<Restored | undefined> {
  const source = resolve(file);
  const document = readVault(source);
  if (document === undefined) return undefined;
  // That it is older than what was seen is why it is asked for.
  const { vault } = await unlockVault(places, document, means, { older: 'accepted' });
  const aside = restoreVault(places, vault);
  return { secrets: [...vault.items.keys()].sort(), ...(aside === undefined ? {} : { aside }) };
}
