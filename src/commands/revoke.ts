import { Args, Flags } from '@oclif/core';

import { askAsAdmin, findRunning } from '../client/sessions.js';
import { TurretCommand } from '../ui/turret-command.js';
import { visible } from '../ui/visible.js';

export default class Revoke extends TurretCommand {
  static override summary = "kill an agent's token now";
  static override description = `Calls in flight are cut, further ones are refused; the agent itself runs on without rights.
A request that is already at AWS or GitHub may still complete; the audit log says "unknown" for it. Nothing has to be rotated.`;
  static override examples = [
    '<%= config.bin %> revoke',
    '<%= config.bin %> revoke 3f2a --reason "it started deleting things"',
    '<%= config.bin %> revoke --token researcher',
  ];
  static override args = {
    session: Args.string({ description: 'start of its id, or last; may be left out when only one runs' }),
  };
  static override flags = {
    token: Flags.string({
      helpValue: 'KID|LABEL',
      summary: 'only this token of the session and what came from it (turret token list)',
    }),
    reason: Flags.string({ summary: 'what the audit log says', default: 'turret revoke' }),
  };

  async run(): Promise<{ session: string; cancelled: number }> {
    const { args, flags } = await this.parse(Revoke);
    const running = findRunning(args.session);
    const which = flags.token === undefined ? {} : { token: flags.token };
    const result = await askAsAdmin(running, { admin: 'revoke', reason: flags.reason, ...which });
    const { cancelled } = result as { cancelled: number };
    const what = flags.token === undefined ? '' : ` token ${visible(flags.token)} of`;
    this.log(
      `revoked${what} ${running.session.sid.slice(0, 8)} (${visible(running.session.label)}); ${cancelled} calls cut`,
    );
    return { session: running.session.sid, cancelled };
  }
}
