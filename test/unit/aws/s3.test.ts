// aws s3 as the operations it is made of: a policy written for the API holds for every one of these commands.

import { describe, expect, it } from 'vitest';
import { asked, contextV2, CWD, refusal, resolveLine, resolved } from './aws-context.js';

const actions = (line: string): string[] => asked(line).map(([action]) => action.replace('aws.s3.', ''));
const objects = (line: string) =>
  asked(line).map(([action, { bucket, key, prefix }, unbounded]) => ({
    action: action.replace('aws.s3.', ''),
    bucket,
    ...(key === undefined ? {} : { key }),
    ...(prefix === undefined ? {} : { prefix }),
    ...(unbounded === undefined ? {} : { unbounded }),
  }));

const zone = (TZ: string) => {
  const result = resolveLine('s3 ls', { facts: { 'env.TZ': TZ } });
  return 'capabilities' in result ? result.capabilities[0]?.params['tz'] : result;
};

describe('aws s3 ls', () => {
  it('is list_buckets without an operand and list_objects_v2 with one, with or without scheme', () => {
    expect(asked('s3 ls')).toEqual([['aws.s3.list_buckets', { command: 's3 ls' }]]);
    expect(asked('s3 ls s3://')).toEqual(asked('s3 ls'));
    const listing = [['aws.s3.list_objects_v2', { command: 's3 ls', bucket: 'allowed', prefix: 'a/b' }]];
    expect(asked('s3 ls s3://allowed/a/b')).toEqual(listing);
    expect(asked('s3 ls allowed/a/b')).toEqual(listing);
    expect(objects('s3 ls allowed')).toEqual([{ action: 'list_objects_v2', bucket: 'allowed', prefix: '' }]);
    expect(asked('s3 ls allowed')).toEqual(asked('s3 ls s3://allowed/'));
  });

  it('carries the time zone it prints in, unless that is a path', () => {
    for (const good of ['Europe/Berlin', 'UTC', 'CET-1CEST,M3.5.0,M10.5.0/3', '<+03>-3'])
      expect(zone(good)).toBe(good);
    expect(zone(':Europe/Berlin')).toBe('Europe/Berlin');
    for (const bad of [':/etc/shadow', '::UTC', '/etc/shadow', '../../x', 'a/../../b', 'a\nb', ''])
      expect(zone(bad)).toBeUndefined();
    const other = resolveLine('s3 cp s3://allowed/k -', { facts: { 'env.TZ': 'UTC' } });
    expect('capabilities' in other && other.capabilities[0]?.params).not.toHaveProperty('tz');
  });

  it.each([
    's3 ls s3://allowed a',
    's3 ls arn:aws:s3:us-east-1:1:accesspoint/x',
    's3 ls s3://UPPER',
    's3 ls s3:///k',
    's3 ls a..b/k',
  ])('refuses %s', (line) => {
    expect(refusal(line)).toMatch(/one operand|not the name of a bucket|ARN/);
  });
});

describe('aws s3 cp, mv, sync', () => {
  it('reads one object on the way down and writes one on the way up', () => {
    expect(asked('s3 cp s3://allowed/d/k out/')).toEqual([
      ['aws.s3.get_object', { command: 's3 cp', bucket: 'allowed', key: 'd/k', target: 'out/k' }],
    ]);
    expect(resolved('s3 cp s3://allowed/d/k .').needs).toEqual({
      stdin: false,
      files: [{ path: 'k', use: 'write', tree: false }],
    });
    expect(asked('s3 cp ./a/f s3://allowed')).toEqual([
      ['aws.s3.put_object', { command: 's3 cp', bucket: 'allowed', key: 'f', source: 'a/f' }],
    ]);
    expect(objects('s3 cp a/f s3://allowed/dir/')).toEqual([
      { action: 'put_object', bucket: 'allowed', key: 'dir/f' },
    ]);
    expect(objects('s3 cp a/f s3://allowed/dir')).toEqual([
      { action: 'put_object', bucket: 'allowed', key: 'dir' },
    ]);
  });

  it('streams - and reads stdin only then', () => {
    expect(resolved('s3 cp - s3://allowed/k').needs).toEqual({ stdin: true, files: [] });
    expect(resolved('s3 cp s3://allowed/k -').needs).toEqual({ stdin: false, files: [] });
    expect(refusal('s3 cp s3://allowed/k --quiet f.txt')).toMatch(/stands apart/);
    expect(refusal('glacier get-job-output --account-id - --vault-name v --job-id j fileb:///tmp/x')).toMatch(
      /place of a value/,
    );
    expect(refusal(`s3 cp ${CWD}/~ s3://allowed/k`)).toMatch(/would be expanded/);
    expect(refusal('s3 cp - s3://allowed/')).toMatch(/no single object/);
    expect(refusal('s3 cp - s3://allowed/k --recursive')).toMatch(/single aws s3 cp/);
    expect(refusal('s3 mv s3://allowed/k -')).toMatch(/single aws s3 cp/);
  });

  it('needs the read of the source as well as the write of the target', () => {
    expect(objects('s3 cp s3://secret/k s3://allowed/')).toEqual([
      { action: 'get_object', bucket: 'secret', key: 'k' },
      { action: 'put_object', bucket: 'allowed', key: 'k' },
    ]);
    expect(
      objects('s3api copy-object --bucket allowed --key k --copy-source secret/a%20b?versionId=x1'),
    ).toEqual([
      { action: 'copy_object', bucket: 'allowed', key: 'k' },
      { action: 'get_object', bucket: 'secret', key: 'a%20b' },
    ]);
    expect(
      refusal(
        's3api copy-object --bucket allowed --key k --copy-source arn:aws:s3:us-east-1:1:accesspoint/x/object/k',
      ),
    ).toMatch(/ARN/);
    expect(refusal('s3api copy-object --bucket allowed --key k --copy-source secret')).toMatch(/BUCKET\/KEY/);
  });

  it('says that the keys of a recursive command are not known, and under which prefix they are', () => {
    expect(objects('s3 cp s3://allowed/pre out --recursive')).toEqual([
      { action: 'get_object', bucket: 'allowed', prefix: 'pre/', unbounded: ['key'] },
      { action: 'list_objects_v2', bucket: 'allowed', prefix: 'pre/' },
    ]);
    expect(objects('s3 cp out s3://allowed --recursive')).toEqual([
      { action: 'put_object', bucket: 'allowed', prefix: '', unbounded: ['key'] },
    ]);
    expect(objects('s3 sync s3://allowed/a s3://other/b --delete')).toEqual([
      { action: 'get_object', bucket: 'allowed', prefix: 'a/', unbounded: ['key'] },
      { action: 'put_object', bucket: 'other', prefix: 'b/', unbounded: ['key'] },
      { action: 'list_objects_v2', bucket: 'allowed', prefix: 'a/' },
      { action: 'list_objects_v2', bucket: 'other', prefix: 'b/' },
      { action: 'delete_object', bucket: 'other', prefix: 'b/', unbounded: ['key'] },
    ]);
    expect(actions('s3 sync d s3://allowed --delete')).toEqual([
      'put_object',
      'list_objects_v2',
      'delete_object',
    ]);
  });

  it('carries trees by value: read on the way up, names and content on the way down', () => {
    expect(resolved('s3 sync . s3://allowed').needs.files).toEqual([{ path: '.', use: 'read', tree: true }]);
    expect(resolved(`s3 sync s3://allowed ${CWD}/d`).needs.files).toEqual([
      { path: 'd', use: 'stat', tree: true },
      { path: 'd', use: 'write', tree: true },
    ]);
  });

  it('deletes what it moves', () => {
    expect(actions('s3 mv s3://allowed/k out.txt')).toEqual(['get_object', 'delete_object']);
    expect(actions('s3 mv s3://allowed/p s3://other/q --recursive')).toEqual([
      'get_object',
      'put_object',
      'list_objects_v2',
      'delete_object',
    ]);
  });

  it('keeps include and exclude in their order', () => {
    expect(
      asked('s3 cp d s3://allowed --recursive --exclude * --include *.txt --exclude b*')[0]?.[1]['filters'],
    ).toEqual(['exclude=*', 'include=*.txt', 'exclude=b*']);
  });

  it('never follows links out of a tree', () => {
    expect(asked('s3 sync . s3://allowed')[0]?.[1]['follow_symlinks']).toBe(false);
    expect(refusal('s3 sync . s3://allowed --follow-symlinks')).toMatch(/not followed/);
  });

  it.each([
    ['s3 cp a b', /neither operand/],
    ['s3 cp s3://allowed/k', /source and a target/],
    ['s3 cp s3://allowed/k a b', /source and a target/],
    ['s3 cp s3://allowed out', /no single object/],
    ['s3 cp s3://allowed/dir/ out', /no single object/],
    ['s3 cp S3://allowed/k out', /neither operand/],
    ['s3 cp dir/ s3://allowed', /directory/],
    ['s3 cp /etc/passwd s3://allowed/x', /outside/],
    ['s3 cp s3://allowed/k .git/hooks/pre-commit', /hidden/],
    ['s3 cp s3://allowed/.bashrc .', /hidden/],
    ['s3 cp s3://allowed/k ../up', /outside/],
    ['s3 cp s3://allowed/x/.. .', /outside/],
    ['s3 cp s3://allowed/p .ssh --recursive', /hidden/],
    ['s3 mv local s3://allowed/k', /delete it/],
    ['s3 sync s3://allowed . --delete', /delete local files/],
    ['s3 cp s3://allowed/k s3://other/k --source-region evil.example', /not the name of a region/],
    ['s3 cp s3://allowed/k out --exclude a --acl nobody', /no value of --acl/],
  ])('refuses %s', (line, why) => {
    expect(refusal(line)).toMatch(why);
  });
});

describe('aws s3 rm, rb, mb, website', () => {
  it('asks for rm besides delete_object, so that a policy can forbid the command', () => {
    expect(objects('s3 rm s3://allowed/k')).toEqual([
      { action: 'rm', bucket: 'allowed', key: 'k' },
      { action: 'delete_object', bucket: 'allowed', key: 'k' },
    ]);
    expect(objects('s3 rm s3://allowed/p --recursive')).toEqual([
      { action: 'rm', bucket: 'allowed', prefix: 'p/', unbounded: ['key'] },
      { action: 'delete_object', bucket: 'allowed', prefix: 'p/', unbounded: ['key'] },
      { action: 'list_objects_v2', bucket: 'allowed', prefix: 'p/' },
    ]);
    expect(actions('s3api delete-object --bucket allowed --key k')).toEqual(['delete_object']);
    expect(refusal('s3 rm s3://allowed')).toMatch(/no single object/);
    expect(refusal('s3 rm allowed/k')).toMatch(/one S3 URI/);
  });

  it('empties a bucket only by name', () => {
    expect(actions('s3 rb s3://allowed')).toEqual(['delete_bucket']);
    expect(actions('s3 rb s3://allowed --force')).toEqual([
      'delete_bucket',
      'rm',
      'delete_object',
      'list_objects_v2',
    ]);
    expect(refusal('s3 rb s3://allowed/k')).toMatch(/not a key/);
    expect(asked('s3api delete-objects --bucket allowed --delete Objects=[{Key=a}]')[0]?.[2]).toEqual([
      'delete',
      'key',
    ]);
  });

  it('makes buckets and websites', () => {
    expect(asked('s3 mb s3://allowed --tags a b --tags c d')).toEqual([
      ['aws.s3.create_bucket', { command: 's3 mb', bucket: 'allowed', tags: ['a', 'b', 'c', 'd'] }],
    ]);
    expect(refusal('s3 mb s3://allowed --tags a')).toMatch(/two values/);
    expect(actions('s3 website s3://allowed/ --index-document i.html')).toEqual(['put_bucket_website']);
    expect(refusal('s3 website s3://allowed/k')).toMatch(/not a key/);
  });
});

it('annotates every capability from the table', () => {
  const [get] = resolved('s3 cp s3://allowed/k -').capabilities;
  expect(get?.annotations).toMatchObject({
    untrustedOutput: true,
    secretOutput: true,
    destructive: false,
    egress: true,
  });
  const [list] = resolved('s3 ls').capabilities;
  expect(list?.annotations).toMatchObject({ readOnly: true, egress: false, openWorld: true });
  expect(resolved('s3 rm s3://allowed/k').capabilities[0]?.annotations.destructive).toBe(true);
});

it('resolves logs tail to filter_log_events of the same group', () => {
  expect(asked('logs tail /aws/lambda/f --follow --since 5m', contextV2)).toEqual([
    [
      'aws.logs.filter_log_events',
      { command: 'logs tail', log_group_name: '/aws/lambda/f', follow: true, since: '5m' },
    ],
  ]);
  expect(refusal('logs tail', contextV2)).toMatch(/one log group/);
  expect(refusal('logs tail file://x', contextV2)).toMatch(/one log group/);
});
