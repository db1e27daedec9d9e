// Command lines of aws, made from the tables of the installed CLI: mostly well-formed, with values that are not.

import * as fc from 'fast-check';

import type { AwsOption, AwsTables } from '../../../repeaters/aws/tables/types.js';
import { word } from './text.js';

export interface AwsCommand {
  words: string[];
  options: AwsOption[];
}

/** Services with rules of their own, or with every protocol and option type between them. */
const SERVICES = [
  's3api', 'ec2', 'lambda', 'sts', 'logs', 'sqs', 'sns', 'dynamodb', 'iam', 'glue', 'configure', 'iot', 'glacier', 'route53',
  'cloudformation', 'kms', 'ssm', 'polly', 'medialive', 'codecommit', 'rds', 'emr', 'cloudwatch', 'apigateway', 'machinelearning',
]; // prettier-ignore

function commandsOf(tables: AwsTables, name: string): AwsCommand[] {
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
    ...customs.map(([custom, { options }]) => ({ words: [name, custom], options })),
  ];
}

const cache = new WeakMap<AwsTables, Map<string, AwsCommand[]>>();
function cached(tables: AwsTables, name: string): AwsCommand[] {
  const known = cache.get(tables) ?? new Map<string, AwsCommand[]>();
  cache.set(tables, known);
  const found = known.get(name) ?? commandsOf(tables, name);
  known.set(name, found);
  return found;
}

/** A command of the CLI: as often an `aws s3` one as any other, because there the hand-written rules are. */
export function awsCommands(tables: AwsTables): fc.Arbitrary<AwsCommand> {
  const known = (names: readonly string[]) => names.filter((name) => cached(tables, name).length > 0);
  const from = (names: readonly string[]) =>
    fc.constantFrom(...names).chain((name) => fc.constantFrom(...cached(tables, name)));
  return fc.oneof(
    { arbitrary: from(['s3']), weight: 3 },
    { arbitrary: from(known(SERVICES)), weight: 3 },
    { arbitrary: fc.constantFrom(...tables.services()).chain((name) => constantOr(cached(tables, name), name)), weight: 1 },
  ); // prettier-ignore
}
const constantOr = (commands: AwsCommand[], name: string): fc.Arbitrary<AwsCommand> =>
  commands.length === 0 ? fc.constant({ words: [name], options: [] }) : fc.constantFrom(...commands);

const NAMES = [
  'allowed',
  'web-1',
  'i-0123456789abcdef0',
  'arn:aws:iam::123456789012:role/x',
  'a/b',
  '10',
  'k.txt',
  '*',
];
const VALUES: Partial<Record<AwsOption['type'], readonly string[]>> = {
  number: ['5', '-3', '0', '1e3', '1.5', '+7', '0x10', '1_000'],
  timestamp: ['2026-01-01T00:00:00Z', '1700000000', '2026-01-01', '-1'],
  structure: [
    '{"a":"b"}', '[]', '{}', 'a=b', 'Key=x,Value=y', 'Name=a,Values=b,c', '[{"Name":"x","Values":["y"]}]', 'a={b=c}', 'a=[b,c]',
    'file://doc.json', ' {"a":1}', 'Bucket=allowed,Name=k', '{"Objects":[{"Key":"k"}]}', '{"k":{"S":"v"}}', 'k=v,@x',
  ],
  blob: ['aGVsbG8=', 'plain', 'fileb://x.bin', 'file://a.txt'],
  read: ['in.txt', 'dir/in.txt', '/tmp/x', '-'],
  write: ['out.txt', 'dir/out.txt', '/tmp/y', '-'],
}; // prettier-ignore

const LISTS = ['["a","b"]', ' ["a"]', '["\\u0061"]', '[1]', '["[]"]', '[]', '["a"'];
/** The CLI puts what is in it into the request. */
const TOKENS = [
  { NextToken: 't' }, { nextToken: 't', boto_truncate_amount: 1 }, { Marker: null }, { TableName: 'other', Bucket: 'other' }, ['a'],
].map((token) => Buffer.from(JSON.stringify(token)).toString('base64')); // prettier-ignore

/** A value as the option wants it, now and then any word. */
export function awsValue(option: AwsOption): fc.Arbitrary<string> {
  const plain =
    option.name === 'starting-token' ? TOKENS : option.arity === 'many' ? [...NAMES, ...LISTS] : NAMES;
  const good = option.choices ?? VALUES[option.type] ?? plain;
  return fc.oneof({ arbitrary: fc.constantFrom(...good), weight: 4 }, { arbitrary: word, weight: 1 });
}

function optionWords(option: AwsOption): fc.Arbitrary<string[]> {
  if (option.positional) return awsValue(option).map((value) => [value]);
  const name = `--${option.name}`;
  const value = awsValue(option);
  if (option.arity === 'flag') {
    const negated = option.negatable ? [[`--no-${option.name}`]] : [];
    return fc.constantFrom([name], [name], ...negated, [`${name}=true`]);
  }
  const joined = value.map((one) => [`${name}=${one}`]);
  const one = value.map((one) => [name, one]);
  if (option.arity === 'one') return fc.oneof(joined, one);
  if (option.arity === 'pair') return fc.tuple(value, value).map((pair) => [name, ...pair]);
  return fc.oneof(
    joined,
    fc.array(value, { maxLength: 3 }).map((many) => [name, ...many]),
  );
}

const GLOBALS = [
  ['--region=eu-west-1'], ['--region', 'us-east-1'], ['--output', 'text'], ['--output=json'], ['--query=a'], ['--query', 'a[0].b'],
  ['--no-paginate'], ['--profile=prod'], ['--debug'], ['--color', 'on'], ['--reg=x'], ['--cli-read-timeout', '5'],
  ['--endpoint-url', 'https://evil.example'], ['--cli-binary-format=raw-in-base64-out'], ['--no-cli-pager'], ['--no-sign-request'],
  ['--cli-input-json', '{}'], ['--generate-cli-skeleton'], ['--region'], ['--output'],
]; // prettier-ignore

const S3_OPERANDS = fc.constantFrom(
  's3://allowed/k', 's3://allowed/dir/', 's3://allowed', 's3://allowed/a b', 's3://other/k', 'f.txt', 'dir', 'dir/', '.', '-', './f.txt',
  '/tmp/y', 'allowed/dir/', 's3://allowed/a//b', 's3://allowed/../x', 's3://allowed/é', 's3://allowed/k?versionId=1', 's3://allowed/%41',
); // prettier-ignore

/** What is done to the words of a command line afterwards. */
type Edit = {
  kind: 'drop' | 'double' | 'swap' | 'shorten' | 'split' | 'word' | 'dashes';
  at: number;
  word: string;
};
const edits: fc.Arbitrary<Edit[]> = fc.oneof(
  { arbitrary: fc.constant<Edit[]>([]), weight: 3 },
  {
    arbitrary: fc.array(
      fc.record({
        kind: fc.constantFrom<Edit['kind']>('drop', 'double', 'swap', 'shorten', 'split', 'word', 'dashes'),
        at: fc.nat({ max: 40 }),
        word,
      }),
      { minLength: 1, maxLength: 2 },
    ),
    weight: 2,
  },
);

export function edited(argv: readonly string[], todo: readonly Edit[]): string[] {
  const out = [...argv];
  for (const { kind, at, word: other } of todo) {
    const place = at % Math.max(1, out.length);
    const here = out[place] ?? '';
    if (kind === 'drop') out.splice(place, 1);
    else if (kind === 'double') out.splice(place, 0, here);
    else if (kind === 'swap') out.splice(place, 2, ...out.slice(place, place + 2).reverse());
    else if (kind === 'shorten') out[place] = here.startsWith('--') ? here.slice(0, -1) : here;
    else if (kind === 'split') out.splice(place, 1, ...here.split('=', 2));
    else if (kind === 'word') out.splice(place, 0, other);
    else out.splice(place, 0, '--');
  }
  return out;
}
export { edits };

/** A whole command line, without `aws`. */
export function awsArgv(tables: AwsTables): fc.Arbitrary<string[]> {
  return awsCommands(tables).chain(({ words, options }) => {
    const wanted = options.filter(({ required, positional }) => required || positional);
    const others = options.filter((option) => !wanted.includes(option));
    const isS3 = words[0] === 's3';
    return fc
      .record({
        needed: fc.tuple(...(isS3 ? [] : wanted).map(optionWords)),
        more:
          others.length === 0
            ? fc.constant([])
            : fc.array(fc.constantFrom(...others).chain(optionWords), { maxLength: 3 }),
        operands: isS3 ? fc.array(S3_OPERANDS, { maxLength: 2 }) : fc.constant([]),
        globals: fc.oneof(
          { arbitrary: fc.constant([]), weight: 2 },
          { arbitrary: fc.array(fc.constantFrom(...GLOBALS), { maxLength: 2 }), weight: 1 },
        ),
        place: fc.nat({ max: 12 }),
        todo: edits,
      })
      .map(({ needed, more, operands, globals, place, todo }) => {
        const parts = [...needed, ...more];
        parts.splice(place % (parts.length + 1), 0, ...globals);
        const head = place % 5 === 0 ? [...globals.flat(), ...words] : words;
        return edited([...head, ...operands, ...parts.flat()], todo);
      });
  });
}
