// From outside: the server of a socket, asked by its operator. The token for that lies where only the server's own user and
// root can read it.

import { readFileSync } from 'node:fs';

import { TurretError } from '../errors.js';
import { version } from '../installation.js';
import { claimant } from '../platform/claim.js';
import { type ServePlace, servePlace } from '../platform/serve-place.js';
import type { JsonObject } from '../protocol/messages.js';
import { parseToken } from '../token/token.js';
import { BrokerConnection } from './broker-connection.js';
import { tokensOf } from './token-list.js';

/** `socket`: as `turret serve --socket` has it; the place of this user's own server when left out. */
export function placeOf(socket: string | undefined): ServePlace {
  return servePlace(socket, process.env, process.getuid?.() ?? 0);
}

export function isServing(place: ServePlace): boolean {
  return claimant(place.claim) !== undefined;
}

export interface RunningServer {
  socket: string;
  pid: number | undefined;
  /** Living agents that its operator let in; null when it does not answer. */
  agents: number | null;
}

/**
 * The server of this socket, or of this user when none is named, and then none when none runs. Throws TurretError session_unknown for a
 * named one that does not run or is another user's.
 */
export async function runningServers(socket: string | undefined): Promise<RunningServer[]> {
  const place = placeOf(socket);
  if (socket === undefined && !isServing(place)) return [];
  adminToken(place);
  const asked = askServer(place, { admin: 'tokens' }).then(tokensOf);
  const tokens = await asked.catch(() => null);
  const agents = tokens?.filter(({ state, parent }) => state === 'live' && parent === null).length ?? null;
  return [{ socket: place.socket, pid: claimant(place.claim), agents }];
}

/** One request of the operator's. Throws TurretError session_unknown, broker_gone, and what the broker refuses with. */
export async function askServer(place: ServePlace, request: JsonObject): Promise<JsonObject> {
  const connection = await BrokerConnection.open({
    address: { path: place.adminSocket },
    token: parseToken(adminToken(place)),
    client: `turret/${version}`,
  });
  try {
    return (await connection.call(request).finished).result as JsonObject;
  } finally {
    connection.close();
  }
}

/** Throws TurretError session_unknown. */
export function adminToken(place: ServePlace): string {
  try {
    return readFileSync(place.adminToken, 'utf8').trim();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const [message, hint] =
      code === 'EACCES'
        ? [
            `the server at ${place.socket} is another user's`,
            'ask as the user who runs turret serve, or as root',
          ]
        : [
            `no turret serve is running at ${place.socket}`,
            'start it with turret serve, or name its --socket',
          ];
    throw new TurretError('session_unknown', message, { cause, hints: [hint] });
  }
}
