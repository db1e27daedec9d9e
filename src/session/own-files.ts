// What Turret itself is made of. Installed in a workspace (npm install turret) it would be the agent's to change, and the
// next session would run what the agent wrote.

import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { installed } from '../installation.js';

/** What of the package runs outside of the agent's sandbox, or says how. */
const PARTS = ['bin', 'dist', 'repeaters', 'package.json', 'oclif.manifest.json'];

export interface OwnFiles {
  /** Absolute, real paths of files and directories that are there. */
  present: string[];
  /** Directories that are not there, and that Node would look into. */
  absent: string[];
}

/** `directory`: of the package. */
export function ownFiles(directory: string = installed('.')): OwnFiles {
  const modules = modulesFor(directory);
  const paths = [process.execPath, ...PARTS.map((part) => join(directory, part)), ...modules];
  return {
    present: paths.filter((path) => existsSync(path)).map((path) => realpathSync(path)),
    absent: modules.filter((path) => !existsSync(path)),
  };
}

/** Where Node looks for the packages that a file in this directory imports. */
function modulesFor(directory: string): string[] {
  const here = basename(directory) === 'node_modules' ? [] : [join(directory, 'node_modules')];
  return directory === dirname(directory) ? here : [...here, ...modulesFor(dirname(directory))];
}
