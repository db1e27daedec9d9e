// Checkpoints as they lie in a file that anybody may have written to.

import type { VerifyingKey } from '../crypto/ed25519.js';
import { type Checkpoint, keyIdOf } from './checkpoint.js';

const BLOCK_LINES = 5;
const BLOCK =
  /^(?<origin>[^\s+]{1,128})\n(?<size>0|[1-9][0-9]{0,15})\n(?<root>[A-Za-z0-9+/]{43}=)\n\n— (?<name>[^\s+]{1,128}) (?<sig>[A-Za-z0-9+/]{90}[A-Za-z0-9+/=]{2})\n$/u;

export interface SignedCheckpoint extends Checkpoint {
  /** The signed bytes. */
  text: string;
  keyId: Buffer;
  signature: Buffer;
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
