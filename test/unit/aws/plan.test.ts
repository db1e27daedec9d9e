// What runs is rebuilt from what was approved, and is only run when it means the same again.

import { describe, expect, it } from 'vitest';
import { optionWords } from '../../../repeaters/aws/plan/option-words.js';
import { planAws } from '../../../repeaters/aws/plan/plan.js';
import { resolveAws } from '../../../repeaters/aws/resolve/resolve.js';
import { TurretError } from '../../../src/errors.js';
import type { Capability, Params } from '../../../src/protocol/messages.js';
import { asked, context, contextV2, refusal, resolveLine, resolved, V1 } from './aws-context.js';

const plan = (line: string | string[], use = context) => planAws(resolved(line, use).capabilities, use);

const changed = (line: string, change: (capabilities: Capability[]) => void) => () => {
  const capabilities = structuredClone(resolved(line).capabilities);
  change(capabilities);
  return planAws(capabilities, context);
};
const call = (action: string, params: Params) =>
  resolveAws({ action, params, cwd: '/home/agent/work' }, context);
/** `refused` or what became of it. */
const outcome = (action: string, params: Params): unknown => {
  try {
    return call(action, params);
  } catch (error) {
    return error instanceof TurretError && error.code === 'unresolvable' ? 'refused' : error;
  }
};

describe('argv', () => {
  it.each([
    [
      '--output text s3api list-objects-v2 --bucket allowed',
      's3api list-objects-v2 --bucket=allowed --region=us-east-1 --output=text',
    ],
    ['s3 ls allowed', 's3 ls s3://allowed --region=us-east-1'],
    ['s3 cp s3://allowed/k .', 's3 cp s3://allowed/k k --region=us-east-1'],
    ['s3 sync s3://allowed/p d', 's3 sync s3://allowed/p/ d --region=us-east-1'],
    ['s3 cp s3://allowed/k /tmp/o', 's3 cp s3://allowed/k turret-tmp/o --region=us-east-1'],
    [
      'lambda invoke --function-name f --payload fileb:///tmp/p out',
      'lambda invoke out --function-name=f --payload=fileb://turret-tmp/p --region=us-east-1',
    ],
    [
      'ec2 describe-instances --no-dry-run --instance-ids i-1 i-2',
      'ec2 describe-instances --instance-ids i-1 i-2 --no-dry-run --region=us-east-1',
    ],
    [
      'ec2 wait instance-running --instance-ids i-1',
      'ec2 wait instance-running --instance-ids=i-1 --region=us-east-1',
    ],
    [
      'glue create-job --name j --role r --command Name=x',
      'glue create-job --name=j --role=r --command=Name=x --region=us-east-1',
    ],
    ['--version', '--version'],
  ])('of %s', (line, argv) => {
    expect(plan(line).argv.join(' ')).toBe(argv);
  });

  it('does not depend on the order in which documents in files were named', () => {
    const keys = ['--sse-c-key fileb://a', '--sse-c-copy-source-key fileb://b'];
    const [one, other] = [keys, keys.toReversed()].map((two) =>
      plan(`s3 cp s3://allowed/k s3://allowed/m ${two.join(' ')}`),
    );
    expect(one?.argv).toEqual(other?.argv);
  });

  it('keeps a file where the CLI finds it, and the file stream where the shim knows it', () => {
    expect(plan('s3 cp /tmp/a/f s3://allowed/k').files).toEqual([
      { path: '/tmp/a/f', use: 'read', tree: false, local: 'turret-tmp/a/f' },
    ]);
  });

  it('carries stdin and the time zone', () => {
    expect(plan('s3 cp - s3://allowed/k')).toMatchObject({ stdin: true, files: [] });
    const listing = resolveLine('s3 ls', { facts: { 'env.TZ': 'Asia/Tokyo' } });
    expect(planAws('capabilities' in listing ? listing.capabilities : [], context)).toMatchObject({
      tz: 'Asia/Tokyo',
      local: false,
    });
    expect(plan('--version')).toMatchObject({ local: true, wire: [] });
  });
});

describe('wire', () => {
  const place = { service: 's3', bucket: 'allowed' };
  it('allows one API operation for one operation', () => {
    expect(plan('configservice describe-config-rules').wire).toEqual([
      { service: 'config', operations: ['DescribeConfigRules'] },
    ]);
    expect(plan('ec2 wait instance-running').wire).toEqual([
      { service: 'ec2', operations: ['DescribeInstances'] },
    ]);
    expect(plan('logs tail g', contextV2).wire).toEqual([
      { service: 'logs', operations: ['FilterLogEvents'] },
    ]);
  });

  it('pins bucket and key, or bucket and prefix', () => {
    expect(plan('s3api get-object --bucket allowed --key k out').wire).toEqual([
      { ...place, operations: ['GetObject'], key: 'k' },
      { ...place, operations: ['HeadBucket'] },
    ]);
    expect(plan('s3 rm s3://allowed/p --recursive').wire).toEqual([
      { ...place, operations: ['DeleteObject'], prefix: 'p/' },
      { ...place, operations: ['HeadBucket'] },
      { ...place, operations: ['ListObjectsV2'], prefix: 'p/' },
    ]);
  });

  it('allows a download nothing but the object and its size', () => {
    expect(plan('s3 cp s3://allowed/k out').wire[0]?.operations).toEqual(['GetObject', 'HeadObject']);
  });

  it('allows the parts of an upload, and a copy only with the read of its source', () => {
    const up = plan('s3 cp f s3://allowed/k').wire[0];
    expect(up).toMatchObject({ ...place, key: 'k' });
    expect(up?.operations).toEqual(
      expect.arrayContaining(['PutObject', 'UploadPart', 'CompleteMultipartUpload']),
    );
    expect(up?.operations).not.toContain('CopyObject');
    const copy = plan('s3 cp s3://other-bucket/s s3://allowed/k').wire;
    expect(copy).toContainEqual(
      expect.objectContaining({
        bucket: 'other-bucket',
        key: 's',
        operations: expect.arrayContaining(['GetObject']),
      }),
    );
    expect(copy).toContainEqual(
      expect.objectContaining({
        bucket: 'allowed',
        key: 'k',
        operations: expect.arrayContaining(['CopyObject']),
      }),
    );
    expect(copy.find(({ bucket }) => bucket === 'other-bucket')?.operations).not.toContain('DeleteObject');
  });
});

describe('the pair assertion', () => {
  it('refuses a capability that was dropped, added or changed after the decision', () => {
    expect(changed('s3 rm s3://allowed/k', () => undefined)).not.toThrow();
    expect(changed('s3 rm s3://allowed/k', (all) => all.pop())).toThrow(TurretError);
    expect(changed('s3 rm s3://allowed/k', (all) => all.push(...structuredClone(all)))).toThrow(TurretError);
    expect(
      changed('s3 rm s3://allowed/k', ([, second]) => Object.assign(second?.params ?? {}, { key: 'other' })),
    ).toThrow(TurretError);
    expect(
      changed('s3 cp s3://allowed/p d --recursive', ([first]) =>
        Object.assign(first ?? {}, { unbounded: [] }),
      ),
    ).toThrow(TurretError);
    expect(
      changed('s3 cp s3://allowed/k out', ([first]) =>
        Object.assign(first ?? {}, { action: 'aws.s3.head_object' }),
      ),
    ).toThrow(TurretError);
    expect(
      changed('s3 cp s3://allowed/k out', ([first]) =>
        Object.assign(first?.params ?? {}, { target: '../out' }),
      ),
    ).toThrow(TurretError);
    expect(
      changed('ec2 describe-regions', ([first]) => Object.assign(first?.params ?? {}, { extra: 'x' })),
    ).toThrow(TurretError);
    expect(
      changed('ec2 describe-regions', ([first]) =>
        Object.assign(first?.params ?? {}, { command: 'configure list' }),
      ),
    ).toThrow(TurretError);
    expect(
      changed('ec2 describe-regions', ([first]) =>
        Object.assign(first ?? {}, { action: 'prod.ec2.describe_regions' }),
      ),
    ).toThrow(TurretError);
  });
});

describe('an action by name', () => {
  it('is the command line of its default route', () => {
    const result = call('aws.ec2.describe_instances', {
      instance_ids: ['i-1', 'i-2'],
      dry_run: false,
      max_items: 5,
    });
    expect(result).toEqual(
      resolveLine('ec2 describe-instances --instance-ids i-1 i-2 --no-dry-run --max-items 5'),
    );
    expect(call('aws.s3.list_buckets', {})).toEqual(resolveLine('s3api list-buckets'));
    expect(call('aws.ec2.describe_instances', { instance_ids: 'i-1' })).toEqual(
      resolveLine('ec2 describe-instances --instance-ids i-1'),
    );
    expect(call('aws.s3.list_buckets', { command: 's3 ls' })).toEqual(resolveLine('s3 ls'));
    expect(call('aws.cli.version', {})).toEqual(resolveLine('--version'));
  });

  it('goes through the same refusals as the command line', () => {
    expect(outcome('aws.s3.list_objects_v2', { bucket: 'file:///proc/self/environ' })).toBe('refused');
    expect(outcome('aws.ec2.describe_instances', { endpoint_url: 'https://evil.example' })).toBe('refused');
    expect(outcome('aws.ec2.describe_instances', { profile: 'prod' })).toBe('refused');
    expect(outcome('aws.ec2.describe_instances', { region: 'evil.example' })).toBe('refused');
    expect(outcome('aws.ec2.describe_instances', { no_such_option: 'x' })).toBe('refused');
    expect(outcome('aws.ec2.describe_instances', { dry_run: 'yes' })).toBe('refused');
    expect(outcome('aws.ec2.describe_instances', { filters: ['a', '--endpoint-url=x'] })).toBe('refused');
    expect(outcome('aws.ec2.describe_instances', { constructor: 'x' })).toBe('refused');
    expect(outcome('aws.s3.presign', { bucket: 'allowed', key: 'k' })).toBe('refused');
    expect(outcome('aws.configure.get', {})).toBe('refused');
    expect(outcome('aws.ec2', {})).toBe('refused');
    expect(outcome('prod.ec2.describe_instances', {})).toBe('refused');
    expect(outcome('aws.cli.version', { a: 'b' })).toBe('refused');
  });

  it('cannot name one action and mean another', () => {
    expect(outcome('aws.s3.list_buckets', { command: 's3 rb', bucket: 'allowed' })).toBe('refused');
    expect(outcome('aws.s3.list_buckets', { command: 's3 ls', bucket: 'allowed', prefix: '' })).toBe(
      'refused',
    );
    expect(outcome('aws.ec2.describe_regions', { command: 'ec2 wait instance-running' })).toBe('refused');
    expect(
      outcome('aws.s3.get_object', { command: 's3 cp', bucket: 'allowed', key: 'k', target: './x' }),
    ).toBe('refused');
  });
});

it('keeps reserved params apart from options of the same name', () => {
  expect(asked('glue create-job --name j --role r --command Name=x')[0]?.[1]).toMatchObject({
    command_option: 'Name=x',
  });
  expect(refusal('glue create-job --command-option x')).toMatch(/not an option/);
});

it('says which param is unknown, before anything is built from the rest', () => {
  expect(() => call('aws.ec2.describe_regions', { no_such_option: 'x' })).toThrow(
    '"no_such_option" is not a param of aws.ec2.describe_regions',
  );
});

it('never writes an item of a list that could be read as an option', () => {
  const option = V1.operation('ec2', 'describe-instances')?.options.find(
    ({ name }) => name === 'instance-ids',
  );
  if (option === undefined) throw new Error('no such option');
  expect(optionWords(option, ['i-1', '-5', '-']).loose).toEqual(['--instance-ids', 'i-1', '-5', '-']);
  expect(optionWords(option, ['--endpoint-url=x']).tight).toEqual(['--instance-ids=--endpoint-url=x']);
  expect(() => optionWords(option, ['i-1', '--endpoint-url=x'])).toThrow(TurretError);
  expect(() => optionWords(option, ['i-1', '-x'])).toThrow(TurretError);
});
