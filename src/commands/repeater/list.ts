import { Flags } from '@oclif/core';

import { loadConfigHere } from '../../config/load-here.js';
import { type ListedRepeater, listRepeaters } from '../../setup/repeater-list.js';
import { repeaterLines } from '../../ui/repeater-list.js';
import { TurretCommand } from '../../ui/turret-command.js';

export default class RepeaterList extends TurretCommand {
  static override summary = 'the configured repeaters, their tools, and where each would find its credential';
  static override description =
    'Starts nothing and prints no credential, only where one lies. Exits with 1 when a repeater could not start.';
  static override examples = [
    '<%= config.bin %> repeater list',
    '<%= config.bin %> repeater list --config team.yaml --json',
  ];
  static override flags = {
    config: Flags.string({ char: 'c', summary: 'of this file instead of the user file', helpValue: 'FILE' }),
  };

  async run(): Promise<{ repeaters: ListedRepeater[] }> {
    const { flags } = await this.parse(RepeaterList);
    const config = await loadConfigHere(flags.config);
    const repeaters = listRepeaters(config.repeaters, process.env);
    this.print(repeaterLines(repeaters, this.colors));
    if (repeaters.some(({ problems }) => problems.length > 0)) process.exitCode = 1;
    return { repeaters };
  }
}
