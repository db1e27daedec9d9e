// What the agent sees and cannot change, where everything around it is its own to write.

import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

import { TurretError } from '../errors.js';
import { isWithin, linksTo, realPath, realPlace } from '../platform/paths.js';

export interface Decisive {
  /** Files and directories that decide what the agent may do, or that run outside: it cannot change them. */
  fixed: string[];
  /** What is not there, and would be such a file or directory if somebody made it. */
  vacant: string[];
}

/**
 * Mounts. A policy in the workspace would be the agent's for the next session. A mount holds against writing, renaming and
 * removing; the directories above the file are mounts for that reason only. Throws TurretError isolation_unavailable.
 * @param open where the agent may write
 */
export function held(request: Decisive, open: string[]): string[] {
  refuseVacant(request, open);
  const files = fixedWithin(request.fixed, open);
  const above = new Set(files.flatMap((path) => between(path, open)));
  return [
    ...[...above].sort().flatMap((path) => ['--bind', path, path]),
    ...files.flatMap((path) => ['--ro-bind', path, path]),
  ];
}

/** The directories above `path`, below those of `open` that it lies in. */
function between(path: string, open: string[]): string[] {
  const above: string[] = [];
  for (let directory = dirname(path); directory !== '/'; directory = dirname(directory))
    above.push(directory);
  return above.filter(
    (directory) => !open.includes(directory) && open.some((parent) => isWithin(directory, parent)),
  );
}

/**
 * Those that lie where the agent may write, as it finds them; not what lies in another one of them. Throws TurretError
 * isolation_unavailable for one that is reached by a link there: what it leads to can be held, the link cannot, and would
 * lead the next session to a file of the agent's.
 */
export function fixedWithin(paths: string[], writable: string[]): string[] {
  refuseLinks(paths, writable);
  // What it is given of HOME may be a link to elsewhere.
  const places = writable.map((named) => ({ named, real: realPlace(named) }));
  const found = paths
    .map(realPath)
    .filter((path) => path !== undefined)
    .flatMap((path) =>
      places
        .filter(({ real }) => isWithin(path, real) && path !== real)
        .map(({ named, real }) => join(named, relative(real, path))),
    );
  const within = [...new Set(found)];
  return within.filter((path) => !within.some((other) => other !== path && isWithin(path, other)));
}

/** Throws TurretError isolation_unavailable where the agent could make what decides over it. */
export function refuseVacant({ fixed, vacant }: Decisive, writable: string[]): void {
  const open = writable.map(realPlace);
  const closed = fixed.map(realPlace);
  const around = closed.find((path) => open.some((directory) => isWithin(directory, path)));
  if (around !== undefined)
    throw new TurretError(
      'isolation_unavailable',
      `${around} decides over the agent, and the agent would work in it`,
      { hints: ['go into a project directory first (cd)'] },
    );
  const made = vacant
    .map(realPlace)
    .find(
      (path) =>
        open.some((parent) => isWithin(path, parent)) && !closed.some((parent) => isWithin(path, parent)),
    );
  if (made === undefined) return;
  throw new TurretError(
    'isolation_unavailable',
    `${made} is not there, the agent could make it, and the next session would go by it`,
    {
      hints: [
        'keep keys, policy and Turret itself where no agent may write (npm install --global), or make it yourself',
      ],
    },
  );
}

/** Throws TurretError isolation_unavailable for what is reached by a link that the agent could exchange. */
export function refuseLinks(paths: string[], writable: string[]): void {
  const open = writable.map(realPath).filter((path) => path !== undefined);
  for (const path of paths.filter((named) => existsSync(named)))
    for (const { link } of linksTo(path))
      if (open.some((directory) => isWithin(link, directory)))
        throw new TurretError(
          'isolation_unavailable',
          `${path} is reached by the link ${link}, which the agent could change`,
          { hints: [`name the file itself, ${realPath(path)}, or move the link out of the workspace`] },
        );
}
