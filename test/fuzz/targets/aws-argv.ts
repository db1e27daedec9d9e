// Whatever an agent types: a refusal of ours, or capabilities that can be rebuilt into a command line meaning exactly them.

import {
  type Arbitrary,
  array as arrayOf,
  assert as assertProperty,
  boolean as anyBoolean,
  constant,
  constantFrom,
  dictionary,
  integer,
  oneof,
  property,
  record,
  string as text,
} from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planAws } from '../../../repeaters/aws/plan/plan.js';
import type { AwsContext } from '../../../repeaters/aws/resolve/context.js';
import { resolveAws } from '../../../repeaters/aws/resolve/resolve.js';
import type { AwsOption, AwsTables } from '../../../repeaters/aws/tables/types.js';
import { TurretError } from '../../../src/errors.js';
import type { ResolveResult } from '../../../src/protocol/messages.js';
import { context, contextV2, CWD } from './aws-context.js';

const NASTY = [
  'allowed',
  's3://allowed/k',
  's3://allowed/dir/',
  's3://',
  's3://allowed',
  '-',
  '--',
  '--endpoint-url=https://evil.example',
  '--x',
  '-1',
  'a=b',
  'a@=file://x',
  'file://x',
  'fileb:///tmp/x',
  'file://$HOME',
  'https://evil.example',
  './a/b',
  '../x',
  '/tmp/y',
  '/etc/passwd',
  '.git',
  '~',
  '[{"a":"b"}]',
  'a b',
  '',
  '\n',
  '\u0000',
  '\u202e',
  'us-east-1',
  'text',
  'help',
  '__proto__',
  'constructor',
  '=',
  "'",
  '$(id)',
  '%2e%2e',
];
const value = oneof(constantFrom(...NASTY), text({ maxLength: 12 }), text({ unit: 'binary', maxLength: 6 }));

const SERVICES = [
  's3',
  's3api',
  'ec2',
  'lambda',
  'sts',
  'logs',
  'sqs',
  'dynamodb',
  'iam',
  'glue',
  'configure',
  'iot',
];

function commands(tables: AwsTables): Arbitrary<{ words: string[]; options: AwsOption[] }> {
  const all = SERVICES.flatMap((name) => {
    const service = tables.service(name);
    if (service === undefined) return [];
    const customs = Object.entries(
      service.custom[''] === undefined ? service.custom : service.custom[''].subcommands,
    );
    return [
      ...Object.values(service.operations).map(({ command, options }) => ({
        words: [name, command],
        options,
      })),
      ...Object.entries(service.waiters).map(([waiter, { options }]) => ({
        words: [name, 'wait', waiter],
        options,
      })),
      // As often as the other hundreds together: this is where the hand-written rules are.
      ...customs.flatMap(([word, { options }]) =>
        Array.from({ length: 40 }, () => ({ words: [name, word], options })),
      ),
    ];
  });
  return constantFrom(...all);
}

const GLOBALS = [
  '--region=eu-west-1',
  '--output',
  '--query=a',
  '--no-paginate',
  '--profile=prod',
  '--debug',
  '--color=on',
  '--reg=x',
];

function optionWords(option: AwsOption): Arbitrary<string[]> {
  if (option.positional) return arrayOf(value, { minLength: 1, maxLength: 2 });
  const name = `--${option.name}`;
  const good = option.choices === undefined ? value : oneof(constantFrom(...option.choices), value);
  if (option.arity === 'flag')
    return constantFrom([name], option.negatable ? [`--no-${option.name}`] : [name], [`${name}=true`]);
  return oneof(
    good.map((one) => [`${name}=${one}`]),
    arrayOf(good, { maxLength: 3 }).map((many) => [name, ...many]),
  );
}

function commandLines(tables: AwsTables): Arbitrary<string[]> {
  return commands(tables).chain(({ words, options }) =>
    record({
      parts:
        options.length === 0
          ? constant([])
          : arrayOf(constantFrom(...options).chain(optionWords), { maxLength: 4 }),
      operands: arrayOf(value, { maxLength: 2 }),
      globals: arrayOf(constantFrom(...GLOBALS), { maxLength: 1 }),
    }).map(({ parts, operands, globals }) => [...globals, ...words, ...operands, ...parts.flat()]),
  );
}

/** Undefined for a refusal of ours; everything else that is thrown is a failure. */
function guarded(resolve: () => ResolveResult): ResolveResult | undefined {
  try {
    return resolve();
  } catch (error) {
    if (error instanceof TurretError && error.code === 'unresolvable') return undefined;
    throw error;
  }
}
const attempt = (argv: string[], use: AwsContext): ResolveResult | undefined =>
  guarded(() => resolveAws({ tool: 'aws', argv, cwd: CWD, facts: {} }, use));

describe.each([
  ['1', context],
  ['2', contextV2],
])('with the CLI of major version %s', (_major, use) => {
  it('every command line is refused by us or can be planned and resolved again to the same', () => {
    let planned = 0;
    assertProperty(
      property(commandLines(use.tables), (argv) => {
        const result = attempt(argv, use);
        if (result === undefined || !('capabilities' in result)) return;
        const plan = planAws(result.capabilities, use);
        planned += 1;
        const again = attempt(plan.argv, { ...use });
        expect(again).toBeDefined();
        // A file below /tmp has another name in the private directory.
        const sameNames = plan.files.every(({ path, local }) => path === local);
        expect(sameNames ? again : result).toEqual(result);
      }),
      { numRuns: 4000, seed: 7 },
    );
    expect(planned).toBeGreaterThan(150);
  });

  it('no value gets out of its place: rebuilt words are known names, and what stands bare does not begin with two dashes', () => {
    assertProperty(
      property(commandLines(use.tables), (argv) => {
        const result = attempt(argv, use);
        if (result === undefined || !('capabilities' in result)) return;
        for (const word of planAws(result.capabilities, use).argv) {
          expect(word).not.toBe('--');
          expect(word).not.toMatch(
            /^--(endpoint-url|profile|debug|ca-bundle|no-verify-ssl|no-sign-request|cli-input|help)/,
          );
          expect(word).not.toMatch(/^(--[a-z0-9-]+=)?\s*fileb?:\/\/([~/$]|\.\.)/i);
        }
      }),
      { numRuns: 2000, seed: 11 },
    );
  });

  it('any words at all are refused by us or resolved', () => {
    assertProperty(
      property(
        arrayOf(oneof(value, constantFrom(...SERVICES, 'ls', 'cp', 'wait')), { maxLength: 6 }),
        (argv) => {
          expect(['undefined', 'object']).toContain(typeof attempt(argv, use));
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('any action and params are refused by us or resolve to that action', () => {
    const scalar = oneof(value, anyBoolean(), integer());
    const names = oneof(
      constantFrom(
        'bucket',
        'key',
        'prefix',
        'command',
        'region',
        'source',
        'target',
        'filters',
        'tz',
        'outfile',
      ),
      text(),
    );
    const params = dictionary(names, oneof(scalar, arrayOf(scalar, { maxLength: 3 })), { maxKeys: 4 });
    const action = oneof(
      commands(use.tables).map(
        ({ words }) => `aws.${words.join('.').replaceAll('-', '_').replace('s3api', 's3')}`,
      ),
      text(),
    );
    assertProperty(
      property(action, params, (name, given) => {
        const result = guarded(() => resolveAws({ action: name, params: given }, use));
        const got = result !== undefined && 'capabilities' in result ? result.capabilities[0]?.action : name;
        expect(got).toBe(name);
      }),
      { numRuns: 3000 },
    );
  });
});
