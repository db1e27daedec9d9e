import { Args, Flags } from '@oclif/core';
import { escapeJson } from '../../audit/escape.js';
import { followTail, lastRecords } from '../../platform/audit-follow.js';
import { findSession } from '../../platform/sessions.js';
import type { JsonObject } from '../../protocol/messages.js';
import { AuditCommand } from '../../ui/audit-command.js';
import { recordLine } from '../../ui/audit-line.js';

export default class AuditTail extends AuditCommand {
  static override summary = 'the last records of a session; with -f those to come, until it ends';
  static override description = 'With -f and --json: one JSON object per line, as they are written.';
  static override examples = ['<%= config.bin %> audit tail -f', '<%= config.bin %> audit tail -n 50 0339'];
  static override args = {
    session: Args.string({ description: 'beginning of a session id, or `last`', default: 'last' }),
  };
  static override flags = {
    follow: Flags.boolean({ char: 'f', summary: 'go on until the session ends' }),
    lines: Flags.integer({
      char: 'n',
      summary: 'how many records to begin with',
      default: 10,
      min: 0,
      max: 10_000,
    }),
  };

  async run(): Promise<{ records: JsonObject[] } | undefined> {
    const { args, flags } = await this.parse(AuditTail);
    const session = findSession(this.state, args.session);
    if (!flags.follow) {
      const records = lastRecords(session, flags.lines);
      this.print(records.map((record) => recordLine(record, this.colors)));
      return { records: records.map(({ value }) => value) };
    }
    await followTail(session, flags.lines, (record) => {
      const line = this.jsonEnabled()
        ? escapeJson(JSON.stringify(record.value))
        : recordLine(record, this.colors);
      process.stdout.write(`${line}\n`);
    });
    return undefined;
  }
}
