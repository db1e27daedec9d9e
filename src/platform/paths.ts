// Paths as the kernel follows them. A sandbox is made of real paths: what is reached by a link is hidden, or held, where it
// really lies, and a link that the agent could exchange is no name for anything.

import { lstatSync, readlinkSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';

/** As many as the kernel follows. */
const LINKS_MAX = 40;

/** Whether `path` is `directory` or below it. */
export function isWithin(path: string, directory: string): boolean {
  const rest = relative(directory, path);
  return rest !== '..' && !rest.startsWith('../');
}

/** Undefined when it is not there, any more or for us. */
export function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

/** Where it is or would be: of what is not there, the directories above it. */
export function realPlace(path: string): string {
  const above = dirname(path);
  return realPath(path) ?? (above === path ? path : resolve(realPlace(above), relative(above, path)));
}

/** The links on the way to an absolute path, each by its real directory, in the order in which they are followed. */
export function linksTo(path: string): { link: string; target: string }[] {
  const found: { link: string; target: string }[] = [];
  const rest = path.split('/');
  let at = '/';
  while (rest.length > 0 && found.length < LINKS_MAX) {
    const link = join(at, rest.shift() ?? '');
    const status = lstatSync(link, { throwIfNoEntry: false });
    if (status?.isSymbolicLink() !== true) {
      at = link;
      continue;
    }
    const target = readlinkSync(link);
    found.push({ link, target });
    rest.unshift(...resolve(at, target).split('/'));
    at = '/';
  }
  return found;
}

/** Whether an absolute path, what it leads to, or a link on the way lies in one of these directories (real paths). */
export function leadsThrough(path: string, directories: readonly string[]): boolean {
  const way = [realPlace(path), ...linksTo(path).map(({ link }) => link)];
  return way.some((place) => directories.some((directory) => isWithin(place, directory)));
}

/**
 * A PATH without directories where the agent may write (real paths), without relative ones (npx puts the workspace on it),
 * and without those that cannot be looked at: after `su` PATH names directories of another user's, whose programs we could not run.
 */
export function trustedPath(path: string, agentWrites: readonly string[]): string {
  return path
    .split(':')
    .filter((directory) => isAbsolute(directory) && isTrusted(directory, agentWrites))
    .join(':');
}

function isTrusted(directory: string, agentWrites: readonly string[]): boolean {
  try {
    return !leadsThrough(directory, agentWrites);
  } catch {
    return false;
  }
}
