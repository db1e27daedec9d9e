import { Flags } from '@oclif/core';

import { init, type InitResult } from '../setup/init.js';
import { initLines } from '../ui/init.js';
import { TurretCommand } from '../ui/turret-command.js';

export default class Init extends TurretCommand {
  static override summary = 'write a commented turret.yaml from what is on this machine';
  static override description = `Looks for the AWS CLI's profiles, gh's login, both programs and installed agents. Only names are looked at, never a key.
The file allows what only reads; everything else in it is a comment to switch on. It never replaces a file without --force.`;
  static override examples = [
    '<%= config.bin %> init',
    '<%= config.bin %> init --print',
    '<%= config.bin %> init --project',
    '<%= config.bin %> init --force',
  ];
  static override flags = {
    print: Flags.boolean({ summary: 'print it, write nothing' }),
    force: Flags.boolean({ summary: 'replace the file that is there' }),
    project: Flags.boolean({ summary: 'write ./.turret/turret.yaml, which only narrows' }),
  };

  async run(): Promise<InitResult> {
    const { flags } = await this.parse(Init);
    const { print, force, project } = flags;
    const result = await init({ cwd: process.cwd(), env: process.env, print, force, project });
    this.print(print ? [result.text.trimEnd()] : initLines(result));
    return result;
  }
}
