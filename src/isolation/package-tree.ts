// A program that npm installed is a file that imports others: it is shown with them, or not to be run at all.

import { realpathSync } from 'node:fs';

const PACKAGES = '/node_modules/';

/** The directory with the program's package and everything that one can import. Undefined for a program of another kind. */
export function packageTree(program: string): string | undefined {
  const file = realProgram(program);
  const at = file.indexOf(PACKAGES);
  return at === -1 ? undefined : file.slice(0, at + PACKAGES.length - 1);
}

/** Where it really lies, which is where it looks for its files. */
export function realProgram(program: string): string {
  try {
    return realpathSync(program);
  } catch {
    // Gone since it was found: starting it says so.
    return program;
  }
}
