import { Flags } from '@oclif/core';

import { createAgent } from '../../client/create-agent.js';
import type { Child } from '../../client/delegate.js';
import { placeOf } from '../../client/server.js';
import { parseCount, parseGrantWords, parseTtl } from '../../client/token-options.js';
import { TurretError } from '../../errors.js';
import { parseRate } from '../../policy/limit-text.js';
import type { JsonObject } from '../../protocol/messages.js';
import { TurretCommand } from '../../ui/turret-command.js';

export default class TokenCreate extends TurretCommand {
  static override summary = 'let an agent in at turret serve: its token, printed once';
  static override description = `The agent may do what the server's policy allows and what is named here. The token is printed to stdout, and nothing else is;
the server keeps its public half only. For the user who runs turret serve, and root.`;
  static override examples = [
    `<%= config.bin %> token create --agent ci --allow "aws.s3.get_object bucket=builds" --allow "gh.pr.*" --ttl 30d >ci.token`,
    `<%= config.bin %> token create --agent research --allow "**" --where '$readOnly:=true' --calls 10000 --rate 60/m`,
  ];
  static override flags = {
    agent: Flags.string({ required: true, helpValue: 'NAME', summary: 'what the audit log calls it' }),
    allow: Flags.string({
      multiple: true,
      required: true,
      helpValue: '"ACTION [NAME=VALUE…]"',
      summary: 'actions it may ask for, * within a word, ** across; with conditions of their own',
    }),
    where: Flags.string({
      multiple: true,
      helpValue: 'NAME=VALUE',
      summary: 'a condition on every --allow; * stands for anything, the same name twice for either',
    }),
    ttl: Flags.string({ default: '30d', helpValue: '30d', summary: 'when it dies' }),
    calls: Flags.string({
      helpValue: 'N',
      summary: 'calls it may make from one start of the server to the next',
    }),
    rate: Flags.string({ helpValue: '"60/m burst 20"', summary: 'how fast it may make them' }),
    socket: Flags.string({ helpValue: 'PATH', summary: "the server's, when it is not this user's own" }),
  };

  async run(): Promise<Child> {
    const { flags } = await this.parse(TokenCreate);
    const agent = await createAgent(placeOf(flags.socket), {
      label: flags.agent,
      grants: parseGrantWords(flags.allow, flags.where ?? []),
      ttlMs: parseTtl(flags.ttl),
      limits: limitsOf(flags),
    });
    this.log(agent.token);
    return agent;
  }
}

function limitsOf({ calls, rate }: { calls?: string | undefined; rate?: string | undefined }): JsonObject {
  const parsed = rate === undefined ? undefined : parseRate(rate);
  if (rate !== undefined && parsed === undefined)
    throw new TurretError('usage', `${JSON.stringify(rate)} is not a rate`, {
      hints: ['write --rate 60/m, or "60/m burst 20"'],
    });
  return {
    ...(calls === undefined ? {} : { calls: parseCount('calls', calls) }),
    ...(parsed === undefined ? {} : { rate: { ...parsed } }),
  };
}
