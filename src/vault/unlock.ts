// From a locked vault to an open one. What asks nobody comes first: a key that was named, the service's credential, the
// keychain; then the person at the terminal.

import { TurretError } from '../errors.js';
import type { Slot, VaultDocument } from './document.js';
import { findKey, KEY_FILE_VARIABLE } from './key-file.js';
import type { LoadedKeychain } from './keychain.js';
import { type Opener, openSlot, parseKeyText } from './slot.js';
import { Vault } from './vault.js';
import type { VaultPlaces } from './places.js';
import { openVault } from './vault-file.js';

export interface UnlockMeans {
  env: NodeJS.ProcessEnv;
  /** As `--key-file` says. */
  keyFile?: string | undefined;
  /** The text of the key file, where it was read already. */
  keyText?: string | undefined;
  /** Undefined where there is no terminal. */
  ask: ((question: string) => Promise<string>) | undefined;
  keychain: () => LoadedKeychain;
  /** Something for the person to know, a line. */
  tell: (line: string) => void;
}
export interface OpenedVault {
  vault: Vault;
  /** The vault's own key. */
  key: Buffer;
  /** What opened it, and the key of that. */
  slot: Slot;
  slotKey: Buffer;
}

const TRIES_MAX = 3;

/** Throws TurretError vault_locked, vault_passphrase_wrong, and what `openVault` throws. */
export async function unlockVault(
  places: VaultPlaces,
  document: VaultDocument,
  means: UnlockMeans,
  { older = 'refused' }: { older?: 'refused' | 'accepted' } = {},
): Promise<OpenedVault> {
  const opened =
    (await byKeyFile(document, means)) ??
    (await byKeychain(document, means)) ??
    (await byPassphrase(document, means));
  const { slot, vaultKey, slotKey } = opened;
  const vault = older === 'accepted' ? Vault.open(document, vaultKey) : openVault(places, document, vaultKey);
  return { vault, key: vaultKey, slot, slotKey };
}

interface Found {
  slot: Slot;
  vaultKey: Buffer;
  slotKey: Buffer;
}

async function byKeyFile(document: VaultDocument, means: UnlockMeans): Promise<Found | undefined> {
  const given = findKey(means);
  if (given === undefined) return undefined;
  const found = await tryEach(document, 'key-file', { key: given.key });
  if (found !== undefined) return found;
  // Whoever names a key means it: to ask instead would hang a job.
  throw new TurretError('vault_locked', `${given.where} opens no slot of this vault`, {
    hints: ['it is the key of another vault, or its slot was removed: turret secrets slot list'],
  });
}

async function byKeychain(document: VaultDocument, means: UnlockMeans): Promise<Found | undefined> {
  if (!document.slots.some(({ kind }) => kind === 'keychain')) return undefined;
  const loaded = means.keychain();
  if ('problem' in loaded) return undefined;
  let text: string | undefined;
  try {
    text = loaded.keychain.read(document.id);
  } catch {
    // Locked, or there is none on this machine: there are other ways.
    return undefined;
  }
  if (text === undefined) return undefined;
  return tryEach(document, 'keychain', { key: parseKeyText(text, 'the keychain') });
}

async function byPassphrase(document: VaultDocument, means: UnlockMeans): Promise<Found> {
  const kinds = new Set(document.slots.map(({ kind }) => kind));
  if (!kinds.has('passphrase') || means.ask === undefined) throw locked(kinds, means.ask !== undefined);
  for (let attempt = 1; ; attempt += 1) {
    const passphrase = await means.ask('passphrase of the vault: ');
    const found = await tryEach(document, 'passphrase', { passphrase });
    if (found !== undefined) return found;
    if (attempt === TRIES_MAX)
      throw new TurretError('vault_passphrase_wrong', 'this is not the passphrase of the vault', {
        hints: ['the file itself is whole; nothing else opens it'],
      });
    means.tell('this is not the passphrase of the vault; try again');
  }
}

async function tryEach(
  { id, slots }: VaultDocument,
  kind: Slot['kind'],
  opener: Opener,
): Promise<Found | undefined> {
  for (const slot of slots) {
    const opened = slot.kind === kind ? await openSlot(slot, id, opener) : undefined;
    if (opened !== undefined) return { slot, ...opened };
  }
  return undefined;
}

function locked(kinds: ReadonlySet<Slot['kind']>, terminal: boolean): TurretError {
  const byFile = `${KEY_FILE_VARIABLE}=FILE, or a systemd credential named turret-vault-key`;
  if (terminal)
    return new TurretError('vault_locked', `the vault is locked, and has no passphrase`, {
      hints: [
        ...(kinds.has('key-file') ? [`give its key file: ${byFile}`] : []),
        ...(kinds.has('keychain') ? ['unlock the keychain of your desktop'] : []),
      ],
    });
  return new TurretError(
    'vault_locked',
    'the vault is locked, and there is no terminal to ask for its passphrase',
    {
      hints: [
        kinds.has('key-file')
          ? `give its key file: ${byFile}`
          : `at a terminal: turret secrets slot add key-file FILE; then here: ${byFile}`,
      ],
    },
  );
}
