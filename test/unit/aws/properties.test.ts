// Whatever an agent types: a refusal of ours, or capabilities that can be rebuilt into a command line meaning exactly them.

import fc from 'fast-check';
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
const value = fc.oneof(
  fc.constantFrom(...NASTY),
  fc.string({ maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 6 }),
);

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

function commands(tables: AwsTables): fc.Arbitrary<{ words: string[]; options: AwsOption[] }> {
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
  return fc.constantFrom(...all);
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

function optionWords(option: AwsOption): fc.Arbitrary<string[]> {
  if (option.positional) return fc.array(value, { minLength: 1, maxLength: 2 });
  const name = `--${option.name}`;
  const good = option.choices === undefined ? value : fc.oneof(fc.constantFrom(...option.choices), value);
  if (option.arity === 'flag')
    return fc.constantFrom([name], option.negatable ? [`--no-${option.name}`] : [name], [`${name}=true`]);
  return fc.oneof(
    good.map((one) => [`${name}=${one}`]),
    fc.array(good, { maxLength: 3 }).map((many) => [name, ...many]),
  );
}

function commandLines(tables: AwsTables): fc.Arbitrary<string[]> {
  return commands(tables).chain(({ words, options }) =>
    fc
      .record({
        parts:
          options.length === 0
            ? fc.constant([])
            : fc.array(fc.constantFrom(...options).chain(optionWords), { maxLength: 4 }),
        operands: fc.array(value, { maxLength: 2 }),
        globals: fc.array(fc.constantFrom(...GLOBALS), { maxLength: 1 }),
      })
      .map(({ parts, operands, globals }) => [...globals, ...words, ...operands, ...parts.flat()]),
  );
}

function attempt(argv: string[], use: AwsContext): ResolveResult | undefined {
  try {
    return resolveAws({ tool: 'aws', argv, cwd: CWD, facts: {} }, use);
  } catch (error) {
    if (error instanceof TurretError && error.code === 'unresolvable') return undefined;
    throw error;
  }
}

describe.each([
  ['1', context],
  ['2', contextV2],
])('with the CLI of major version %s', (_major, use) => {
  it('every command line is refused by us or can be planned and resolved again to the same', () => {
    let planned = 0;
    fc.assert(
      fc.property(commandLines(use.tables), (argv) => {
        const result = attempt(argv, use);
        if (result === undefined || !('capabilities' in result)) return;
        const plan = planAws(result.capabilities, use);
        planned += 1;
        const again = attempt(plan.argv, { ...use });
        expect(again).toBeDefined();
        if (plan.files.every(({ path, local }) => path === local)) expect(again).toEqual(result);
      }),
      { numRuns: 4000, seed: 7 },
    );
    expect(planned).toBeGreaterThan(150);
  });

  it('no value gets out of its place: rebuilt words are known names, and what stands bare does not begin with two dashes', () => {
    fc.assert(
      fc.property(commandLines(use.tables), (argv) => {
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
    fc.assert(
      fc.property(
        fc.array(fc.oneof(value, fc.constantFrom(...SERVICES, 'ls', 'cp', 'wait')), { maxLength: 6 }),
        (argv) => {
          attempt(argv, use);
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('any action and params are refused by us or resolve to that action', () => {
    const scalar = fc.oneof(value, fc.boolean(), fc.integer());
    const names = fc.oneof(
      fc.constantFrom(
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
      fc.string(),
    );
    const params = fc.dictionary(names, fc.oneof(scalar, fc.array(scalar, { maxLength: 3 })), { maxKeys: 4 });
    const action = fc.oneof(
      commands(use.tables).map(
        ({ words }) => `aws.${words.join('.').replaceAll('-', '_').replace('s3api', 's3')}`,
      ),
      fc.string(),
    );
    fc.assert(
      fc.property(action, params, (name, given) => {
        try {
          const result = resolveAws({ action: name, params: given }, use);
          if ('capabilities' in result) expect(result.capabilities[0]!.action).toBe(name);
        } catch (error) {
          if (!(error instanceof TurretError) || error.code !== 'unresolvable') throw error;
        }
      }),
      { numRuns: 3000 },
    );
  });
});
