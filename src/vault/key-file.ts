// Files that hold a key of the vault: for jobs and services, where nobody types a passphrase.

import { randomBytes } from 'node:crypto';
import { closeSync, constants, fstatSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { BOX_KEY_BYTES } from '../crypto/nacl.js';
import { TurretError } from '../errors.js';
import { keyText, parseKeyText } from './slot.js';

/** Which file holds the key. */
export const KEY_FILE_VARIABLE = 'TURRET_VAULT_KEY_FILE';
/** Name of the systemd credential that holds it. */
const CREDENTIAL = 'turret-vault-key';
const KEY_FILE_BYTES_MAX = 1_024;

export interface FoundKey {
  key: Buffer;
  /** For people. */
  where: string;
}

export interface GivenKey {
  env: NodeJS.ProcessEnv;
  keyFile?: string | undefined;
  /** Of the file, where it was read already. */
  keyText?: string | undefined;
}

/**
 * The key of the named file, of the variable's, or of the service's credentials; undefined when none of them is given.
 * Throws TurretError vault_locked or vault_exposed for one that is given and cannot be used.
 */
export function findKey({ env, keyFile, keyText: text }: GivenKey): FoundKey | undefined {
  const file = keyFile ?? env[KEY_FILE_VARIABLE];
  if (text !== undefined) return { key: parseKeyText(text, `${file}`), where: `the key of ${file}` };
  if (file !== undefined && file !== '')
    return { key: readKeyFile(file, { private: true }), where: `the key file ${file}` };
  const credentials = env['CREDENTIALS_DIRECTORY'];
  const credential = credentials === undefined ? undefined : join(credentials, CREDENTIAL);
  // systemd shows them to the service alone, whatever their mode says.
  const key = credential === undefined ? undefined : tryKeyFile(credential);
  return key && { key, where: `the systemd credential ${CREDENTIAL}` };
}

/** Makes a key file that was not there. Throws TurretError usage or vault_unwritable. */
export function makeKeyFile(path: string): Buffer {
  const file = resolve(path);
  const key = randomBytes(BOX_KEY_BYTES);
  try {
    const fd = openSync(file, 'wx', 0o600);
    try {
      writeSync(fd, keyText(key));
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    return key;
  } catch (cause) {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    if (code === 'EEXIST')
      throw new TurretError('usage', `${file} is there already`, {
        hints: ['name a new file: a key file is never written over'],
      });
    throw new TurretError('vault_unwritable', `the key file cannot be written (${code})`, {
      cause,
      hints: [`is the directory of ${file} there, and yours?`],
    });
  }
}

function tryKeyFile(file: string): Buffer | undefined {
  try {
    return readKeyFile(file, { private: false });
  } catch (error) {
    if (error instanceof TurretError && (error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT')
      return undefined;
    throw error;
  }
}

function readKeyFile(file: string, { private: only }: { private: boolean }): Buffer {
  let fd: number;
  try {
    fd = openSync(file, constants.O_RDONLY);
  } catch (cause) {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    throw new TurretError('vault_locked', `the key file ${file} cannot be read (${code})`, {
      cause,
      hints: [`${KEY_FILE_VARIABLE} or --key-file names a file that turret secrets slot add key-file made`],
    });
  }
  try {
    const status = fstatSync(fd);
    if (only && status.isFile() && (status.mode & 0o077) !== 0)
      throw new TurretError('vault_exposed', `others can read the key file ${file}`, {
        hints: [
          `chmod 600 ${file}; if somebody may have read it, make another and turret secrets rotate-key`,
        ],
      });
    return parseKeyText(readText(fd), file);
  } finally {
    closeSync(fd);
  }
}

// All that is in it, or comes through it; more than a key is no key.
function readText(fd: number): string {
  const bytes = Buffer.alloc(KEY_FILE_BYTES_MAX);
  let length = 0;
  while (length < bytes.length) {
    const read = readSync(fd, bytes, length, bytes.length - length, null);
    if (read === 0) break;
    length += read;
  }
  return bytes.toString('latin1', 0, length);
}
