import { Flags } from '@oclif/core';

import { type RunningServer, runningServers } from '../client/server.js';
import { type InsideStatus, statusInside, statusLines } from '../client/session-status.js';
import { sessionsOfUser } from '../client/sessions.js';
import type { RunningSession } from '../platform/runtime-directory.js';
import { tableLines } from '../ui/table.js';
import { TurretCommand } from '../ui/turret-command.js';

export default class Status extends TurretCommand {
  static override summary =
    'what runs: this session from inside, all your sessions and your server from outside';
  static override examples = [
    '<%= config.bin %> status',
    '<%= config.bin %> status --json',
    '<%= config.bin %> status --socket /run/turret/agent.sock',
  ];
  static override flags = {
    socket: Flags.string({
      helpValue: 'PATH',
      summary: "a server's, when it is not this user's own; asked from outside of any session",
    }),
  };

  async run(): Promise<{ inside?: InsideStatus; sessions: RunningSession[]; servers: RunningServer[] }> {
    const { flags } = await this.parse(Status);
    const inside = flags.socket === undefined ? await statusInside(undefined, 'turret status') : undefined;
    if (inside !== undefined) {
      this.print(statusLines(inside));
      return { inside, sessions: [], servers: [] };
    }
    const servers = await runningServers(flags.socket);
    const sessions = sessionsOfUser().map(({ session }) => session);
    if (servers.length > 0) this.print([...serverLines(servers), '']);
    this.print(sessionLines(sessions));
    return { sessions, servers };
  }
}

function serverLines(servers: readonly RunningServer[]): string[] {
  const rows = servers.map(({ socket, pid, agents }) => [
    socket,
    String(pid ?? '-'),
    agents === null ? 'it does not answer' : String(agents),
  ]);
  return tableLines(['server', 'pid', 'agents'], rows, (text) => text);
}

function sessionLines(sessions: readonly RunningSession[]): string[] {
  if (sessions.length === 0)
    return ['no session is running; turret run -- <agent> starts one, turret audit shows the last'];
  const rows = sessions.map(({ sid, label, started, isolation, pid }) => [
    sid.slice(0, 8),
    `${started.slice(0, 19)}Z`,
    isolation,
    String(pid),
    label,
  ]);
  return tableLines(['session', 'started', 'isolation', 'pid', 'label'], rows, (text) => text);
}
