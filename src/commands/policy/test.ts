import { Flags } from '@oclif/core';
import { kindOf } from '../../config/config.js';
import { loadPolicyHere } from '../../config/load-here.js';
import { runPolicyTests } from '../../policy/self-test.js';
import type { PolicyTestResult } from '../../policy/self-test.js';
import { testLines } from '../../ui/policy.js';
import { TurretCommand } from '../../ui/turret-command.js';

export default class PolicyTestCommand extends TurretCommand {
  static override summary = 'run the tests: of turret.yaml';
  static override description = 'Exits with 1 when a decision is not what its test expects.';
  static override examples = [
    '<%= config.bin %> policy test',
    '<%= config.bin %> policy test --config ci.yaml --json',
  ];
  static override flags = {
    config: Flags.string({ summary: 'use this file instead of the user file', helpValue: 'FILE' }),
  };

  async run(): Promise<{ passed: number; failed: number; results: PolicyTestResult[] }> {
    const { flags } = await this.parse(PolicyTestCommand);
    const { config, policy } = await loadPolicyHere(flags.config);
    const results = runPolicyTests(policy, config.tests, (action) => kindOf(config, action));
    this.print(testLines(results, this.colors));
    const failed = results.filter((result) => !result.passed).length;
    if (failed > 0) process.exitCode = 1;
    return { passed: results.length - failed, failed, results };
  }
}
