import { type InsideStatus, statusInside, statusLines } from '../client/session-status.js';
import { sessionsOfUser } from '../client/sessions.js';
import type { RunningSession } from '../platform/runtime-directory.js';
import { tableLines } from '../ui/table.js';
import { TurretCommand } from '../ui/turret-command.js';

export default class Status extends TurretCommand {
  static override summary = 'what runs: this session from inside, all your sessions from outside';
  static override examples = ['<%= config.bin %> status', '<%= config.bin %> status --json'];

  async run(): Promise<{ inside?: InsideStatus; sessions: RunningSession[] }> {
    await this.parse(Status);
    const inside = await statusInside(undefined, 'turret status');
    if (inside !== undefined) {
      this.log(statusLines(inside).join('\n'));
      return { inside, sessions: [] };
    }
    const sessions = sessionsOfUser().map(({ session }) => session);
    if (sessions.length === 0)
      this.log('no session is running; turret run -- <agent> starts one, turret audit shows the last');
    else {
      const rows = sessions.map(({ sid, label, started, isolation, pid }) => [
        sid.slice(0, 8),
        started.slice(0, 19),
        isolation,
        String(pid),
        label,
      ]);
      this.log(
        tableLines(['session', 'started', 'isolation', 'pid', 'label'], rows, (text) => text).join('\n'),
      );
    }
    return { sessions };
  }
}
