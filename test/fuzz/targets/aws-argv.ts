// Whatever an agent types behind `aws`: a refusal of ours, or capabilities that can be rebuilt into a command line meaning
// exactly them.

import { deepEqual, equal, ok } from 'node:assert/strict';
import * as fc from 'fast-check';

import { planAws } from '../../../repeaters/aws/plan/plan.js';
import type { AwsContext } from '../../../repeaters/aws/resolve/context.js';
import { RESERVED_PARAMS } from '../../../repeaters/aws/resolve/globals.js';
import { wordsOf } from '../../../repeaters/aws/resolve/names.js';
import { resolveAws } from '../../../repeaters/aws/resolve/resolve.js';
import type { AgentCall, Capability, ResolveResult } from '../../../src/protocol/messages.js';
import { context, contextV2, CWD } from '../../unit/aws/aws-context.js';
import { awsArgv, awsCommands } from '../arbitraries/aws-argv.js';
import { word } from '../arbitraries/text.js';
import { checkAnswer, INVISIBLE } from '../answers.js';
import { counter, type FuzzTarget, refusedOr } from '../target.js';

const FACT_NAMES = [
  'env.AWS_REGION',
  'env.AWS_DEFAULT_REGION',
  'env.AWS_PROFILE',
  'env.AWS_DEFAULT_OUTPUT',
  'env.TZ',
];
const facts = fc.oneof(
  { arbitrary: fc.constant({}), weight: 3 },
  {
    arbitrary: fc.dictionary(
      fc.constantFrom(...FACT_NAMES),
      fc.oneof(fc.constantFrom('eu-west-1', 'prod', 'text', 'Europe/Berlin', ''), word),
      { maxKeys: 3 },
    ),
    weight: 1,
  },
);

const attempt = (call: AgentCall, use: AwsContext): ResolveResult | undefined =>
  refusedOr(['unresolvable'], () => resolveAws(call, use));

/** An action that stands in the table of the CLI, and annotations that are the table's. */
function checkKnown({ action, params, annotations }: Capability, { name, tables }: AwsContext): void {
  if (action === `${name}.cli.version`) return;
  const words = action === `${name}.s3.rm` ? (['s3api', 'delete-object'] as const) : wordsOf(name, action);
  const operation = words && tables.operation(words[0], words[1]);
  ok(operation, `${action} is in no table`);
  // Whatever was typed, a read stays a read and a secret a secret.
  equal(annotations.readOnly, operation.readOnly);
  equal(annotations.secretOutput, operation.secretOutput);
  const typed = [...RESERVED_PARAMS].filter((param) => params[param] !== undefined && param !== 'tz');
  for (const param of typed) ok(['string', 'boolean'].includes(typeof params[param]));
}

function checkResolved(result: ResolveResult, use: AwsContext): void {
  checkAnswer(result, use.name);
  if (!('capabilities' in result)) return;
  for (const capability of result.capabilities) checkKnown(capability, use);
  const plan = planAws(result.capabilities, use);
  for (const one of plan.argv) {
    ok(one !== '--' && !INVISIBLE.test(one));
    ok(
      !/^--(endpoint-url|profile|debug|ca-bundle|no-verify-ssl|no-sign-request|cli-input-json|cli-input-yaml|help)(=|$)/.test(
        one,
      ),
      one,
    );
    ok(!/^(--[a-z0-9-]+=)?\s*fileb?:\/\/([~/$]|\.\.)/i.test(one), one);
    ok(!/^(--[a-z0-9-]+=)?\s*https?:\/\//i.test(one) || /^--[a-z-]+=https:/.test(one), one);
  }
  for (const { local } of plan.files) ok(!local.startsWith('/') && !local.split('/').includes('..'), local);
  const zone = result.capabilities[0]?.params['tz'];
  const again = attempt(
    { tool: 'aws', argv: plan.argv, cwd: CWD, facts: typeof zone === 'string' ? { 'env.TZ': zone } : {} },
    use,
  );
  // A file below /tmp has another name in the private directory.
  if (plan.files.every(({ path, local }) => path === local)) deepEqual(again, result);
  else ok(again);
}

function targetsOf(major: string, use: AwsContext, cases: number): FuzzTarget[] {
  const [lines, words, actions] = [counter(), counter(), counter()];
  return [
    {
      name: `aws/argv-${major}`,
      taken: lines.taken,
      claim:
        'every command line is refused, or planned and resolved again to the same, of known actions and known words only',
      cases,
      property: fc.property(awsArgv(use.tables), facts, (argv, given) => {
        const result = attempt({ tool: 'aws', argv, cwd: CWD, facts: given }, use);
        if (result) lines.add();
        if (result) checkResolved(result, use);
      }),
    },
    {
      name: `aws/words-${major}`,
      taken: words.taken,
      claim: 'any words at all are refused or resolved',
      cases,
      property: fc.property(
      fc.array(fc.oneof(word, fc.constantFrom('s3', 's3api', 'ec2', 'sts', 'ls', 'cp', 'sync', 'get-caller-identity', 'wait', '--recursive')), { maxLength: 6 }),
      (argv) => {
        const result = attempt({ tool: 'aws', argv, cwd: CWD, facts: {} }, use);
        if (result) words.add();
        if (result) checkResolved(result, use);
      },
    ), // prettier-ignore
    },
    {
      name: `aws/action-${major}`,
      taken: actions.taken,
      claim: 'any action and params are refused or resolve to that action',
      cases,
      property: fc.property(
      fc.oneof(
        awsCommands(use.tables).map(({ words }) => `aws.${words.join('.').replaceAll('-', '_').replace('s3api', 's3')}`),
        word,
      ),
      fc.dictionary(
        fc.oneof(fc.constantFrom('bucket', 'key', 'prefix', 'command', 'region', 'source', 'target', 'filters', 'tz', 'outfile'), word),
        fc.oneof(word, fc.boolean(), fc.integer(), fc.array(word, { maxLength: 3 })),
        { maxKeys: 4 },
      ),
      (action, params) => {
        const result = attempt({ action, params }, use);
        if (!result || !('capabilities' in result)) return;
        actions.add();
        equal(result.capabilities[0]?.action, action);
        checkResolved(result, use);
      },
    ), // prettier-ignore
    },
  ];
}

export const AWS_ARGV: FuzzTarget[] = [
  ...targetsOf('v1', context, 2500),
  ...targetsOf('v2', contextV2, 1000),
];
