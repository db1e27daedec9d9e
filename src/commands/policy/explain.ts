import { Args, Flags } from '@oclif/core';
import { kindOf } from '../../config/config.js';
import { loadPolicyHere } from '../../config/load-here.js';
import { parseParamWords } from '../../config/param-words.js';
import { allowedSummary } from '../../policy/alternatives.js';
import { explain } from '../../policy/explain.js';
import type { Explanation } from '../../policy/explain.js';
import { CAUTIOUS } from '../../protocol/messages.js';
import type { Capability } from '../../protocol/messages.js';
import { explainLines } from '../../ui/policy.js';
import { TurretCommand } from '../../ui/turret-command.js';

export default class PolicyExplain extends TurretCommand {
  static override summary =
    'what the policy says about an action, which rule says it, and what would be allowed';
  static override description =
    'What the action does is not looked up: it counts as writing and destructive unless a flag says otherwise.';
  static override usage = 'policy explain ACTION [NAME=VALUE…] [OPTION…]';
  static override examples = [
    '<%= config.bin %> policy explain aws.s3.get_object bucket=team-a key=reports/may.csv',
    '<%= config.bin %> policy explain aws.ec2.describe_instances --read-only',
    '<%= config.bin %> policy explain prod.s3.list_objects_v2 --kind aws max_items:=10',
  ];
  static override strict = false;
  static override args = {
    action: Args.string({ required: true, description: 'the action, as in aws.s3.list_buckets' }),
  };
  static override flags = {
    config: Flags.string({ summary: 'use this file instead of the user file', helpValue: 'FILE' }),
    kind: Flags.string({
      summary: 'kind of the repeater; that of the configured one when left out',
      helpValue: 'KIND',
    }),
    'read-only': Flags.boolean({ summary: 'the action changes nothing', default: false }),
    'secret-output': Flags.boolean({ summary: 'the action returns a credential', default: false }),
    local: Flags.boolean({ summary: 'the action stays on this machine', default: false }),
  };

  async run(): Promise<{ capability: Capability; kind: string; allowed: string[] } & Explanation> {
    const { args, flags, argv } = await this.parse(PolicyExplain);
    const { config, policy } = await loadPolicyHere(flags.config);
    const { action } = args;
    const kind = flags.kind ?? kindOf(config, action);
    const annotations = {
      ...CAUTIOUS,
      readOnly: flags['read-only'],
      destructive: !flags['read-only'],
      secretOutput: flags['secret-output'],
      openWorld: !flags.local,
    };
    const capability = { action, params: parseParamWords(argv.slice(1).map(String)), annotations };
    const explanation = explain(policy, { capability, kind });
    const allowed = allowedSummary(policy, action, kind);
    this.print(explainLines(action, explanation, allowed, this.colors));
    return { capability, kind, allowed, ...explanation };
  }
}
