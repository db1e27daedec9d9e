// `turret serve` of a test's world, and its agents as programs outside of any sandbox.

import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { BrokerConnection } from '../../src/client/broker-connection.js';
import { createAgent } from '../../src/client/create-agent.js';
import { type ServePlace, servePlace } from '../../src/platform/serve-place.js';
import { parseToken } from '../../src/token/token.js';
import { type Ran, outcome } from './broker-session.js';
import { TURRET, type World } from './turret-world.js';

export interface RunningServer {
  child: ChildProcess;
  place: ServePlace;
  /** What it said until it was ready. */
  opening: string;
  ended: Promise<Ran>;
}

/** Starts it and waits until it says that it serves. Rejects with what it said when it ends instead. */
export async function startServer(
  world: World,
  options: string[] = [],
  config = world.config,
): Promise<RunningServer> {
  const child = world.start([process.execPath, TURRET, 'serve', '--config', config, ...options]);
  const ended = outcome(child);
  let opening = '';
  await new Promise<void>((resolve, reject) => {
    child.stderr?.on('data', (text: string) => void ((opening += text).includes('serving on') && resolve()));
    void ended.then(() => reject(new Error(opening)));
  });
  const [, socket] = /serving on (\S+);/.exec(opening) ?? [];
  return {
    child,
    ended,
    opening,
    place: servePlace(socket, { XDG_RUNTIME_DIR: world.runtime }, process.getuid?.() ?? 0),
  };
}

/** The text of a new agent's token. */
export async function tokenFor(
  place: ServePlace,
  label: string,
  allow: string[] = ['echo.**'],
  ttlMs = 60_000,
): Promise<string> {
  const { token } = await createAgent(place, { label, grants: [{ allow, where: {} }], ttlMs, limits: {} });
  return token;
}

/** A connection of this process with that token. */
export function openAs(place: ServePlace, token: string): Promise<BrokerConnection> {
  return BrokerConnection.open({ address: { path: place.socket }, token: parseToken(token), client: 'test' });
}

/** The records of the last log. */
export function lastRecords(world: World): { type: string; [field: string]: unknown }[] {
  const log = join(world.sessions().at(-1) ?? '', 'audit.jsonl');
  return readFileSync(log, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as { type: string }); // prettier-ignore
}
