// What is known of the tokens of a session, for its holder inside and for its owner outside.

import type { JsonObject } from '../protocol/messages.js';
import { BrokerConnection } from './broker-connection.js';
import { askAboutTokens } from './delegate.js';
import { locate } from './locate.js';

export interface ListedToken {
  kid: string;
  label: string;
  /** Kid of the token it comes from; null for the session's own. */
  parent: string | null;
  state: 'live' | 'revoked' | 'expired';
  expires_in_s: number;
  /** null: all that the policy allows. */
  grants: { allow: string[]; where: Record<string, (string | number | boolean)[]> }[] | null;
  /** Its budget of calls, and what it and its children used of it. */
  calls?: number;
  used?: number;
}

/** The token of this process and what came from it. Throws not_in_session, broker_gone, token_revoked … */
export async function tokensInside(program: string | undefined): Promise<ListedToken[]> {
  return withConnection(program, async (connection) => tokensOf(await askAboutTokens(connection, 'list')));
}

/** Ends one that came from ours, by its kid or label. Throws TurretError invalid_params when there is none. */
export async function revokeInside(name: string, program: string | undefined): Promise<number> {
  return withConnection(program, async (connection) => {
    const tokens = tokensOf(await askAboutTokens(connection, 'list')).slice(1);
    const named = tokens.filter(({ kid, label, state }) => state === 'live' && [kid, label].includes(name));
    let revoked = 0;
    // Without one the broker says why.
    for (const { kid } of named.length === 0 ? [{ kid: name }] : named)
      revoked += Number((await askAboutTokens(connection, 'revoke', { kid }))['revoked']);
    return revoked;
  });
}

/** The broker has proved itself, so its shapes are taken as they are. */
export function tokensOf({ tokens }: JsonObject): ListedToken[] {
  return (Array.isArray(tokens) ? tokens : []) as unknown as ListedToken[];
}

/** One row each: kid, label, state, time left, calls, what it may do. Not escaped. */
export function tokenRows(tokens: readonly ListedToken[]): string[][] {
  return tokens.map((token) => {
    const depth = depthOf(token, tokens);
    const calls = token.calls === undefined ? '' : `${token.used ?? 0}/${token.calls}`;
    return [
      token.kid,
      `${'  '.repeat(depth)}${token.label}`,
      token.state,
      token.state === 'live' ? `${Math.round(token.expires_in_s / 60)} min` : '',
      calls,
      grantsText(token.grants),
    ];
  });
}
export const TOKEN_COLUMNS = ['kid', 'label', 'state', 'left', 'calls', 'allowed'] as const;

function depthOf(token: ListedToken, tokens: readonly ListedToken[]): number {
  const parent = tokens.find(({ kid }) => kid === token.parent);
  return parent === undefined ? 0 : 1 + depthOf(parent, tokens);
}

function grantsText(grants: ListedToken['grants']): string {
  if (grants === null) return 'all of the policy';
  return grants
    .map(({ allow, where }) =>
      [allow.join(','), ...Object.entries(where).map(([name, values]) => `${name}=${values.join('|')}`)].join(
        ' ',
      ),
    )
    .join('; ');
}

async function withConnection<T>(
  program: string | undefined,
  ask: (connection: BrokerConnection) => Promise<T>,
): Promise<T> {
  const located = locate({ env: process.env, program, uid: process.getuid?.() ?? -1 });
  const connection = await BrokerConnection.open({ ...located, client: 'turret token' });
  try {
    return await ask(connection);
  } finally {
    connection.close();
  }
}
