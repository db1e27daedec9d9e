// The last generation of a vault that was seen on this machine, in the state directory. One that is a write behind, or not
// there, finds a rollback later or not at all; it never keeps anybody from a good vault.

import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { VaultDocument } from './document.js';
import { makeDirectories } from '../platform/make-directories.js';

export interface Mark {
  generation: number;
  mac: string;
}

/** Undefined when there is none that can be read. */
export function readMark(state: string, id: string): Mark | undefined {
  try {
    const { generation, mac } = JSON.parse(readFileSync(fileOf(state, id), 'utf8')) as Partial<Mark>;
    return Number.isSafeInteger(generation) && typeof mac === 'string'
      ? { generation: generation as number, mac }
      : undefined;
  } catch {
    // The first time on this machine, or half a file after a crash.
    return undefined;
  }
}

/** Only for a vault whose MAC was checked: a made-up generation would lock everybody out. */
export function advanceMark(state: string, { id, generation, mac }: VaultDocument): void {
  const mark = readMark(state, id);
  if (mark !== undefined && mark.generation >= generation) return;
  const file = fileOf(state, id);
  const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    makeDirectories(state);
    writeFileSync(temporary, `${JSON.stringify({ generation, mac })}\n`, { mode: 0o600, flag: 'wx' });
    renameSync(temporary, file);
  } catch {
    // The vault itself is written, or was only read.
    rmSync(temporary, { force: true });
  }
}

function fileOf(state: string, id: string): string {
  return join(state, `vault-${id}.mark`);
}
