import { Args, Command } from '@oclif/core';

import { callAndExit } from '../client/call-and-exit.js';
import { parseParamWords } from '../config/param-words.js';

export default class Call extends Command {
  static override summary = 'ask for a capability by name, inside a session';
  static override description = `For agents and scripts without a shim for what they need. A short name means the one registered action that ends in it.
stdin, stdout, stderr and the exit code are the action's; 126 when it is denied.`;
  static override usage = 'call ACTION [NAME=VALUE…]';
  static override examples = [
    '<%= config.bin %> call s3.list_buckets',
    '<%= config.bin %> call aws.s3.list_objects_v2 bucket=team-a prefix=reports/',
    '<%= config.bin %> call db.app.query sql="select * from orders where id = ?" values:=[7]',
  ];
  static override args = { action: Args.string({ required: true, description: 'e.g. aws.s3.list_buckets' }) };
  static override strict = false;

  async run(): Promise<void> {
    const { args, argv } = await this.parse(Call);
    const params = parseParamWords(argv.slice(1).map(String));
    await callAndExit({
      client: 'turret call',
      program: undefined,
      request: (from) => ({ action: args.action, params, ...from }),
    });
  }
}
