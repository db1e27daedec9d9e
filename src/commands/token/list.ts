import { Args } from '@oclif/core';

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
    'With TURRET_TOKEN set: that one, and what came from it. Without: all of a running session of yours.';
  static override examples = ['<%= config.bin %> token list', '<%= config.bin %> token list 3f2a --json'];
  static override args = {
    session: Args.string({ description: 'start of its id, or last; may be left out when only one runs' }),
  };

  async run(): Promise<{ tokens: ListedToken[] }> {
    const { args } = await this.parse(TokenList);
    const tokens = process.env['TURRET_TOKEN'] ? await tokensInside(undefined) : await all(args.session);
    this.print(tableLines(TOKEN_COLUMNS, tokenRows(tokens), this.colors.dim));
    return { tokens };
  }
}

async function all(session: string | undefined): Promise<ListedToken[]> {
  return tokensOf(await askAsAdmin(findRunning(session), { admin: 'tokens' }));
}
