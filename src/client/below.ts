// Which local path a need may mean. A need comes from a repeater: it may name what the command line named, below the
// directory the command was typed in or below /tmp, and nothing else of the agent's.

import { realpath } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';

import { TurretError } from '../errors.js';
import { isCarriedPath } from '../wire/file-stream.js';

const ELSEWHERE = '/tmp';

/** The directory a path of a need is below: `cwd`, or /tmp for an absolute one. Throws TurretError unresolvable. */
export function rootOf(path: string, cwd: string): string {
  if (path !== '.' && !isCarriedPath(path)) throw refused(path);
  if (!isAbsolute(path)) return cwd;
  if (!path.startsWith(`${ELSEWHERE}/`)) throw refused(path);
  return ELSEWHERE;
}

/** The path itself. Links in it have not been looked at. */
export function placeOf(path: string, cwd: string): string {
  return isAbsolute(path) ? path : join(cwd, path);
}

/**
 * The file or directory behind all links, when that is still below `root`. Rejects with the system's error for what is not there,
 * with TurretError unresolvable for a link that leads out. A process that swaps links meanwhile has the agent's own
 * rights and could have sent the other file at once.
 */
export async function realBelow(path: string, root: string): Promise<string> {
  const [real, realRoot] = await Promise.all([realpath(path), realpath(root)]);
  if (real === realRoot || realRoot === '/' || real.startsWith(`${realRoot}/`)) return real;
  throw new TurretError(
    'unresolvable',
    `the link ${JSON.stringify(path)} leads out of ${JSON.stringify(root)}`,
    {
      hints: ['put the file itself there; links are followed only inside the working directory'],
    },
  );
}

function refused(path: string): TurretError {
  return new TurretError(
    'unresolvable',
    `the file ${JSON.stringify(path)} is not below the working directory`,
    {
      hints: ['name a file below the working directory or below /tmp'],
    },
  );
}
