// Reading a configuration file: opened once, looked at and read through the same descriptor, so that what was checked is
// what was read. Not by Node's threads: the file is read long before they have started, and the agent waits.

import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

import { TurretError } from '../errors.js';
import { CONFIG_BYTES_MAX } from '../protocol/limits.js';

/** The first CONFIG_BYTES_MAX + 1 bytes with permissions and owner; undefined when there is no such file. Throws `config_unreadable`. */
export async function readConfigFile(
  path: string,
): Promise<{ bytes: Uint8Array; mode: number; uid: number } | undefined> {
  const file = openFile(path);
  if (file === undefined) return undefined;
  try {
    const status = fstatSync(file);
    if (!status.isFile())
      throw new TurretError('config_unreadable', `${path} is not a file`, {
        hints: ['name the file itself'],
      });
    const buffer = new Uint8Array(CONFIG_BYTES_MAX + 1);
    let length = 0;
    while (length < buffer.length) {
      const bytesRead = readSync(file, buffer, length, buffer.length - length, null);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return { bytes: buffer.subarray(0, length), mode: status.mode & 0o7777, uid: status.uid };
  } catch (error) {
    throw error instanceof TurretError ? error : unreadable(path, error);
  } finally {
    closeSync(file);
  }
}

function openFile(path: string): number | undefined {
  try {
    // Not blocking: a FIFO under that name must not stop us.
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw unreadable(path, error);
  }
}

function unreadable(path: string, cause: unknown): TurretError {
  const { code } = cause as NodeJS.ErrnoException;
  return new TurretError('config_unreadable', `${path} cannot be read: ${code ?? 'unknown error'}`, {
    cause,
    hints: ['let yourself read it, or name another with --config FILE'],
  });
}
