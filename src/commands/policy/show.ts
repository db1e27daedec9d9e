import { Flags } from '@oclif/core';
import type { Config } from '../../config/config.js';
import { loadConfigHere } from '../../config/load-here.js';
import { showLines } from '../../ui/policy.js';
import { TurretCommand } from '../../ui/turret-command.js';

export default class PolicyShow extends TurretCommand {
  static override summary = 'the permission table: every rule of every layer, and the files they come from';
  static override examples = [
    '<%= config.bin %> policy show',
    '<%= config.bin %> policy show --config ci.yaml --json',
  ];
  static override flags = {
    config: Flags.string({ summary: 'show this file instead of the user file', helpValue: 'FILE' }),
  };

  async run(): Promise<Config> {
    const { flags } = await this.parse(PolicyShow);
    const config = await loadConfigHere(flags.config);
    this.print(showLines(config, this.colors));
    return config;
  }
}
