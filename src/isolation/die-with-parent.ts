// setpriv(1), for what no sandbox holds.

import { existsSync } from 'node:fs';

export const SETPRIV = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path));

/** What to start a program with that is to be another user's: no group but its own, nothing of root's, and it ends with us. */
export function asUser({ uid, gid }: { uid: number; gid: number }): string[] {
  const rights = ['--clear-groups', '--no-new-privs', '--bounding-set=-all', '--inh-caps=-all'];
  return [SETPRIV ?? 'setpriv', `--reuid=${uid}`, `--regid=${gid}`, ...rights, '--pdeathsig', 'KILL', '--'];
}

/** What to start a program with that must not outlive this process, however that ends. Nothing where the system cannot do it. */
export function dyingWithParent(): string[] {
  return SETPRIV === undefined ? [] : [SETPRIV, '--pdeathsig', 'KILL', '--'];
}
