import { Args, Flags } from '@oclif/core';
import { escapeJson } from '../../audit/escape.js';
import { readRecords } from '../../platform/audit-read.js';
import { findSession } from '../../platform/sessions.js';
import type { JsonObject } from '../../protocol/messages.js';
import { AuditCommand } from '../../ui/audit-command.js';
import { exportLines } from '../../ui/audit-csv.js';

export default class AuditExport extends AuditCommand {
  static override summary = 'a session for other programs: every record as JSON lines, or every call as CSV';
  static override examples = ['<%= config.bin %> audit export --format csv > calls.csv'];
  static override args = {
    session: Args.string({ description: 'beginning of a session id, or `last`', default: 'last' }),
  };
  static override flags = {
    format: Flags.option({
      summary: 'form of the output',
      options: ['jsonl', 'csv'] as const,
      default: 'jsonl' as const,
    })(),
  };

  async run(): Promise<{ session: string; records: JsonObject[] }> {
    const { args, flags } = await this.parse(AuditExport);
    const session = findSession(this.state, args.session);
    const records = [...readRecords(session.log)];
    this.print(
      flags.format === 'csv'
        ? exportLines(records)
        : records.map(({ value }) => escapeJson(JSON.stringify(value))),
    );
    return { session: session.sid, records: records.map(({ value }) => value) };
  }
}
