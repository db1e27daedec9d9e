import { listedSessions, type ListedSession } from '../../platform/session-cache.js';
import { AuditCommand } from '../../ui/audit-command.js';
import { listLines } from '../../ui/audit-list.js';

export default class AuditList extends AuditCommand {
  static override summary = 'every recorded session, newest first';
  static override examples = ['<%= config.bin %> audit list'];

  async run(): Promise<{ sessions: ListedSession[] }> {
    await this.parse(AuditList);
    const sessions = listedSessions(this.state);
    this.print(listLines(sessions, this.colors));
    return { sessions };
  }
}
