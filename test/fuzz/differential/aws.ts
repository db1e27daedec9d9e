// What the real aws CLI does with a command line that we resolved, against what we said it would do. A disagreement that is
// no refusal is a bug.

import { deepEqual, equal, ok } from 'node:assert/strict';
import * as fc from 'fast-check';

import { notApproved } from '../../../repeaters/aws/inject/approved.js';
import { type AwsPlan, planAws } from '../../../repeaters/aws/plan/plan.js';
import type { AwsContext } from '../../../repeaters/aws/resolve/context.js';
import { paramName } from '../../../repeaters/aws/resolve/names.js';
import { resolveAws } from '../../../repeaters/aws/resolve/resolve.js';
import { loadTables } from '../../../repeaters/aws/tables/load.js';
import type { AwsOption } from '../../../repeaters/aws/tables/types.js';
import type { Capability, ResolveResult } from '../../../src/protocol/messages.js';
import { INSTALLED_AWS } from '../../helpers/installed-aws.js';
import { awsArgv, edited, edits } from '../arbitraries/aws-argv.js';
import { corpusArgv } from '../arbitraries/corpus.js';
import { counter, type FuzzTarget, refusedOr } from '../target.js';
import { type Asked, AwsCli, type Outcome } from './aws-cli.js';

/** Hosts of AWS. Which of them fits which service is the injector's business. */
const AWS_HOST = /^https:\/\/[a-z0-9.-]+\.(?:amazonaws\.com(?:\.cn)?|api\.aws|aws)(?:\/|$|\?)/;

/** In what aws_cli.py lays out. */
const isDirectory = (path: string): boolean => ['.', 'dir', 'a'].includes(path.replace(/(?<=[^/])\/+$/, ''));

interface Sides {
  argv: readonly string[];
  plan: AwsPlan;
  typed: Outcome;
  planned: Outcome;
}

/** Throws when the CLI would do with `plan` anything else than with the words that were typed. */
function checkSame({ plan, typed, planned }: Sides): void {
  const local = new Map(plan.files.map(({ path, local }) => [local, path]));
  const named = (files: Outcome['files']) =>
    Object.fromEntries(Object.entries(files).map(([path, bytes]) => [local.get(path) ?? path, bytes]));
  const inOrder = (list: readonly object[]): string[] => list.map((one) => JSON.stringify(one)).sort();
  const s3 = plan.argv[0] === 's3';
  // `logs tail` asks for times relative to now; aws s3 prints how fast it is.
  const tail = plan.argv[0] === 'logs' && plan.argv[1] === 'tail';
  const essence = ({ code, asked, sent, stdout }: Outcome, files: unknown) => ({
    failed: code !== 0,
    asked: tail
      ? asked.map(({ service, operation, params }) => ({
          service,
          operation,
          group: params['logGroupName'],
          streams: params['logStreamNamePrefix'],
          filter: params['filterPattern'],
        }))
      : inOrder(asked),
    sent: tail ? sent.length : inOrder(sent),
    files,
    stdout: s3 ? '' : stdout,
  });
  deepEqual(essence(planned, named(planned.files)), essence(typed, typed.files));
}

function s3Target({ params, operation }: Asked) {
  const { Bucket: bucket, Key: key, Prefix: prefix, CopySource: from } = params;
  const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
  const source =
    typeof from === 'object' && from !== null
      ? (from as { Bucket: string; Key: string })
      : /^\/?(?<Bucket>[^/]+)\/(?<Key>[^?]+)/.exec(decodeURIComponent(text(from) ?? ''))?.groups;
  return {
    buckets: typeof bucket === 'string' ? [bucket] : [],
    key: text(key),
    listPrefix: operation.startsWith('List') ? text(prefix) : undefined,
    copySource: source ? { bucket: source['Bucket'] ?? '', key: source['Key'] ?? '' } : undefined,
  };
}

/** Throws when the CLI would ask for something that the capabilities do not say. */
function checkCovered(
  { plan, typed }: Sides,
  capabilities: readonly Capability[],
  context: AwsContext,
): void {
  for (const asked of typed.asked) {
    const s3 = asked.service === 's3' ? s3Target(asked) : undefined;
    const problem = notApproved(
      [{ services: [asked.service], operations: [asked.operation] }],
      plan.wire,
      s3,
    );
    ok(problem === undefined, `${problem ?? ''}: ${JSON.stringify(asked.params)}`);
  }
  const [primary] = capabilities;
  const region = primary?.params['region'];
  for (const { url, region: used } of typed.sent) {
    ok(AWS_HOST.test(url), url);
    if (region !== undefined && used !== null && !used.endsWith('-global')) equal(used, region);
  }
  if (primary === undefined || plan.argv[0] === 's3' || plan.argv[1] === 'wait') return;
  const operation = context.tables.operation(plan.argv[0] ?? '', plan.argv[1] ?? '');
  for (const { operation: name, options } of typed.asked)
    if (name === operation?.api) checkValues(primary, operation.options, options);
}

/** Throws when a text that is sent is not the one that policy saw. */
function checkValues({ params }: Capability, known: readonly AwsOption[], options: Asked['options']): void {
  // Pages have one option in the CLI, whatever the API calls it.
  const pages: unknown[] = [params['starting_token'], params['page_size']];
  const token = Object.values(tokenOf(params['starting_token']));
  for (const { name, type, arity } of known) {
    if (type !== 'string' || (arity !== 'one' && arity !== 'many')) continue;
    const said: unknown = params[paramName(name)];
    const sent: unknown = options[name];
    if (typeof said === 'string' && /^fileb?:\/\//.test(said)) continue;
    if (said === undefined && (pages.includes(sent) || token.includes(sent))) continue;
    if (typeof sent === 'string') equal(said, sent, `--${name}`);
    else if (Array.isArray(sent) && sent.every((item) => typeof item === 'string'))
      deepEqual([said ?? []].flat(), sent, `--${name}`);
  }
}

const tokenOf = (token: unknown): Record<string, unknown> =>
  typeof token === 'string'
    ? (JSON.parse(Buffer.from(token, 'base64').toString()) as Record<string, unknown>)
    : {};

function resolved(
  argv: string[],
  context: AwsContext,
): Exclude<ResolveResult, { facts: string[] } | { redirect: string }> | undefined {
  const result = refusedOr(['unresolvable'], () =>
    resolveAws(
      { tool: 'aws', argv, cwd: '/home/agent/work', facts: { 'env.AWS_REGION': 'us-east-1' } },
      context,
    ),
  );
  return result && 'capabilities' in result ? result : undefined;
}

function targetOf({ path, version }: { path: string; version: string }): FuzzTarget {
  const tables = loadTables(version);
  const context: AwsContext = {
    name: 'aws',
    tables,
    region: 'us-east-1',
    profiles: ['default'],
    siblings: {},
  };
  const count = counter();
  let cli: Promise<AwsCli> | undefined;
  const words = fc.oneof(
    { arbitrary: awsArgv(tables), weight: 20 },
    { arbitrary: fc.tuple(corpusArgv('aws'), edits).map(([argv, todo]) => edited(argv, todo)), weight: 1 },
  );
  return {
    name: `differential-aws/v${tables.major}`,
    claim: `aws ${version} would ask for nothing but what was resolved, and for the same when it is given the words we made`,
    cases: tables.major === 2 ? 120 : 60,
    share: 15,
    taken: count.taken,
    close: async () => (await cli)?.close(),
    property: fc.asyncProperty(words, async (argv) => {
      const result = resolved(argv, context);
      const plan = result && refusedOr(['unresolvable'], () => planAws(result.capabilities, context));
      if (!result || !plan || plan.local) return;
      // A file of /tmp is one of this machine for the words that were typed.
      if (plan.files.some(({ path: file }) => file.startsWith('/'))) return;
      // Not sent by a shim, so that the CLI does not find it; beside the words that were typed it lies, and cannot be read.
      if (
        result.needs.files.some(({ path: file, use, tree }) => use === 'read' && !tree && isDirectory(file))
      )
        return;
      count.add();
      cli ??= AwsCli.start(path);
      const real = await cli;
      const model = tables.service(plan.argv[0] === 's3' ? 's3api' : (plan.argv[0] ?? ''))?.model ?? '';
      const sides = {
        argv,
        plan,
        typed: await real.run(argv, model),
        planned: await real.run(plan.argv, model),
      };
      checkSame(sides);
      checkCovered(sides, result.capabilities, context);
    }),
  };
}

export const DIFFERENTIAL_AWS: FuzzTarget[] = INSTALLED_AWS.map(targetOf);
