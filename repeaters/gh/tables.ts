// Which table belongs to the installed gh.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { installed } from '../../src/installation.js';
import { TurretError } from '../../src/errors.js';
import type { GhTable } from './types.js';

/** A release as three numbers. @throws TurretError `repeater_unavailable` when the text is no version */
export function parseVersion(text: string): [number, number, number] {
  const match = /(\d{1,6})\.(\d{1,6})\.(\d{1,6})/.exec(text);
  if (!match) {
    throw new TurretError('repeater_unavailable', 'gh did not say its version', {
      hints: ['run gh --version outside the session'],
    });
  }
  return [Number(match[1]), Number(match[2]), Number(match[3])];
}

export function compareVersions(a: readonly number[], b: readonly number[]): number {
  for (const [i, part] of a.entries()) if (part !== b[i]) return part - (b[i] ?? 0);
  return 0;
}

const directory = installed('repeaters/gh/tables');

/**
 * The table of `version`, else the nearest older one: a flag that a newer gh has and the table has not is refused,
 * which is safe, while a newer table could allow a flag that means something else in an older gh.
 * @throws TurretError `repeater_unavailable` when gh is older than every table
 */
export function loadTable(version: string): GhTable {
  const wanted = parseVersion(version);
  const files = listTables(directory).filter((file) => compareVersions(parseVersion(file), wanted) <= 0);
  files.sort((a, b) => compareVersions(parseVersion(b), parseVersion(a)));
  const nearest = files[0];
  if (nearest !== undefined) return readTable(join(directory, nearest));
  throw new TurretError('repeater_unavailable', `gh ${wanted.join('.')} is older than turret knows`, {
    hints: ['install gh 2.23 or newer'],
  });
}

/** Written by scripts/gh-tables.mjs, so its shape is this program's own. */
function readTable(file: string): GhTable {
  return JSON.parse(readFileSync(file, 'utf8'));
}

function listTables(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory).filter((file) => /^\d+\.\d+\.\d+\.json$/.test(file));
}
