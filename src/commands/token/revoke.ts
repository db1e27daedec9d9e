import { Args, Flags } from '@oclif/core';

import { askServer, placeOf } from '../../client/server.js';
import { revokeInside } from '../../client/token-list.js';
import { plural } from '../../ui/audit-words.js';
import { TurretCommand } from '../../ui/turret-command.js';
import { visible } from '../../ui/visible.js';

export default class TokenRevoke extends TurretCommand {
  static override summary = 'end a token of turret serve, or one that came from yours, now and for ever';
  static override description =
    'Calls in flight are cut, and what came from it dies with it. With TURRET_TOKEN set: one that came from that.';
  static override examples = [
    '<%= config.bin %> token revoke ci',
    '<%= config.bin %> token revoke ci --reason "it left the team"',
  ];
  static override args = {
    token: Args.string({ required: true, description: 'its label or kid (turret token list)' }),
  };
  static override flags = {
    reason: Flags.string({ summary: 'what the audit log says', default: 'turret token revoke' }),
    socket: Flags.string({ helpValue: 'PATH', summary: "the server's, when it is not this user's own" }),
  };

  async run(): Promise<{ revoked: number }> {
    const { args, flags } = await this.parse(TokenRevoke);
    const inside = Boolean(process.env['TURRET_TOKEN']) && flags.socket === undefined;
    const revoked = inside
      ? await revokeInside(args.token, undefined)
      : Number(
          (
            await askServer(placeOf(flags.socket), {
              admin: 'revoke',
              token: args.token,
              reason: flags.reason,
            })
          )['revoked'],
        );
    this.log(`revoked ${visible(args.token)}: ${plural(revoked, 'token')}, with those that came from it`);
    return { revoked };
  }
}
