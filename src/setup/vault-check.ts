// The vault, looked at without opening it.

import { TurretError } from '../errors.js';
import { loadKeychain, type LoadedKeychain } from '../vault/keychain.js';
import { vaultFile } from '../vault/places.js';
import { readVault } from '../vault/vault-file.js';
import { type Check, withFix } from './check.js';
import type { Environment } from './environment.js';

export function vaultCheck(env: Environment, keychain: () => LoadedKeychain = loadKeychain): Check {
  const shared = { id: 'vault', group: 'credentials' as const, what: 'vault' };
  const file = vaultFile({ XDG_DATA_HOME: env['XDG_DATA_HOME'], HOME: env['HOME'] });
  try {
    const document = file === undefined ? undefined : readVault(file);
    if (document === undefined)
      return { ...shared, state: 'none', level: 'info', why: 'made by the first turret secrets set' };
    const kinds = document.slots.map(({ kind }) => kind);
    const loaded = kinds.includes('keychain') ? keychain() : undefined;
    const why = `${document.items.size} secrets; opens with ${kinds.join(', ')}`;
    if (loaded !== undefined && 'problem' in loaded)
      return {
        ...shared,
        state: 'no keychain',
        level: 'warn',
        why: `${why}; ${loaded.problem}`,
        fix: 'npm install @napi-rs/keyring beside turret',
      };
    return { ...shared, state: 'ok', level: 'ok', why };
  } catch (error) {
    if (!(error instanceof TurretError)) throw error;
    const bad = { ...shared, state: 'unusable', level: 'bad' as const, why: error.message };
    return withFix(bad, error.hints[0]);
  }
}
