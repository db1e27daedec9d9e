// This installation of the package: where its files are, and its version. The source tree, the build and a bundle of it
// are at different depths, so the directory is looked for.

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const DIRECTORY = find(dirname(fileURLToPath(import.meta.url)));

function find(at: string): string {
  if (existsSync(join(at, 'package.json'))) return at;
  if (at === dirname(at)) throw new Error('files of turret are missing from this installation');
  return find(dirname(at));
}

/** Absolute path of a file of the package; `path` is relative to the package's directory. */
export const installed = (path: string): string => join(DIRECTORY, path);

/** From package.json. */
export const version: string = (
  JSON.parse(readFileSync(installed('package.json'), 'utf8')) as { version: string }
).version;
