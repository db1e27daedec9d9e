// From outside a session: which run, and a connection to one by its admin key.

import { readFileSync } from 'node:fs';

import { TurretError } from '../errors.js';
import type { JsonObject } from '../protocol/messages.js';
import {
  type RunningSession,
  type RuntimeDirectory,
  runningSessions,
  runtimeRoots,
} from '../platform/runtime-directory.js';
import { parseToken } from '../token/token.js';
import { version } from '../installation.js';
import { BrokerConnection } from './broker-connection.js';

export interface Running {
  session: RunningSession;
  directory: RuntimeDirectory;
}

export function sessionsOfUser(): Running[] {
  return runningSessions(runtimeRoots(process.env, process.getuid?.() ?? 0));
}

/** The running session a prefix of its id names; `last`, or nothing, when there is just one. Throws session_unknown. */
export function findRunning(selector: string | undefined): Running {
  const all = sessionsOfUser().sort((a, b) => (a.session.started < b.session.started ? 1 : -1));
  if (all.length === 0) {
    throw new TurretError('session_unknown', 'no session is running', {
      hints: ['turret audit list shows the ones that ran'],
    });
  }
  const found =
    selector === undefined
      ? all
      : selector === 'last'
        ? all.slice(0, 1)
        : all.filter(({ session }) => session.sid.startsWith(selector.toLowerCase()));
  const [only] = found;
  if (found.length === 1 && only !== undefined) return only;
  const names = all.map(({ session }) => `${session.sid.slice(0, 8)} (${session.label})`).join(', ');
  throw new TurretError(
    'session_unknown',
    found.length === 0 ? 'no running session has that id' : 'more than one session matches',
    {
      hints: [`running: ${names}`],
    },
  );
}

/** Throws broker_gone when the session's broker is dead. */
function connectAsAdmin({ session, directory }: Running): Promise<BrokerConnection> {
  if (session.via !== undefined)
    throw new TurretError('session_unknown', `that session is an agent's of the server at ${session.via}`, {
      hints: [`turret token list --socket ${session.via}, turret token revoke`],
    });
  const token = parseToken(readFileSync(directory.adminToken, 'utf8').trim());
  return BrokerConnection.open({
    address: { path: directory.adminSocket },
    token,
    client: `turret/${version}`,
  });
}

/** One request of the operator's to a running session. Throws broker_gone, and what the broker refuses with. */
export async function askAsAdmin(running: Running, request: JsonObject): Promise<JsonObject> {
  const connection = await connectAsAdmin(running);
  try {
    return (await connection.call(request).finished).result as JsonObject;
  } finally {
    connection.close();
  }
}
