import { Command, Flags } from '@oclif/core';
import { readConfigHere } from '../../config/load-here.js';
import type { Problem } from '../../config/problem.js';
import { checkLines } from '../../ui/policy.js';

export default class PolicyCheck extends Command {
  static override summary = 'check turret.yaml: every problem with its line and column';
  static override description = 'Exits with 1 when there is a problem.';
  static override examples = [
    '<%= config.bin %> policy check',
    '<%= config.bin %> policy check --config ci.yaml --json',
  ];
  static override enableJsonFlag = true;
  static override flags = {
    config: Flags.string({ summary: 'check this file instead of the user file', helpValue: 'FILE' }),
  };

  async run(): Promise<{ ok: boolean; problems: Problem[]; rules: number; files: string[] }> {
    const { flags } = await this.parse(PolicyCheck);
    const { config, problems } = await readConfigHere(flags.config);
    for (const line of checkLines(problems, config)) this.log(line);
    if (!config) process.exitCode = 1;
    const files = config?.sources.map((source) => source.file) ?? [];
    return { ok: config !== undefined, problems, rules: config?.policy.rules.length ?? 0, files };
  }
}
