import { Command, Flags } from '@oclif/core';

import { attenuate } from '../../client/attenuate.js';
import { exitCodeOf } from '../../client/exit-code.js';
import { TurretError } from '../../errors.js';
import { errorJson, jsonText } from '../../ui/told-error.js';
import { sayError } from '../../ui/voice.js';

/** Only shown by `--help`: `run()` reads its words itself, as inside a session, where there is no framework. */
export default class TokenAttenuate extends Command {
  static override summary = 'hand on a part of a token: fewer actions, less time, fewer calls';
  static override description = `Takes the token of this session, or TURRET_TOKEN, and makes one that can do less. Without a command it is printed, once.
With a command after -- that one gets it, and it is dead when the command ends. The exit code is then the command's own.`;
  static override usage = 'token attenuate --allow ACTION [OPTION…] [-- COMMAND [ARG…]]';
  static override examples = [
    `<%= config.bin %> token attenuate --allow "aws.s3.list_*" --where "bucket=team-a-*" --ttl 15m --calls 50 --label researcher -- ./sub-agent.sh`,
    `<%= config.bin %> token attenuate --allow "gh.pr.*" --allow "aws.s3.get_object bucket=team-a" --ttl 1h`,
  ];
  static override flags = {
    allow: Flags.string({
      multiple: true,
      helpValue: '"ACTION [NAME=VALUE…]"',
      summary: 'actions it may ask for, * within a word, ** across; with conditions of their own',
    }),
    where: Flags.string({
      multiple: true,
      helpValue: 'NAME=VALUE',
      summary: 'a condition on every --allow; * stands for anything, the same name twice for either',
    }),
    ttl: Flags.string({ helpValue: '15m', summary: 'when it dies; with its parent when left out' }),
    calls: Flags.string({ helpValue: 'N', summary: 'calls it may make, denied ones among them' }),
    label: Flags.string({ helpValue: 'NAME', summary: 'what the audit log calls it' }),
    json: Flags.boolean({ summary: 'print token, kid and end as JSON' }),
  };
  static override strict = false;

  async run(): Promise<void> {
    try {
      await attenuate(this.argv, undefined);
    } catch (error) {
      const before = this.argv.includes('--') ? this.argv.slice(0, this.argv.indexOf('--')) : this.argv;
      if (before.includes('--json') && error instanceof TurretError)
        process.stdout.write(jsonText(errorJson(error)));
      else sayError(error);
      process.exitCode = error instanceof TurretError && error.code !== 'usage' ? exitCodeOf(error) : 2;
    }
  }
}
