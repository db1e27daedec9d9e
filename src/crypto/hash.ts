// SHA-256, the only hash in Turret.

import { createHash } from 'node:crypto';

/** SHA-256 over the parts, one after the other. */
export function sha256(...parts: Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}
