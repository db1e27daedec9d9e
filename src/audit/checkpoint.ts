// Signed statements about a log's first `size` records, as C2SP signed notes (tlog-checkpoint).
//   turret.local/<sid hex> LF  size LF  base64(root) LF  LF
//   — turret.local/<sid hex> base64(key id, 4 bytes ‖ Ed25519 signature over the first three lines) LF
// A file of checkpoints is a sequence of such blocks of five lines, sizes growing.

import type { SigningKey, VerifyingKey } from '../crypto/ed25519.js';
import { sha256 } from '../crypto/hash.js';

const ALGORITHM_ED25519 = 0x01;
const BLOCK_LINES = 5;
const BLOCK =
  /^(?<origin>[^\s+]{1,128})\n(?<size>0|[1-9][0-9]{0,15})\n(?<root>[A-Za-z0-9+/]{43}=)\n\n— (?<name>[^\s+]{1,128}) (?<sig>[A-Za-z0-9+/]{90}[A-Za-z0-9+/=]{2})\n$/u;

export interface Checkpoint {
  origin: string;
  size: number;
  root: Buffer;
}
export interface SignedCheckpoint extends Checkpoint {
  /** The signed bytes. */
  text: string;
  keyId: Buffer;
  signature: Buffer;
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

/** Reads one block; undefined when it is not exactly of the form above. Nothing is verified yet. */
export function parseCheckpoint(block: string): SignedCheckpoint | undefined {
  const groups = BLOCK.exec(block)?.groups;
  if (groups === undefined || groups['origin'] !== groups['name']) return undefined;
  const origin = groups['origin'] ?? '';
  const size = Number(groups['size']);
  const root = Buffer.from(groups['root'] ?? '', 'base64');
  const raw = Buffer.from(groups['sig'] ?? '', 'base64');
  // Base64 has many spellings of the same bytes; only the one we write is accepted, so that any flipped bit shows.
  if (root.toString('base64') !== groups['root'] || raw.toString('base64') !== groups['sig'])
    return undefined;
  if (raw.length !== 68 || !Number.isSafeInteger(size)) return undefined;
  const text = `${origin}\n${size}\n${root.toString('base64')}\n`;
  return { origin, size, root, text, keyId: raw.subarray(0, 4), signature: raw.subarray(4) };
}

/** Whether this key signed it under its own name. */
export function verifyCheckpoint(checkpoint: SignedCheckpoint, key: VerifyingKey): boolean {
  return (
    keyIdOf(checkpoint.origin, key.publicKey).equals(checkpoint.keyId) &&
    key.verify(Buffer.from(checkpoint.text), checkpoint.signature)
  );
}

/** The blocks of a checkpoints file; `undefined` stands for a block that cannot be read, a torn last one included. */
export function splitCheckpoints(file: string): (SignedCheckpoint | undefined)[] {
  const lines = file.split('\n');
  const tail = lines.pop() ?? '';
  const blocks: (SignedCheckpoint | undefined)[] = [];
  for (let start = 0; start < lines.length; start += BLOCK_LINES) {
    blocks.push(parseCheckpoint(`${lines.slice(start, start + BLOCK_LINES).join('\n')}\n`));
  }
  if (tail !== '') blocks.push(undefined);
  return blocks;
}
