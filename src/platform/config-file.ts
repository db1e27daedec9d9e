// Reading a configuration file: opened once, looked at and read through the same descriptor, so that what was checked is
// what was read.

import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { TurretError } from '../errors.js';
import { CONFIG_BYTES_MAX } from '../protocol/limits.js';

/** The first CONFIG_BYTES_MAX + 1 bytes with permissions and owner; undefined when there is no such file. Throws `config_unreadable`. */
export async function readConfigFile(
  path: string,
): Promise<{ bytes: Uint8Array; mode: number; uid: number } | undefined> {
  const file = await openFile(path);
  if (!file) return undefined;
  try {
    const status = await file.stat();
    if (!status.isFile()) throw new TurretError('config_unreadable', `${path} is not a file`);
    const buffer = new Uint8Array(CONFIG_BYTES_MAX + 1);
    let length = 0;
    while (length < buffer.length) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length, null);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return { bytes: buffer.subarray(0, length), mode: status.mode & 0o7777, uid: status.uid };
  } catch (error) {
    throw error instanceof TurretError ? error : unreadable(path, error);
  } finally {
    await file.close();
  }
}

async function openFile(path: string): Promise<FileHandle | undefined> {
  try {
    // Not blocking: a FIFO under that name must not stop us.
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
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
  });
}
