// Did the holder of the token ask for exactly this? The record keeps what was signed, so nobody has to be believed.

import { verify } from '../crypto/ed25519.js';
import type { JsonObject } from '../protocol/messages.js';
import { textOf } from './summary.js';

const DOMAIN = Buffer.from('turret-call-v1\0');

/**
 * Whether `sig` of a call record is the token key's signature, base64url key from `token.issued`.
 * Signed: "turret-call-v1\0" ‖ T ‖ u32 stream ‖ u64 counter ‖ SHA-256(request JSON). False for anything malformed.
 */
export function isSignedByToken(sig: JsonObject, tokenKey: string): boolean {
  const { ctr, stream, T: transcript, json_sha256: digest, s } = sig;
  if (typeof ctr !== 'number' || typeof stream !== 'number') return false;
  if (
    !Number.isSafeInteger(ctr) ||
    ctr < 0 ||
    !Number.isInteger(stream) ||
    stream < 0 ||
    stream > 0x7f_ff_ff_ff
  )
    return false;
  const numbers = Buffer.alloc(12);
  numbers.writeUInt32BE(stream, 0);
  numbers.writeBigUInt64BE(BigInt(ctr), 4);
  const [hash, json] = [
    Buffer.from(textOf(transcript), 'base64url'),
    Buffer.from(textOf(digest), 'base64url'),
  ];
  const message = Buffer.concat([DOMAIN, hash, numbers, json]);
  return verify(Buffer.from(tokenKey, 'base64url'), message, Buffer.from(textOf(s), 'base64url'));
}
