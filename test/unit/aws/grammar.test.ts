// The grammar is stricter than the CLI's: for each thing it takes, the neighbours it does not.

import { describe, expect, it } from 'vitest';
import { ARGV_ITEMS_MAX, ARGV_WORD_BYTES_MAX } from '../../../src/protocol/limits.js';
import { asked, contextV2, refusal, resolved } from './aws-context.js';

const withValue = (value: string): string[] => ['ec2', 'describe-regions', `--query=${value}`];
const filters = (count: number): string[] => [
  'ec2',
  'describe-instances',
  '--instance-ids',
  ...Array<string>(count).fill('i-1'),
];

describe('options', () => {
  it('takes an option in both spellings and refuses every abbreviation of it', () => {
    const params = { bucket: 'allowed' };
    expect(asked('s3api list-objects-v2 --bucket allowed')).toEqual([['aws.s3.list_objects_v2', params]]);
    expect(asked('s3api list-objects-v2 --bucket=allowed')).toEqual([['aws.s3.list_objects_v2', params]]);
    for (let length = 1; length < 'bucket'.length; length++) {
      expect(refusal(`s3api list-objects-v2 --${'bucket'.slice(0, length)}=allowed`)).toMatch(
        /not an option/,
      );
    }
  });

  it('refuses every abbreviation of a global option', () => {
    for (const name of [
      'endpoint-url',
      'profile',
      'region',
      'query',
      'debug',
      'ca-bundle',
      'no-verify-ssl',
    ]) {
      for (let length = 1; length < name.length; length++) {
        expect(refusal(`sts get-caller-identity --${name.slice(0, length)}=x`)).toMatch(
          /not an option|-- is not/,
        );
      }
    }
  });

  it('takes globals before, between and after the words, and each of them once', () => {
    const expected = [['aws.ec2.describe_regions', { output: 'text' }]];
    expect(asked('--output text ec2 describe-regions')).toEqual(expected);
    expect(asked('ec2 --output text describe-regions')).toEqual(expected);
    expect(asked('ec2 describe-regions --output=text')).toEqual(expected);
    expect(refusal('--output text ec2 describe-regions --output text')).toMatch(/twice/);
    expect(refusal('--all-regions ec2 describe-regions')).toMatch(/not known here/);
  });

  it('takes the value of a global for a value, never for a command', () => {
    expect(refusal('--query sts')).toMatch(/not a whole command/);
    expect(refusal('s3api head-bucket --bucket=--')).toMatch(/cannot be two dashes/);
    expect(asked('--query sts iam list-roles')).toEqual([['aws.iam.list_roles', { query: 'sts' }]]);
    expect(refusal('--no-paginate=sts iam list-roles')).toMatch(/takes no value/);
  });

  it('reads a list up to the next option, and refuses an empty one', () => {
    expect(asked('ec2 describe-instances --instance-ids i-1 i-2 --dry-run')).toEqual([
      ['aws.ec2.describe_instances', { instance_ids: ['i-1', 'i-2'], dry_run: true }],
    ]);
    expect(refusal('ec2 describe-instances --instance-ids --dry-run')).toMatch(/at least one value/);
    expect(refusal('ec2 describe-instances --instance-ids=i-1 i-2')).toMatch(/a word too many/);
  });

  it('reads a flag and its negation as one param, given once', () => {
    expect(asked('ec2 describe-instances --no-dry-run')).toEqual([
      ['aws.ec2.describe_instances', { dry_run: false }],
    ]);
    expect(refusal('ec2 describe-instances --no-dry-run --dry-run')).toMatch(/twice/);
    expect(refusal('ec2 describe-instances --dry-run --no-dry-run')).toMatch(/exclude each other/);
    expect(refusal('ec2 describe-instances --dry-run=true')).toMatch(/takes no value/);
    expect(refusal('ec2 describe-instances --no-instance-ids')).toMatch(/not an option/);
  });

  it('takes a value that begins with a dash only behind an equals sign, as argparse does', () => {
    expect(asked('s3api list-objects-v2 --bucket=allowed --prefix=--x')).toEqual([
      ['aws.s3.list_objects_v2', { bucket: 'allowed', prefix: '--x' }],
    ]);
    expect(refusal('s3api list-objects-v2 --bucket allowed --prefix --x')).toMatch(/needs a value/);
    expect(asked('logs filter-log-events --log-group-name g --start-time -5')[0]?.[1]['start_time']).toBe(
      '-5',
    );
  });

  it.each([
    ['ec2 describe-regions --', /-- is not passed on/],
    ['ec2 describe-regions -x', /is no option of aws/],
    ['ec2 describe-regions word', /a word too many/],
    ['ec2 describe-regions help', /help/],
    ['ec2 help', /help/],
    ['ec2', /not a whole command/],
    ['ec2 wait', /not a whole command/],
    ['ec2 wait no-such-waiter', /no waiter/],
    ['ec2 constructor', /no operation/],
    ['__proto__ x', /no service/],
    ['ec2 DescribeRegions', /no operation/],
    ['ec2 describe_regions', /no operation/],
    ['ec2 describe-regions --output xml', /no value of --output/],
    ['ec2 describe-regions --cli-read-timeout 1e9', /whole number/],
    ['ec2 describe-regions --no-cli-pager', /not an option/],
  ])('refuses %s', (line, why) => {
    expect(refusal(line)).toMatch(why);
  });

  it('knows the options only v2 has, in v2 only', () => {
    const line =
      'lambda invoke --function-name f --cli-binary-format raw-in-base64-out --no-cli-pager out.json';
    expect(asked(line, contextV2)).toEqual([
      [
        'aws.lambda.invoke',
        { function_name: 'f', outfile: 'out.json', cli_binary_format: 'raw-in-base64-out' },
      ],
    ]);
    expect(refusal(line)).toMatch(/not an option/);
  });
});

describe('words', () => {
  it('takes what a person can read, in any script', () => {
    expect(resolved(withValue('Regions[?Name==`日本 é`]')).capabilities).toHaveLength(1);
  });

  it.each([
    '\u0000',
    '\u001b[31m',
    '\r',
    '\u007f',
    '\u0085',
    '\u00ad',
    '\u200b',
    '\u200d',
    '\u202e',
    '\u2066',
    '\u2060',
    '\ufeff',
    '\u{e0041}',
    '\ud800',
  ])('refuses %j', (character) => {
    expect(refusal(withValue(`a${character}b`))).toMatch(/control or invisible/);
  });

  it('counts words and bytes before it reads them', () => {
    expect(resolved(filters(ARGV_ITEMS_MAX - 3)).capabilities).toHaveLength(1);
    expect(refusal(filters(ARGV_ITEMS_MAX - 2))).toMatch(/words/);
    expect(resolved(withValue('a'.repeat(ARGV_WORD_BYTES_MAX - 8))).capabilities).toHaveLength(1);
    expect(refusal(withValue('a'.repeat(ARGV_WORD_BYTES_MAX - 7)))).toMatch(/longer than/);
    expect(refusal(['ec2', 'describe-regions', ''])).toMatch(/empty word/);
    expect(refusal([])).toMatch(/no command/);
  });
});

describe('commands that are never run', () => {
  it.each([
    'configure',
    'configure get region',
    'configure export-credentials',
    'sso login',
    'login',
    'history list',
    's3 presign s3://allowed/k',
    'eks get-token --cluster-name c',
    'eks update-kubeconfig --name c',
    'rds generate-db-auth-token --hostname h --port 1 --username u',
    'ecr get-login-password',
    'codecommit credential-helper get',
    'cloudfront sign --url u',
    'ssm start-session --target i-1',
    'ecs execute-command --cluster c --command sh --interactive --task t',
    'emr ssh --cluster-id j',
    'dynamodb wizard new-table',
    'deploy push --application-name a',
    'cloudformation deploy --template-file t',
  ])('refuses aws %s with a hint', (line) => {
    expect(refusal(line)).toMatch(/never run|needs a person/);
    expect(refusal(line.split(' '), contextV2)).toMatch(/never run|needs a person/);
  });

  it('refuses hand-written commands nobody has taken apart', () => {
    expect(refusal('configservice get-status')).toMatch(/several things/);
    expect(refusal('emr create-cluster --release-label x')).toMatch(/several things/);
  });
});

it('resolves --version alone to an action that asks nobody', () => {
  expect(resolved('--version').capabilities).toMatchObject([
    { action: 'aws.cli.version', params: {}, annotations: { readOnly: true, openWorld: false } },
  ]);
  expect(refusal('--version ec2')).toMatch(/never passed on/);
  expect(refusal('ec2 describe-regions --version')).toMatch(/never passed on/);
});
