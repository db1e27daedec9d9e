// Descriptors that whoever started us left open would be the agent's too. A directory among them leads out of the
// sandbox (openat), a socket to whatever is at its other end.

import { closeSync, readFileSync, readdirSync } from 'node:fs';

import { TurretError } from '../errors.js';

const O_CLOEXEC = 0o2000000;

/**
 * What comes through the descriptor that `file` names (`/dev/fd/3`, as a shell writes `<(…)`), before it is closed with the
 * others; undefined for any other file. Throws TurretError vault_locked.
 */
export function inheritedKey(file: string | undefined): string | undefined {
  const [, fd] = /^\/(?:dev|proc\/self)\/fd\/(\d{1,4})$/.exec(file ?? '') ?? [];
  if (fd === undefined || Number(fd) <= 2) return undefined;
  try {
    return readFileSync(Number(fd), 'latin1');
  } catch (cause) {
    throw new TurretError('vault_locked', `the key of the vault cannot be read from descriptor ${fd}`, {
      cause,
      hints: ['TURRET_VAULT_KEY_FILE names it: is it open?'],
    });
  }
}

/** Closes everything beyond stdin, stdout and stderr that came with us. Node's own are close-on-exec and stay. */
export function closeInheritedDescriptors(): void {
  for (const fd of openDescriptors()) {
    try {
      const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1];
      if (flags !== undefined && (Number.parseInt(flags, 8) & O_CLOEXEC) === 0) closeSync(fd);
    } catch {
      // Closed already: it was the one that listed them.
    }
  }
}

function openDescriptors(): number[] {
  try {
    return readdirSync('/proc/self/fd')
      .map(Number)
      .filter((fd) => fd > 2);
  } catch {
    // No /proc: what else is open cannot be told.
    return [];
  }
}
