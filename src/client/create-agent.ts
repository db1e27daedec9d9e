// A token for an agent of a server. The key pair is made here; the server is told the public half and never sees the rest.

import { randomBytes } from 'node:crypto';

import { signingKey } from '../crypto/ed25519.js';
import type { ServePlace } from '../platform/serve-place.js';
import type { JsonObject } from '../protocol/messages.js';
import type { Grant } from '../token/delegation.js';
import { formatToken, parseToken } from '../token/token.js';
import { toBase64url } from '../wire/handshake.js';
import type { Child } from './delegate.js';
import { adminToken, askServer } from './server.js';

export interface AgentWish {
  label: string;
  grants: Grant[];
  ttlMs: number;
  limits: JsonObject;
}

/** Throws what the server refuses with; then there is no such agent. */
export async function createAgent(place: ServePlace, wish: AgentWish): Promise<Child> {
  const { sid } = parseToken(adminToken(place));
  const seed = randomBytes(32);
  const { kid, not_after } = await askServer(place, {
    admin: 'create',
    public_key: toBase64url(signingKey(seed).publicKey),
    label: wish.label,
    grants: wish.grants as unknown as JsonObject[],
    limits: wish.limits,
    ttl_ms: wish.ttlMs,
  });
  const token = formatToken({ kind: 'session', seed, sid });
  seed.fill(0); // the text form lives on; this copy does not have to
  return {
    token,
    kid: kid as string,
    label: wish.label,
    not_after: new Date(Number(not_after)).toISOString(),
  };
}
