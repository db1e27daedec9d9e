// The keychain of the system: macOS Keychain, Windows Credential Manager, Secret Service on Linux. Its package is optional,
// and on a machine without a desktop there is no keychain behind it: whoever asks is told why, and does without.
// Never the kernel's keyring, into which it would fall back on Linux: that forgets at the next start.

import { createRequire } from 'node:module';

export interface Keychain {
  /** Undefined when it has none for this vault. Throws when it is locked. */
  read(vaultId: string): string | undefined;
  write(vaultId: string, text: string): void;
  remove(vaultId: string): void;
}
export type LoadedKeychain = { keychain: Keychain } | { problem: string };

interface Entry {
  getPassword(): string | null;
  setPassword(text: string): void;
  deletePassword(): boolean;
}
interface Keyring {
  Entry: new (service: string, account: string, options: { linux: { store: string } }) => Entry;
}

const SERVICE = 'turret';

export function loadKeychain(): LoadedKeychain {
  try {
    return { keychain: keychainOf(createRequire(import.meta.url)('@napi-rs/keyring') as Keyring) };
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND';
    return {
      problem: missing
        ? 'the package @napi-rs/keyring is not installed'
        : 'the package @napi-rs/keyring does not load here',
    };
  }
}

function keychainOf({ Entry: EntryOf }: Keyring): Keychain {
  const entry = (vaultId: string): Entry =>
    new EntryOf(SERVICE, `vault ${vaultId}`, { linux: { store: 'secret-service' } });
  return {
    read: (vaultId) => entry(vaultId).getPassword() ?? undefined,
    write: (vaultId, text) => entry(vaultId).setPassword(text),
    remove: (vaultId) => void entry(vaultId).deletePassword(),
  };
}
