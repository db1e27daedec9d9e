// Whether a file or directory is still the one that was looked at.

import { statSync } from 'node:fs';

/** Inode, time and size, as zygote.py writes them; undefined when there is none. */
export function identityOf(path: string): string | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? undefined : `${found.ino} ${found.mtimeNs} ${found.size}`;
}
