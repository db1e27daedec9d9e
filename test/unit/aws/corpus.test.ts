// The attack corpus against the resolver and the baseline policy P0. `expected: deny` must be refused by the resolver or denied by P0;
// everything benign must resolve to what P0 allows.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { planAws } from '../../../repeaters/aws/plan/plan.js';
import type { AwsContext } from '../../../repeaters/aws/resolve/context.js';
import { resolveAws } from '../../../repeaters/aws/resolve/resolve.js';
import { loadTables } from '../../../repeaters/aws/tables/load.js';
import { TurretError } from '../../../src/errors.js';
import type { Capability } from '../../../src/protocol/messages.js';

interface Case {
  id: string;
  tool: string;
  argv: string[];
  expected: string;
  env?: Record<string, string>;
}

// P0 of the corpus, as data: exact actions, one bucket for objects, two denied outright.
const READS = new Set(
  `sts.get_caller_identity ec2.describe_instances ec2.describe_regions ec2.describe_tags s3.list_buckets logs.describe_log_groups
   logs.describe_log_streams logs.filter_log_events lambda.list_event_source_mappings cloudformation.describe_stack_events
   cloudwatch.get_metric_statistics dynamodb.list_tables iam.list_roles rds.describe_db_instances eks.list_clusters
   ecs.describe_services cli.version`
    .split(/\s+/)
    .map((action) => `aws.${action}`),
);
const BUCKET_ACTIONS = new Set(
  ['list_objects_v2', 'head_object', 'get_object', 'put_object', 'delete_object'].map(
    (name) => `aws.s3.${name}`,
  ),
);
const p0Allows = ({ action, params, unbounded }: Capability): boolean =>
  READS.has(action) ||
  (BUCKET_ACTIONS.has(action) && params['bucket'] === 'allowed' && unbounded?.includes('bucket') !== true);

type Verdict = 'refused' | 'denied' | 'allowed' | 'redirected';
function judge(
  argv: string[],
  env: Record<string, string>,
  context: AwsContext,
): { verdict: Verdict; capabilities: Capability[] } {
  const facts = Object.fromEntries(Object.entries(env).map(([name, value]) => [`env.${name}`, value]));
  try {
    const result = resolveAws({ tool: 'aws', argv, cwd: '/home/agent/work', facts }, context);
    if (!('capabilities' in result)) return { verdict: 'redirected', capabilities: [] };
    return {
      verdict: result.capabilities.every(p0Allows) ? 'allowed' : 'denied',
      capabilities: result.capabilities,
    };
  } catch (error) {
    if (error instanceof TurretError) return { verdict: 'refused', capabilities: [] };
    throw error;
  }
}

const lines = (name: string): Case[] =>
  readFileSync(new URL(`../../vectors/corpus/${name}.jsonl`, import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line): Case => JSON.parse(line))
    .filter(({ tool }) => tool === 'aws');

// The resolver and P0 see nothing wrong with these; what makes them attacks is stopped elsewhere.
const STOPPED_ELSEWHERE: Record<string, string> = {
  'aws-parser-26':
    'the same capability as benign-031, which must be allowed: a wait polls the approved describe operation',
  'aws-filewrite-19': 'out.txt is a link: the shim does not follow it when it writes',
};

describe.each(['1.45.11', '2.9.19'])('the corpus with the command table of aws %s', (version) => {
  const context: AwsContext = {
    name: 'aws',
    tables: loadTables(version),
    region: 'us-east-1',
    profiles: ['default'],
    siblings: {},
  };

  it('refuses or denies every case that must not run', () => {
    const cases = lines('attacks').filter(({ expected }) => expected === 'deny');
    expect(cases.length).toBeGreaterThan(150);
    const ran = cases
      .filter(({ argv, env }) => judge(argv, env ?? {}, context).verdict === 'allowed')
      .map(({ id }) => id);
    expect(ran.toSorted()).toEqual(Object.keys(STOPPED_ELSEWHERE).toSorted());
  });

  it('resolves every benign command to what P0 allows, and plans it', () => {
    for (const { id, argv } of lines('benign')) {
      const { verdict, capabilities } = judge(argv, {}, context);
      expect([id, verdict]).toEqual([id, 'allowed']);
      expect(planAws(capabilities, context).argv.length).toBeGreaterThan(0);
    }
  });

  it('never throws anything but its own refusal, and plans whatever it resolves', () => {
    const planned = lines('attacks').filter(({ argv, env }) => {
      const { capabilities } = judge(argv, env ?? {}, context);
      return capabilities.length > 0 && planAws(capabilities, context).argv.length > 0;
    });
    expect(planned.length).toBeGreaterThan(80);
  });
});
