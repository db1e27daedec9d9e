// What the `turret secrets` commands do with a vault: open the one that is there or begin a new one, and change it.

import { randomBytes } from 'node:crypto';

import { BOX_KEY_BYTES } from '../crypto/nacl.js';
import { TurretError } from '../errors.js';
import { PASSPHRASE_CHARACTERS_MIN } from '../protocol/limits.js';
import type { Slot } from './document.js';
import { findKey, makeKeyFile } from './key-file.js';
import type { Keychain } from './keychain.js';
import { keyText, type NewSlot, openSlot, parseKeyText } from './slot.js';
import { type OpenedVault, type UnlockMeans, unlockVault } from './unlock.js';
import { newVaultId, Vault } from './vault.js';
import type { VaultPlaces } from './places.js';
import { changeVault, createVault, readVault } from './vault-file.js';

export interface OpenStore {
  /** As it was opened; others may have changed it since. */
  readonly vault: Vault;
  /** There is no file yet: the first change makes it. */
  readonly isNew: boolean;
  /** `before` and what is thrown: as `changeVault`. */
  change<T>(before: 'kept' | 'removed', work: (vault: Vault) => T): T;
}

/** Throws TurretError vault_locked when there is no vault, and what unlocking throws. */
export async function openStore(places: VaultPlaces, means: UnlockMeans): Promise<OpenStore & OpenedVault> {
  const store = await openThere(places, means);
  if (store !== undefined) return store;
  throw new TurretError('secret_missing', 'there is no vault yet', {
    hints: ['turret secrets set NAME makes one'],
  });
}

/** The one that is there, or a new one: under the key that is given, or under a passphrase that is asked for. */
export async function openOrNewStore(places: VaultPlaces, means: UnlockMeans): Promise<OpenStore> {
  const store = await openThere(places, means);
  if (store !== undefined) return store;
  const given = findKey(means);
  if (given !== undefined || means.ask !== undefined)
    means.tell(`there is no vault yet: this makes one, ${places.file}`);
  const slot: Pick<NewSlot, 'kind' | 'opener'> =
    given === undefined ? await newPassphrase(means) : { kind: 'key-file', opener: { key: given.key } };
  return storeOf(places, await Vault.create(newVaultId(), { ...slot, created: new Date().toISOString() }));
}

async function openThere(
  places: VaultPlaces,
  means: UnlockMeans,
): Promise<(OpenStore & OpenedVault) | undefined> {
  const document = readVault(places.file);
  if (document === undefined) return undefined;
  const opened = await unlockVault(places, document, means);
  const { key } = opened;
  const { generation } = opened.vault;
  return {
    ...opened,
    isNew: false,
    change: (before, work) => changeVault(places, { key, generation, before }, work),
  };
}

function storeOf(places: VaultPlaces, vault: Vault): OpenStore {
  return {
    vault,
    isNew: true,
    change(_, work) {
      const result = work(vault);
      createVault(places, vault);
      return result;
    },
  };
}

async function newPassphrase({ ask }: UnlockMeans): Promise<Pick<NewSlot, 'kind' | 'opener'>> {
  if (ask === undefined)
    throw new TurretError('vault_locked', 'there is no vault yet, and no terminal to ask for a passphrase', {
      hints: ['turret secrets slot add key-file FILE makes one that a key file opens'],
    });
  const passphrase = await ask('new passphrase for the vault: ');
  if (passphrase.length < PASSPHRASE_CHARACTERS_MIN)
    throw new TurretError('usage', `a passphrase has at least ${PASSPHRASE_CHARACTERS_MIN} characters`, {
      hints: ['four words that do not belong together are easy to keep in mind'],
    });
  if ((await ask('the same again: ')) !== passphrase)
    throw new TurretError('usage', 'these were two different passphrases', { hints: ['try again'] });
  return { kind: 'passphrase', opener: { passphrase } };
}

/** Adds a way to open the vault; makes the vault when there is none. `file`: of the new key file. Gives its number. */
export async function addSlot(
  places: VaultPlaces,
  means: UnlockMeans,
  wanted: { kind: Slot['kind']; file?: string | undefined },
): Promise<{ id: number; created: boolean }> {
  const store = await openThere(places, means);
  const id = store?.vault.id ?? newVaultId();
  if (wanted.kind === 'keychain' && store?.vault.slots.some(({ kind }) => kind === 'keychain') === true)
    throw new TurretError('usage', 'the keychain opens this vault already', {
      hints: ['turret secrets slot list'],
    });
  const slot = { ...(await newOpener(id, means, wanted)), created: new Date().toISOString() };
  if (store === undefined) {
    storeOf(places, await Vault.create(id, slot)).change('kept', () => {});
    return { id: 1, created: true };
  }
  const prepared = await store.vault.prepareSlot(slot);
  return { id: store.change('kept', (vault) => vault.addSlot(prepared)), created: false };
}

async function newOpener(
  vaultId: string,
  means: UnlockMeans,
  { kind, file }: { kind: Slot['kind']; file?: string | undefined },
): Promise<Pick<NewSlot, 'kind' | 'opener'>> {
  if (kind === 'passphrase') return newPassphrase(means);
  if (kind === 'key-file') {
    if (file === undefined)
      throw new TurretError('usage', 'the key file has no name', {
        hints: ['turret secrets slot add key-file FILE'],
      });
    return { kind, opener: { key: makeKeyFile(file) } };
  }
  const key = randomBytes(BOX_KEY_BYTES);
  withKeychain(means, (keychain) => keychain.write(vaultId, keyText(key)));
  return { kind, opener: { key } };
}

/** Removes a way to open the vault, also from the version before, which is gone. */
export async function removeSlot(places: VaultPlaces, means: UnlockMeans, id: number): Promise<Slot> {
  const store = await openStore(places, means);
  const slot = store.change('removed', (vault) => vault.removeSlot(id));
  if (slot.kind === 'keychain') {
    try {
      withKeychain(means, (keychain) => keychain.remove(store.vault.id));
    } catch {
      // What is left in there opens nothing any more.
    }
  }
  return slot;
}

/** A new key for all secrets and slots; the version before is removed. Throws TurretError vault_locked when a slot cannot be taken along. */
export async function rotateKey(places: VaultPlaces, means: UnlockMeans): Promise<OpenStore> {
  const store = await openStore(places, means);
  const keys = new Map([[store.slot.id, store.slotKey]]);
  for (const slot of store.vault.slots)
    if (!keys.has(slot.id)) keys.set(slot.id, await keyOfSlot(slot, store.vault.id, means));
  store.change('removed', (vault) => vault.rotate(keys));
  return store;
}

async function keyOfSlot(slot: Slot, vaultId: string, means: UnlockMeans): Promise<Buffer> {
  const opener = await openerOf(slot, vaultId, means);
  const opened = opener === undefined ? undefined : await openSlot(slot, vaultId, opener);
  if (opened !== undefined) return opened.slotKey;
  throw new TurretError('vault_locked', `slot ${slot.id} (${slot.kind}) cannot be taken along`, {
    hints: [
      'nothing was changed: give what opens it as well (--key-file FILE, at a terminal)',
      `or remove it first and add it again after: turret secrets slot rm ${slot.id}`,
    ],
  });
}

async function openerOf({ id, kind }: Slot, vaultId: string, means: UnlockMeans) {
  if (kind === 'passphrase')
    return means.ask && { passphrase: await means.ask(`passphrase of slot ${id}: `) };
  if (kind === 'key-file') return findKey(means);
  const text = withKeychain(means, (keychain) => keychain.read(vaultId));
  return text === undefined ? undefined : { key: parseKeyText(text, 'the keychain') };
}

function withKeychain<T>({ keychain }: UnlockMeans, work: (keychain: Keychain) => T): T {
  const loaded = keychain();
  const hints = ['a passphrase or a key file opens the vault on every machine: turret secrets slot add'];
  if ('problem' in loaded)
    throw new TurretError('vault_locked', `there is no keychain: ${loaded.problem}`, { hints });
  try {
    return work(loaded.keychain);
  } catch (cause) {
    throw new TurretError('vault_locked', 'the keychain of this machine cannot be used', { cause, hints });
  }
}
