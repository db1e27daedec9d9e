import { Args, Flags } from '@oclif/core';
import { findCall } from '../../platform/audit-query.js';
import { AuditCommand } from '../../ui/audit-command.js';
import { showLines, type ShownCall } from '../../ui/audit-show.js';

export default class AuditShow extends AuditCommand {
  static override summary = 'one call in full: what was typed, what it needed, who decided, how it ended';
  static override examples = ['<%= config.bin %> audit show CALL'];
  static override args = {
    call: Args.string({ description: 'id of the call, from `audit grep`', required: true }),
  };
  static override flags = {
    session: Flags.string({ summary: 'look in this session only', helpValue: 'SESSION' }),
  };

  async run(): Promise<ShownCall> {
    const { args, flags } = await this.parse(AuditShow);
    const { session, call, signed, records } = findCall(this.state, args.call, flags.session);
    const shown = { session: session.sid, call, signed, records: records.map(({ value }) => value) };
    this.print(showLines(shown, records, this.colors));
    return shown;
  }
}
