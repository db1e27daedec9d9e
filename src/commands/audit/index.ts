import { Args } from '@oclif/core';
import { reportSession, type SessionReport } from '../../platform/audit-report.js';
import { findSession } from '../../platform/sessions.js';
import { AuditCommand } from '../../ui/audit-command.js';
import { summaryLines } from '../../ui/audit-summary.js';

export default class Audit extends AuditCommand {
  static override summary = 'what a session asked, was allowed and was denied, and whether its log is intact';
  static override examples = ['<%= config.bin %> audit', '<%= config.bin %> audit 0339 --json'];
  static override args = {
    session: Args.string({ description: 'beginning of a session id, or `last`', default: 'last' }),
  };

  async run(): Promise<SessionReport> {
    const { args } = await this.parse(Audit);
    const report = reportSession(this.state, findSession(this.state, args.session));
    this.print(summaryLines(report, this.colors));
    return report;
  }
}
