// What a token is good for right now, as its broker tells it.

import { TurretError } from '../errors.js';
import type { Json, JsonObject } from '../protocol/messages.js';
import { BrokerConnection } from './broker-connection.js';
import { locate } from './locate.js';

export interface InsideStatus {
  session: string;
  label: string;
  isolation: string;
  tools: string[];
  repeaters: string[];
  expires_in_s: number;
}

/** Asks the broker of the session this process is in. Undefined outside of any. Throws broker_gone, token_revoked … */
export async function statusInside(
  program: string | undefined,
  client: string,
): Promise<InsideStatus | undefined> {
  let located;
  try {
    located = locate({ env: process.env, program, uid: process.getuid?.() ?? -1 });
  } catch (error) {
    if (error instanceof TurretError && error.code === 'not_in_session') return undefined;
    throw error;
  }
  const connection = await BrokerConnection.open({ ...located, client });
  connection.close();
  return fromWelcome(connection.welcome);
}

/** For people. */
export function statusLines(status: InsideStatus): string[] {
  return [
    `session    ${status.session.slice(0, 8)} (${status.label})`,
    `isolation  ${status.isolation}`,
    `tools      ${status.tools.join(' ') || 'none'}`,
    `repeaters  ${status.repeaters.join(' ') || 'none'}`,
    `token      valid for another ${Math.round(status.expires_in_s / 60)} min, or until the agent exits`,
  ];
}

function fromWelcome(welcome: JsonObject): InsideStatus {
  const text = (value: Json | undefined) => (typeof value === 'string' ? value : '');
  const list = (value: Json | undefined) => (Array.isArray(value) ? value.map(text) : []);
  return {
    session: text(welcome['session']),
    label: text(welcome['label']),
    isolation: text(welcome['level']),
    tools: list(welcome['tools']),
    repeaters: list(welcome['repeaters']),
    expires_in_s: Math.round(Number(welcome['exp_ms']) / 1000),
  };
}
