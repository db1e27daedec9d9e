import { Args, Flags } from '@oclif/core';

import { askServer, isServing, placeOf } from '../../client/server.js';
import { askAsAdmin, findRunning } from '../../client/sessions.js';
import {
  type ListedToken,
  TOKEN_COLUMNS,
  tokenRows,
  tokensInside,
  tokensOf,
} from '../../client/token-list.js';
import { tableLines } from '../../ui/table.js';
import { TurretCommand } from '../../ui/turret-command.js';

export default class TokenList extends TurretCommand {
  static override summary = 'the tokens of a session and what each may do';
  static override description =
    'With TURRET_TOKEN set: that one, and what came from it. Without: all of your turret serve, where one runs, or of a running session.';
  static override examples = ['<%= config.bin %> token list', '<%= config.bin %> token list 3f2a --json'];
  static override args = {
    session: Args.string({ description: 'start of its id, or last; may be left out when only one runs' }),
  };

  static override flags = {
    socket: Flags.string({ helpValue: 'PATH', summary: "a server's, when it is not this user's own" }),
  };

  async run(): Promise<{ tokens: ListedToken[] }> {
    const { args, flags } = await this.parse(TokenList);
    const isInside = Boolean(process.env['TURRET_TOKEN']) && flags.socket === undefined;
    const tokens = isInside ? await tokensInside(undefined) : await all(args.session, flags.socket);
    this.print(tableLines(TOKEN_COLUMNS, tokenRows(tokens), this.colors.dim));
    return { tokens };
  }
}

async function all(session: string | undefined, socket: string | undefined): Promise<ListedToken[]> {
  const place = placeOf(socket);
  if (socket !== undefined || (session === undefined && isServing(place)))
    return tokensOf(await askServer(place, { admin: 'tokens' }));
  return tokensOf(await askAsAdmin(findRunning(session), { admin: 'tokens' }));
}
