// Vaults for tests: the cheapest scrypt there is, and a place of their own.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { openSlot, type Opener } from '../../../src/vault/slot.js';
import type { VaultPlaces } from '../../../src/vault/places.js';
import { createVault, readVault } from '../../../src/vault/vault-file.js';
import { newVaultId, Vault } from '../../../src/vault/vault.js';

const COST = { N: 2, r: 1, p: 1 };
export const CHANGED = '2026-11-23T12:00:00.000Z';
export const PASSPHRASE = { passphrase: 'correct horse' };

export function slotOf(opener: Opener, kind: 'passphrase' | 'key-file' = 'passphrase') {
  return { kind, opener, created: CHANGED, cost: COST };
}

export interface TemporaryVault extends VaultPlaces {
  remove(): void;
}

export function temporaryPlaces(): TemporaryVault {
  const directory = mkdtempSync('/tmp/vault-');
  mkdirSync(join(directory, 'state'));
  return {
    file: join(directory, 'data/vault.json'),
    state: join(directory, 'state'),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

export async function makeVault(values: Record<string, string> = {}): Promise<Vault> {
  const vault = await Vault.create(newVaultId(), slotOf(PASSPHRASE));
  for (const [name, value] of Object.entries(values)) vault.set(name, value, { changed: CHANGED });
  return vault;
}

/** One on disk, opened. */
export async function storedVault(places: VaultPlaces, values: Record<string, string> = {}) {
  createVault(places, await makeVault(values));
  return keyOf(places);
}

export async function keyOf({ file }: VaultPlaces, opener: Opener = PASSPHRASE): Promise<Buffer> {
  const document = readVault(file);
  const slot = document?.slots[0];
  if (document === undefined || slot === undefined) throw new Error('there is no vault');
  const opened = await openSlot(slot, document.id, opener);
  if (opened === undefined) throw new Error('the passphrase does not open it');
  return opened.vaultKey;
}
