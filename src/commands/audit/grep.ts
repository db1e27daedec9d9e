import { Flags } from '@oclif/core';
import { grepCalls, parseSince, sessionsToRead } from '../../platform/audit-query.js';
import type { JsonObject } from '../../protocol/messages.js';
import { AuditCommand } from '../../ui/audit-command.js';
import { actionFilter } from '../../ui/audit-filter.js';
import { recordLine } from '../../ui/audit-line.js';

export default class AuditGrep extends AuditCommand {
  static override summary = 'calls of one session or all, by action, effect and time';
  static override examples = [
    '<%= config.bin %> audit grep --effect deny --since 1h',
    '<%= config.bin %> audit grep --action "aws.s3.*" --session last',
  ];
  static override flags = {
    action: Flags.string({
      summary: 'pattern as in a rule: * within a segment, ** for any',
      helpValue: 'PATTERN',
    }),
    effect: Flags.option({ summary: 'only these', options: ['allow', 'deny'] as const })(),
    since: Flags.string({ summary: 'not older than this: 30m, 1h, 2d, or a date', helpValue: 'TIME' }),
    agent: Flags.string({
      summary: 'asked by this agent or one it let: ci, or claude/researcher',
      helpValue: 'NAME',
    }),
    session: Flags.string({ summary: 'beginning of a session id, or `last`', helpValue: 'SESSION' }),
  };

  async run(): Promise<{ calls: JsonObject[] }> {
    const { flags } = await this.parse(AuditGrep);
    const filter = {
      action: flags.action === undefined ? undefined : actionFilter(flags.action),
      effect: flags.effect,
      agent: flags.agent,
      since: flags.since === undefined ? undefined : parseSince(flags.since, Date.now()),
    };
    const found = [...grepCalls(sessionsToRead(this.state, flags.session), filter)];
    this.print(found.map((record) => recordLine(record, this.colors)));
    return { calls: found.map(({ value }) => value) };
  }
}
