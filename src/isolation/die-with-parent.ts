// setpriv(1), for what no sandbox holds.

import { existsSync } from 'node:fs';

export const SETPRIV = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path));

/** What to start a program with that must not outlive this process, however that ends. Nothing where the system cannot do it. */
export function dyingWithParent(): string[] {
  return SETPRIV === undefined ? [] : [SETPRIV, '--pdeathsig', 'KILL', '--'];
}
