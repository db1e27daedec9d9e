// Handing on a part of a token: a new key pair, signed for by the token's own. The seed of the new one is in the returned
// text and nowhere else; the broker gets the public half.

import { randomBytes } from 'node:crypto';

import { sign, signingKey } from '../crypto/ed25519.js';
import { TurretError } from '../errors.js';
import type { JsonObject } from '../protocol/messages.js';
import { type Grant, delegationMessage } from '../token/delegation.js';
import { type Token, formatToken } from '../token/token.js';
import { toBase64url } from '../wire/handshake.js';
import type { BrokerConnection } from './broker-connection.js';

/** Between a child's end and its parent's, so that a request on its way does not ask for more than is left. */
const MARGIN_MS = 2_000;

export interface Part {
  label: string;
  /** What it may do, as far as this token may. */
  grants: Grant[];
  /** As long as this token when left out. */
  ttlMs?: number;
  maxCalls?: number;
  /** It dies with the connection it is asked for on. */
  whileConnected: boolean;
}
export interface Child {
  token: string;
  kid: string;
  label: string;
  /** ISO 8601. */
  not_after: string;
}

/** Makes a child of the token that the connection was opened with. Throws what the broker refuses with. */
export async function delegate(connection: BrokerConnection, parent: Token, part: Part): Promise<Child> {
  const { welcome } = connection;
  const lifetimeMs = part.ttlMs ?? Number(welcome['exp_ms']) - MARGIN_MS;
  const seed = randomBytes(32);
  const notAfterMs = Math.floor(Date.now() + lifetimeMs);
  const delegation = JSON.stringify({
    child_pub: toBase64url(signingKey(seed).publicKey),
    label: part.label,
    grants: part.grants,
    not_after: notAfterMs,
    ...(part.maxCalls === undefined ? {} : { max_calls: part.maxCalls }),
    depth: Number(welcome['depth']) + 1,
  });
  const signature = sign(signingKey(parent.seed), delegationMessage(parent.sid, Buffer.from(delegation)));
  const { kid } = await askAboutTokens(connection, 'delegate', {
    delegation,
    sig: toBase64url(signature),
    ...(part.whileConnected ? { while_connected: true } : {}),
  });
  const token = formatToken({ kind: 'child', seed, sid: parent.sid });
  seed.fill(0); // the text form lives on; this copy does not have to
  return { token, kid: kid as string, label: part.label, not_after: new Date(notAfterMs).toISOString() };
}

/** One request of a token's holder about tokens. Throws what the broker refuses with. */
export async function askAboutTokens(
  connection: BrokerConnection,
  what: 'delegate' | 'list' | 'revoke' | 'confine',
  request: JsonObject = {},
): Promise<JsonObject> {
  const { result } = await connection.call({ token: what, ...request }).finished;
  if (result === null || typeof result !== 'object' || Array.isArray(result))
    throw new TurretError('protocol_error', 'the broker gave no answer');
  return result;
}
