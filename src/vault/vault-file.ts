// The vault on disk. What is there is always a whole vault: a new one is written beside it, synced and renamed over it, and
// the one before is kept as `.bak`. Two writers wait for each other. A mark in the state directory remembers the last
// generation that was seen, so that an older file in its place is found out by whoever did not change the mark as well.

import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { TurretError } from '../errors.js';
import { withLock } from '../platform/lock-file.js';
import { makeDirectories } from '../platform/make-directories.js';
import { writeWhole } from '../platform/whole-write.js';
import { VAULT_BYTES_MAX } from '../protocol/limits.js';
import { damaged, decodeVault, encodeVault, type VaultDocument } from './document.js';
import { advanceMark, type Mark, readMark } from './generation-mark.js';
import type { VaultPlaces } from './places.js';
import { Vault } from './vault.js';

/** Undefined when there is none. Throws TurretError vault_exposed or vault_damaged. */
export function readVault(file: string): VaultDocument | undefined {
  let fd: number;
  try {
    fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new TurretError('vault_damaged', `the vault cannot be opened (${code ?? 'unknown error'})`, {
      cause: error,
      hints: [`look at ${file}`],
    });
  }
  try {
    const { mode, uid, size } = fstatSync(fd);
    if ((mode & 0o077) !== 0)
      throw new TurretError('vault_exposed', 'others can read the vault', { hints: [`chmod 600 ${file}`] });
    if (uid !== process.getuid?.())
      throw new TurretError('vault_exposed', `the vault belongs to another user (uid ${uid})`, {
        hints: [`look at ${file}`],
      });
    if (size > VAULT_BYTES_MAX) throw damaged('it is too large');
    return decodeVault(readFileSync(fd));
  } finally {
    closeSync(fd);
  }
}

/** Opens what was read, with its key. Throws TurretError vault_damaged or vault_rolled_back. */
export function openVault({ file, state }: VaultPlaces, document: VaultDocument, key: Buffer): Vault {
  const vault = Vault.open(document, key);
  const mark = readMark(state, vault.id);
  if (mark === undefined || !isBehind(document, mark)) {
    advanceMark(state, document);
    return vault;
  }
  // It may have been written again after we read it.
  const now = readVault(file);
  if (now !== undefined && now.mac !== document.mac) return openVault({ file, state }, now, key);
  throw new TurretError(
    'vault_rolled_back',
    `this is an older vault: its generation is ${document.generation}, and generation ${mark.generation} was here already`,
    { hints: [`if you put it back yourself, say so: turret secrets restore ${file}`] },
  );
}

function isBehind({ generation, mac }: VaultDocument, mark: Mark): boolean {
  return generation < mark.generation || (generation === mark.generation && mac !== mark.mac);
}

/** Writes a new vault. Throws TurretError usage when there is one by now, vault_unwritable. */
export function createVault(places: VaultPlaces, vault: Vault): void {
  try {
    makeDirectories(dirname(places.file));
  } catch (error) {
    throw unwritable(error);
  }
  locked(places, () => {
    if (existsSync(places.file))
      throw new TurretError('usage', 'somebody else has just made a vault', { hints: ['try again'] });
    write(places, vault.seal(), 'none');
  });
}

/**
 * Changes the vault that is there now, which somebody else may have changed since its key was found (in `generation`), and writes it.
 * `before`: what becomes of the file as it was: kept as `.bak`, or removed, because whoever asks wants something gone.
 * Throws what `work` throws, then nothing is written; TurretError vault_unwritable, and what opening throws.
 */
export function changeVault<T>(
  places: VaultPlaces,
  { key, generation, before }: { key: Buffer; generation: number; before: 'kept' | 'removed' },
  work: (vault: Vault) => T,
): T {
  return locked(places, () => {
    const document = readVault(places.file);
    if (document === undefined) throw damaged('it is not there any more');
    const vault = openAgain(places, document, { key, generation });
    const result = work(vault);
    write(places, vault.seal(), before);
    return result;
  });
}

function openAgain(
  places: VaultPlaces,
  document: VaultDocument,
  { key, generation }: { key: Buffer; generation: number },
): Vault {
  try {
    return openVault(places, document, key);
  } catch (error) {
    if (error instanceof TurretError && error.code === 'vault_damaged' && document.generation > generation)
      throw new TurretError('vault_unwritable', 'the vault has got a new key in the meantime', {
        cause: error,
        hints: ['nothing was changed: try again'],
      });
    throw error;
  }
}

/** Puts a whole vault, an older one, in the place of the file, as a new generation; the file as it is now is kept aside. Gives its new name. */
export function restoreVault(places: VaultPlaces, vault: Vault): string | undefined {
  return locked(places, () => {
    const aside = existsSync(places.file) ? `${places.file}.${Date.now()}.aside` : undefined;
    if (aside !== undefined) attempt(() => linkSync(places.file, aside));
    const seen = readMark(places.state, vault.id)?.generation ?? 0;
    write(places, vault.seal(Math.max(seen, vault.generation) + 1), 'kept');
    return aside;
  });
}

export function backupOf(file: string): string {
  return `${file}.bak`;
}

function write(
  { file, state }: VaultPlaces,
  document: VaultDocument,
  before: 'kept' | 'removed' | 'none',
): void {
  attempt(() => {
    removeTemporaries(file);
    const bytes = encodeVault(document);
    const temporary = temporaryOf(file);
    try {
      const fd = openSync(temporary, 'wx', 0o600);
      try {
        writeWhole(fd, bytes);
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
      if (before === 'kept') keepAsBackup(file);
      renameSync(temporary, file);
    } finally {
      rmSync(temporary, { force: true });
    }
    if (before === 'removed') rmSync(backupOf(file), { force: true });
    syncDirectory(dirname(file));
  });
  advanceMark(state, document);
}

// By a second name for the same file: at no moment is there no vault.
function keepAsBackup(file: string): void {
  if (!existsSync(file)) return;
  const temporary = temporaryOf(file);
  linkSync(file, temporary);
  renameSync(temporary, backupOf(file));
}

function temporaryOf(file: string): string {
  return `${file}.${randomBytes(6).toString('hex')}.tmp`;
}

// Of writers that were killed: we hold the lock, so none of them lives.
function removeTemporaries(file: string): void {
  const directory = dirname(file);
  for (const name of readdirSync(directory))
    if (name.startsWith(`${basename(file)}.`) && name.endsWith('.tmp'))
      rmSync(join(directory, name), { force: true });
}

function syncDirectory(directory: string): void {
  const fd = openSync(directory, constants.O_RDONLY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function locked<T>({ file }: VaultPlaces, work: () => T): T {
  try {
    return withLock(`${file}.lock`, work);
  } catch (error) {
    // Said of the state directory, whose lock it is made for.
    if (error instanceof TurretError && error.code === 'state_unwritable')
      throw error.cause === undefined
        ? new TurretError('vault_unwritable', 'another process is changing the vault', {
            cause: error,
            hints: ['try again', `or remove ${file}.lock when no turret is running`],
          })
        : unwritable(error.cause);
    throw error;
  }
}

function attempt(work: () => void): void {
  try {
    work();
  } catch (error) {
    throw error instanceof TurretError ? error : unwritable(error);
  }
}

function unwritable(cause: unknown): TurretError {
  const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
  return new TurretError('vault_unwritable', `the vault cannot be written (${code})`, {
    cause,
    hints: ['nothing was changed: make room and make its directory writable, then try again'],
  });
}
