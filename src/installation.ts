// This installation of the package: where its files are, and its version. The source tree, the build and a bundle of it
// are at different depths, so the directory is looked for.

import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const DIRECTORY = find(dirname(fileURLToPath(import.meta.url)));

function find(at: string): string {
  if (existsSync(join(at, 'package.json'))) return at;
  if (at === dirname(at)) throw new Error('files of turret are missing from this installation');
  return find(dirname(at));
}

/** Absolute path of a file of the package; `path` is relative to the package's directory. */
export const installed = (path: string): string => join(DIRECTORY, path);

const NATIVE = `turret-shim-${process.platform}-${process.arch}`;
const NATIVE_PLACES = [
  `node_modules/${NATIVE}`,
  // Beside a package is another package. Beside a source tree is anything.
  ...(basename(dirname(DIRECTORY)) === 'node_modules' ? [`../${NATIVE}`] : []),
  'dist/native',
];

/** Whether one of `nativePrograms` can be started; which. */
export const nativeProgram = (name: string): string | undefined => nativePrograms(name).find(isExecutable);

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // Not made on this machine.
    return false;
  }
}

/**
 * Absolute paths where a program compiled for this machine may be, the first that exists is it: a release brings it as a
 * package of this platform, a build makes it where there is a compiler. Nowhere else is looked.
 */
export const nativePrograms = (name: string): string[] =>
  NATIVE_PLACES.map((place) => installed(join(place, name)));

/** From package.json. */
export const version: string = (
  JSON.parse(readFileSync(installed('package.json'), 'utf8')) as { version: string }
).version;
