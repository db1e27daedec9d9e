// Signed statements about a log's first `size` records, as C2SP signed notes (tlog-checkpoint).
//   turret.local/<sid hex> LF  size LF  base64(root) LF  LF
//   — turret.local/<sid hex> base64(key id, 4 bytes ‖ Ed25519 signature over the first three lines) LF
// A file of checkpoints is a sequence of such blocks of five lines, sizes growing.

import type { SigningKey } from '../crypto/ed25519.js';
import { sha256 } from '../crypto/hash.js';

const ALGORITHM_ED25519 = 0x01;

export interface Checkpoint {
  origin: string;
  size: number;
  root: Buffer;
}

export function originOf(sidHex: string): string {
  return `turret.local/${sidHex}`;
}

/** The four bytes that say which key signed: SHA-256(name ‖ LF ‖ 0x01 ‖ public key). */
export function keyIdOf(name: string, publicKey: Uint8Array): Buffer {
  return sha256(Buffer.from(`${name}\n`), Buffer.from([ALGORITHM_ED25519]), publicKey).subarray(0, 4);
}

/** One signed note, five lines with a final newline. */
export function signCheckpoint(checkpoint: Checkpoint, key: SigningKey): string {
  const text = `${checkpoint.origin}\n${checkpoint.size}\n${checkpoint.root.toString('base64')}\n`;
  const signature = Buffer.concat([keyIdOf(checkpoint.origin, key.publicKey), key.sign(Buffer.from(text))]);
  return `${text}\n— ${checkpoint.origin} ${signature.toString('base64')}\n`;
}
