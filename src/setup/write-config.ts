// Puts a new turret.yaml in its place: whole or not at all, and never over another one without being told to.

import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

import { TurretError } from '../errors.js';

export interface NewFile {
  file: string;
  text: string;
  /** Replace what is there. */
  force: boolean;
  /** What to type to replace it. */
  forceHint: string;
}

/** Writes it, private to the user. Throws TurretError `usage` when it is there, `state_unwritable` when it cannot be made. */
export function writeConfig({ file, text, force, forceHint }: NewFile): void {
  const temporary = `${file}.${process.pid}.${randomBytes(6).toString('hex')}`;
  try {
    makeDirectory(dirname(file));
    const fd = openSync(temporary, 'wx', 0o600);
    try {
      writeSync(fd, text);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    // link(2) fails when the name is taken, whoever took it and however late.
    if (force) renameSync(temporary, file);
    else linkSync(temporary, file);
  } catch (error) {
    throw explained(file, forceHint, error);
  } finally {
    // Where the directory could not be made there is nothing to remove; ENOTDIR is not covered by `force`.
    removeQuietly(temporary);
  }
}

// Not mkdir's own `recursive`: Node 20 never returns from it below /proc, where a directory that is not there cannot be made.
function makeDirectory(path: string): void {
  if (existsSync(path)) return;
  if (path !== dirname(path)) makeDirectory(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Somebody else may have made it at the same moment.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function removeQuietly(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // It was never made.
  }
}

function explained(file: string, forceHint: string, cause: unknown): TurretError {
  const { code } = cause as NodeJS.ErrnoException;
  if (code === 'EEXIST') {
    return new TurretError('usage', `there is a file already: ${file}`, {
      cause,
      hints: [`compare with turret init --print; replace it with ${forceHint}`],
    });
  }
  return new TurretError('state_unwritable', `${file} cannot be written: ${code ?? 'unknown error'}`, {
    cause,
    hints: [
      'make its directory writable or set XDG_CONFIG_HOME, or keep it elsewhere: turret init --print > FILE, then turret run --config FILE',
    ],
  });
}
