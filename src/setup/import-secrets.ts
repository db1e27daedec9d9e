// `turret secrets import`: what was found goes into the vault, and what lies around in plain afterwards is said.

import { TurretError } from '../errors.js';
import { openOrNewStore } from '../vault/manage.js';
import type { UnlockMeans } from '../vault/unlock.js';
import type { VaultPlaces } from '../vault/places.js';
import type { Environment } from './environment.js';
import { type ExposedFile, exposedFiles } from './exposed-files.js';
import type { SecretSource } from './secret-sources.js';

export interface ImportResult {
  imported: string[];
  /** In the vault already, with the same value. */
  unchanged: string[];
  referred: SecretSource['referred'];
  passedOver: string[];
  use: string[];
  /** Names of variables that still hold an imported value. */
  variables: string[];
  /** Files that hold a credential in plain, these or others. */
  exposed: ExposedFile[];
}

/** Throws TurretError usage when a name is taken by another value and `replace` is not said; then nothing is imported. */
export async function importSecrets(
  source: SecretSource,
  { places, means, replace, cwd }: { places: VaultPlaces; means: UnlockMeans; replace: boolean; cwd: string },
): Promise<ImportResult> {
  const { found, referred, passedOver, use } = source;
  const unchanged: string[] = [];
  if (found.length > 0) {
    const store = await openOrNewStore(places, means);
    store.change('kept', (vault) => {
      for (const { name, value, from } of found) {
        const was = vault.get(name);
        if (was === value) unchanged.push(name);
        else if (was !== undefined && !replace)
          throw new TurretError('usage', `the vault has another ${name} already; nothing was imported`, {
            hints: ['--replace replaces it; the version before is kept'],
          });
        else vault.set(name, value, { changed: new Date().toISOString(), from });
      }
    });
  }
  const imported = found.map(({ name }) => name).filter((name) => !unchanged.includes(name));
  const { env } = means;
  return { imported, unchanged, referred, passedOver, use, variables: stillIn(env, found), exposed: exposedFiles({ env, cwd }) }; // prettier-ignore
}

function stillIn(env: Environment, found: SecretSource['found']): string[] {
  const values = new Set(found.map(({ value }) => value));
  return Object.keys(env)
    .filter((name) => values.has(env[name] ?? ''))
    .sort();
}
