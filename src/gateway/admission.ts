// Who may speak to the gateway. It listens on loopback, where other users of the machine and every web page in a browser
// can knock; the agent's programs are told apart by the session's bearer.

import { createHash, timingSafeEqual } from 'node:crypto';

import type { GatewaySettings } from '../protocol/agent-directory.js';

export interface Refusal {
  status: number;
  message: string;
}

/** Where programs put their key: every one of these is looked at, and none is passed on. */
const KEY_HEADERS = ['x-api-key', 'x-goog-api-key', 'api-key'] as const;

/**
 * Why not, or undefined.
 * @param headers each with all its values: of two hosts one would be checked and the other believed
 */
export function refusalOf(
  headers: NodeJS.Dict<string[]>,
  { port, bearer_sha256 }: Pick<GatewaySettings, 'port' | 'bearer_sha256'>,
): Refusal | undefined {
  // A page whose name was made to point here still says where it thinks it is.
  const [host, ...others] = headers['host'] ?? [];
  if (others.length > 0 || (host !== `127.0.0.1:${port}` && host !== `localhost:${port}`))
    return { status: 421, message: 'this is not the host the gateway serves' };
  if (headers['origin'] !== undefined) return { status: 403, message: 'the gateway is not for web pages' };
  const wanted = Buffer.from(bearer_sha256, 'hex');
  const shown = keysOf(headers).some((key) => timingSafeEqual(sha256(key), wanted));
  return shown ? undefined : { status: 401, message: "this is not the key of this session's gateway" };
}

function keysOf(headers: NodeJS.Dict<string[]>): string[] {
  const [, scheme = '', value = ''] = /^(\S+) +(\S+)$/.exec(headers['authorization']?.[0] ?? '') ?? [];
  const authorization =
    scheme.toLowerCase() === 'basic' ? Buffer.from(value, 'base64').toString('latin1').split(':') : [value];
  return [...authorization, ...KEY_HEADERS.flatMap((name) => headers[name] ?? [])].filter(
    (key) => key !== '',
  );
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
