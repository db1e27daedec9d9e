// The keys of one session. Of a holder's the seed is in the token, and the broker gets the public half; its own it gets whole.

import { randomBytes } from 'node:crypto';

import { signingKey } from '../crypto/ed25519.js';
import type { BrokerKey } from '../protocol/control.js';
import { TOKEN_MS_MAX } from '../protocol/limits.js';
import { sidOf } from '../token/identity.js';
import { type TokenKind, formatToken } from '../token/token.js';
import { toBase64url } from '../wire/handshake.js';

/** The key that tokens pin, and the broker proves itself by. `identity` is its seed, base64url. */
export function mintIdentity(): { identity: string; sid: Buffer } {
  const seed = randomBytes(32);
  return { identity: toBase64url(seed), sid: sidOf(signingKey(seed).publicKey) };
}

/**
 * A token of a session, and what its broker has to know of it.
 * @param sid of the key that it pins, by mintIdentity
 */
export function mintKey(
  kind: Extract<TokenKind, 'session' | 'admin'>,
  sid: Buffer,
  label: string,
): { token: string; key: BrokerKey } {
  const seed = randomBytes(32);
  const publicKey = signingKey(seed).publicKey;
  const token = formatToken({ kind, seed, sid });
  seed.fill(0); // the text form lives on; this copy does not have to
  return { token, key: { public_key: toBase64url(publicKey), kind, label, lifetime_ms: TOKEN_MS_MAX } };
}
