// Whether a file is still the one that was looked at. Where an agent may write it can put a link in the place of a log after
// that, and a sandbox is then made with what the link leads to: readable, or writable, in there. What is mounted stays.

import { lstatSync } from 'node:fs';

import type { Looked } from './errand.js';

/** Undefined when it is no file: a link, for one. */
export function lookAt(path: string): Looked | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false, bigint: true });
  return found?.isFile() === true ? { path, identity: `${found.dev} ${found.ino}` } : undefined;
}

/** To be asked where nobody can exchange them any more, before they are opened. */
export function isAsLooked(looked: readonly Looked[]): boolean {
  return looked.every(({ path, identity }) => lookAt(path)?.identity === identity);
}
