import { Flags } from '@oclif/core';
import { readConfigHere } from '../../config/load-here.js';
import type { Problem } from '../../config/problem.js';
import { unknownRepeaters } from '../../config/unknown-repeaters.js';
import { checkLines } from '../../ui/policy.js';
import { TurretCommand } from '../../ui/turret-command.js';

export default class PolicyCheck extends TurretCommand {
  static override summary = 'check turret.yaml: every problem with its line and column';
  static override description = 'Exits with 1 when there is a problem.';
  static override examples = [
    '<%= config.bin %> policy check',
    '<%= config.bin %> policy check --config ci.yaml --json',
  ];
  static override flags = {
    config: Flags.string({ summary: 'check this file instead of the user file', helpValue: 'FILE' }),
  };

  async run(): Promise<{
    ok: boolean;
    problems: Problem[];
    notes: Problem[];
    rules: number;
    files: string[];
  }> {
    const { flags } = await this.parse(PolicyCheck);
    const { config, problems } = await readConfigHere(flags.config);
    const notes = config === undefined ? [] : unknownRepeaters(config);
    this.print(checkLines(problems, config, notes));
    if (!config) process.exitCode = 1;
    const files = config?.sources.map((source) => source.file) ?? [];
    return { ok: config !== undefined, problems, notes, rules: config?.policy.rules.length ?? 0, files };
  }
}
