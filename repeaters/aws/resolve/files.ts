// Local paths. The shim opens them with the agent's own rights; the real CLI sees private copies under the same relative name.
// The CLI expands `~` and `$NAME` in them, and a path may point at /proc: both would read from the repeater, so neither gets through.

import { posix } from 'node:path';
import { FILE_PATH_BYTES_MAX } from '../../../src/protocol/limits.js';
import type { FileNeed } from '../../../src/protocol/messages.js';
import { quote, refuse } from './refuse.js';

export interface PathUse {
  cwd: string;
  use: FileNeed['use'];
  tree: boolean;
}

const NEVER_BELOW = ['/proc', '/dev', '/sys', '/run'];
const isBelow = (path: string, directory: string): boolean =>
  directory === '/' || path === directory || path.startsWith(`${directory}/`);

/** Normalised path: relative to cwd, or absolute below /tmp. Throws TurretError('unresolvable') for everything else. */
export function checkPath(raw: string, { cwd, use, tree }: PathUse): string {
  const hint = 'name a file below the working directory or below /tmp';
  if (/[$\n\t\\]/.test(raw) || raw.startsWith('~'))
    refuse(`the path ${quote(raw)} holds a character that the CLI would expand`, hint);
  if (/^\s*(?:fileb?|https?):/i.test(raw))
    refuse(`the path ${quote(raw)} would be read by the CLI as the place of a value`, hint);
  if (Buffer.byteLength(raw) > FILE_PATH_BYTES_MAX) refuse('a path is too long', hint);
  const from = posix.normalize(cwd);
  if (!posix.isAbsolute(from)) refuse('the working directory is not known', hint);
  const absolute = posix.resolve(from, raw);
  if (NEVER_BELOW.some((directory) => isBelow(absolute, directory)))
    refuse(`${quote(raw)} is not a file of yours`, hint);
  const path = pathOfForm(raw, absolute, from);
  if (path === undefined) return refuse(`${quote(raw)} is outside the working directory`, hint);
  if (path.startsWith('-')) refuse(`the file name ${quote(path)} looks like an option`, 'rename the file');
  // `~` in the working directory, typed with its whole path: relative, it would be expanded.
  if (path.startsWith('~')) refuse(`the path ${quote(path)} would be expanded by the CLI`, hint);
  checkDots(path, { use, tree });
  return path;
}

function pathOfForm(raw: string, absolute: string, cwd: string): string | undefined {
  if (posix.isAbsolute(raw)) {
    // `..` in an absolute path may pass through a link; there is no need for it.
    if (raw.split('/').includes('..')) return undefined;
    if (isBelow(absolute, cwd)) return posix.relative(cwd, absolute) || '.';
    return absolute.startsWith('/tmp/') ? absolute : undefined;
  }
  return isBelow(absolute, cwd) ? posix.relative(cwd, absolute) || '.' : undefined;
}

/** Directories like .git, .aws and .ssh configure other programs: nothing is written there, and nothing read from them. */
function checkDots(path: string, { use, tree }: Omit<PathUse, 'cwd'>): void {
  const parts = path === '.' ? [] : path.split('/');
  const last = use === 'write' || tree ? parts.length : parts.length - 1;
  const dotted = parts.slice(0, last).find((part) => part.startsWith('.'));
  if (dotted !== undefined)
    refuse(
      `${quote(path)} goes through the hidden name ${quote(dotted)}`,
      'use a name that does not begin with a dot',
    );
}
