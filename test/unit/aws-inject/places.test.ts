import { describe, expect, it } from 'vitest';
import { notApproved } from '../../../repeaters/aws/inject/approved.js';
import { copySourceOf } from '../../../repeaters/aws/inject/copy-source.js';
import { addressOf, isHostName } from '../../../repeaters/aws/inject/hosts.js';
import { s3AddressOf } from '../../../repeaters/aws/inject/s3-address.js';
import { queryPairs, type WireRequest } from '../../../repeaters/aws/inject/wire-request.js';
import { loadTables } from '../../../repeaters/aws/tables/load.js';

const tables = loadTables('1.45.11');
const denied = expect.objectContaining({ code: 'denied' });

describe('hosts a real credential may go to', () => {
  it.each([
    ['sts.eu-west-1.amazonaws.com', 'sts', 'eu-west-1', false],
    ['sts.amazonaws.com', 'sts', 'us-east-1', true],
    ['iam.amazonaws.com', 'iam', 'us-east-1', true],
    ['rds.amazonaws.com', 'rds', 'us-east-1', true],
    ['queue.amazonaws.com', 'sqs', 'us-east-1', true],
    ['eu-west-1.elasticmapreduce.amazonaws.com', 'elasticmapreduce', 'eu-west-1', false],
    ['ec2.cn-north-1.amazonaws.com.cn', 'ec2', 'cn-north-1', false],
    ['data-servicediscovery.us-east-1.amazonaws.com', 'servicediscovery', 'us-east-1', false],
    ['123456789012.s3-control.us-east-1.amazonaws.com', 's3', 'us-east-1', false],
  ])('has %s for %s in %s', (host, service, region, global) => {
    expect(addressOf(host, { service, region }, tables).global).toBe(global);
  });

  it.each([
    ['sts.eu-west-1.amazonaws.com', 'sts', 'us-east-1'],
    ['iam.amazonaws.com', 'iam', 'eu-west-1'],
    ['sts.amazonaws.com', 'sts', 'eu-west-1'],
    ['sts.us-east-1.amazonaws.com', 'iam', 'us-east-1'],
    ['sts.us-east-1.amazonaws.com.evil.example', 'sts', 'us-east-1'],
    ['evil.sts.us-east-1.amazonaws.com', 'sts', 'us-east-1'],
    ['evilsts.us-east-1.amazonaws.com', 'sts', 'us-east-1'],
    ['x.execute-api.us-east-1.amazonaws.com', 'execute-api', 'us-east-1'],
    ['x.s3-website-us-east-1.amazonaws.com', 's3', 'us-east-1'],
    ['x.elb.us-east-1.amazonaws.com', 'elasticloadbalancing', 'us-east-1'],
    ['ec2-1-2-3-4.compute-1.amazonaws.com', 'ec2', 'us-east-1'],
    ['x.lambda-url.us-east-1.on.aws', 'lambda', 'us-east-1'],
    ['sts.us-east-1.amazonaws.com', 'constructor', 'us-east-1'],
    ['sts.__proto__.amazonaws.com', 'sts', '__proto__'],
    ['sts.x.evil.amazonaws.com', 'sts', 'x.evil'],
    ['a.b.s3-control.us-east-1.amazonaws.com', 's3', 'us-east-1'],
  ])('does not have %s for %s in %s', (host, service, region) => {
    expect(() => addressOf(host, { service, region }, tables)).toThrow(denied);
  });

  it.each([
    '1.2.3.4',
    '127.0.0.1',
    '[::1]',
    'localhost',
    'a..b',
    '-a.b',
    'a.b.',
    'A.b',
    'a_b.c',
    'a.b:443',
    'a.b/c',
    ' a.b',
    '',
  ])('does not take %j for the name of a host', (host) => expect(isHostName(host)).toBe(false));
});

const at = (host: string, path: string, region = 'us-east-1') => s3AddressOf(host, path, region, tables);

describe('bucket and key of an S3 request', () => {
  it.each([
    ['s3.us-east-1.amazonaws.com', '/', [], undefined],
    ['s3.amazonaws.com', '/b-1/k', ['b-1'], 'k'],
    ['s3.us-east-1.amazonaws.com', '/my.bucket/', ['my.bucket'], undefined],
    ['b-1.s3.us-east-1.amazonaws.com', '/', ['b-1'], undefined],
    ['b-1.s3.us-east-1.amazonaws.com', '/b-1/k', ['b-1'], 'b-1/k'],
    ['b-1.s3.us-east-1.amazonaws.com', '//', ['b-1'], '/'],
    ['b-1.s3.us-east-1.amazonaws.com', '/x/../y//z', ['b-1'], 'x/../y//z'],
    ['b-1.s3.us-east-1.amazonaws.com', '/%C3%A9%20%2B%25', ['b-1'], 'é +%'],
    [
      'ap-1-123456789012.s3-accesspoint.us-east-1.amazonaws.com',
      '/k',
      [
        'arn:aws:s3:us-east-1:123456789012:accesspoint/ap-1',
        'arn:aws:s3:us-east-1:123456789012:accesspoint:ap-1',
      ],
      'k',
    ],
  ])('are read from %s%s', (host, path, buckets, key) => {
    expect(at(host, path)).toMatchObject({ buckets, key });
  });

  it.each([
    ['b-1.s3.us-east-1.amazonaws.com', '/é'],
    ['b-1.s3.us-east-1.amazonaws.com', '/%c3%a9'],
    ['b-1.s3.us-east-1.amazonaws.com', '/a%2Fb'],
    ['b-1.s3.us-east-1.amazonaws.com', '/a+b'],
    ['b-1.s3.us-east-1.amazonaws.com', '/%41'],
    ['b-1.s3.us-east-1.amazonaws.com', '/%ff'],
    ['s3.us-east-1.amazonaws.com', '//k'],
    ['s3.us-east-1.amazonaws.com', '/b%2D1/k'],
    ['a.b.s3.us-east-1.amazonaws.com', '/k'],
    ['B.s3.us-east-1.amazonaws.com', '/k'],
  ])('are refused in %s%s', (host, path) => {
    expect(() => at(host, path)).toThrow(denied);
  });

  it.each([
    'b.s3.eu-west-1.amazonaws.com',
    'b.s3-accelerate.amazonaws.com',
    'b.s3.us-east-1.amazonaws.com.evil.example',
    'evils3.us-east-1.amazonaws.com',
  ])('are not read from %s, which is no host of S3 in us-east-1', (host) =>
    expect(at(host, '/')).toBeUndefined(),
  );
});

const sourceIn = (value: string) =>
  copySourceOf({
    method: 'PUT',
    host: '',
    path: '/',
    query: '',
    headers: new Map([['x-amz-copy-source', [value]]]),
  } satisfies WireRequest);

describe('the source of a copy', () => {
  it.each([
    ['b/k', 'b', 'k'],
    ['/b/k/l', 'b', 'k/l'],
    ['b/a%20%2B%3F?versionId=abc.1', 'b', 'a +?'],
    [
      'arn%3Aaws%3As3%3Aus-east-1%3A123456789012%3Aaccesspoint/ap/object/k',
      'arn:aws:s3:us-east-1:123456789012:accesspoint/ap',
      'k',
    ],
  ])('is read from %s', (value, bucket, key) => expect(sourceIn(value)).toEqual({ bucket, key }));

  it.each([
    'b',
    'b/',
    '/k',
    '//k',
    'b/a+b',
    'b/a b',
    'b%2Fk',
    'b/k?x=1',
    'b/k?versionId=a?b',
    'b/%ff',
    'arn:aws:s3:::b/k',
    'arn%3Aaws%3As3%3A%3A%3Ab/k',
    'b/k?versionId=',
  ])('is refused in %s', (value) => expect(() => sourceIn(value)).toThrow(denied));
});

const target = (bucket: string | undefined, key?: string, listPrefix?: string) => ({
  buckets: bucket === undefined ? [] : [bucket],
  key,
  listPrefix,
  copySource: undefined,
});
const allow = (operation: string, rest: object = {}) => [{ service: 's3', operations: [operation], ...rest }];

describe('what was approved', () => {
  const get = [{ services: ['s3'], operations: ['GetObject'] }];
  const list = [{ services: ['s3'], operations: ['ListObjectsV2'] }];
  const remove = [{ services: ['s3'], operations: ['DeleteObjects'] }];
  it.each([
    ['the key', get, allow('GetObject', { bucket: 'b', key: 'k' }), target('b', 'k')],
    ['a key below the prefix', get, allow('GetObject', { bucket: 'b', prefix: 'a/' }), target('b', 'a/k')],
    ['the whole bucket', get, allow('GetObject', { bucket: 'b', prefix: '' }), target('b', 'k')],
    [
      'a listing of the prefix',
      list,
      allow('ListObjectsV2', { bucket: 'b', prefix: 'a/' }),
      target('b', undefined, 'a/b'),
    ],
    [
      'a deletion in the whole bucket',
      remove,
      allow('DeleteObjects', { bucket: 'b', prefix: '' }),
      target('b'),
    ],
    ['a bucket nobody had to know', get, allow('GetObject'), target('any', 'k')],
  ])('includes %s', (_what, operations, allowed, s3) =>
    expect(notApproved(operations, allowed, s3)).toBeUndefined(),
  );

  it.each([
    ['another operation', get, allow('HeadObject', { bucket: 'b', key: 'k' }), target('b', 'k')],
    ['another service', get, [{ service: 's3control', operations: ['GetObject'] }], target('b', 'k')],
    ['another bucket', get, allow('GetObject', { bucket: 'b', key: 'k' }), target('c', 'k')],
    ['another key', get, allow('GetObject', { bucket: 'b', key: 'k' }), target('b', 'K')],
    ['a key beside the prefix', get, allow('GetObject', { bucket: 'b', prefix: 'a/' }), target('b', 'a')],
    ['the listing of everything', list, allow('ListObjectsV2', { bucket: 'b', prefix: 'a/' }), target('b')],
    [
      'a shorter prefix',
      list,
      allow('ListObjectsV2', { bucket: 'b', prefix: 'a/' }),
      target('b', undefined, 'a'),
    ],
    [
      'keys in a body below a prefix',
      remove,
      allow('DeleteObjects', { bucket: 'b', prefix: 'a/' }),
      target('b'),
    ],
    ['keys in a body for one key', remove, allow('DeleteObjects', { bucket: 'b', key: 'k' }), target('b')],
    ['a request outside S3 for a bucket', get, allow('GetObject', { bucket: 'b' }), undefined],
    ['one of two things a request can be', [...get, ...list], allow('GetObject'), target('b', 'k')],
    ['everything, when nothing is', get, [], target('b', 'k')],
  ])('does not include %s', (_what, operations, allowed, s3) =>
    expect(notApproved(operations, allowed, s3)).toEqual(expect.any(String)),
  );

  it('includes the source of a copy only with the right to read it', () => {
    const copy = [{ services: ['s3'], operations: ['CopyObject'] }];
    const s3 = { ...target('b', 'k'), copySource: { bucket: 'x', key: 'y' } };
    const to = allow('CopyObject', { bucket: 'b', key: 'k' });
    expect(notApproved(copy, [...to, ...allow('GetObject', { bucket: 'x', key: 'y' })], s3)).toBeUndefined();
    expect(notApproved(copy, to, s3)).toContain('copied');
    expect(notApproved(copy, [...to, ...allow('GetObject', { bucket: 'x', key: 'z' })], s3)).toContain(
      'copied',
    );
    expect(notApproved(copy, [...to, ...allow('HeadObject', { bucket: 'x', key: 'y' })], s3)).toContain(
      'copied',
    );
  });
});

describe('the query', () => {
  it('is taken only in the canonical encoding', () => {
    expect(queryPairs('acl&prefix=a%2Fb%20&x=')).toEqual([
      ['acl', ''],
      ['prefix', 'a/b '],
      ['x', ''],
    ]);
    for (const query of ['a=b/c', 'a=%2f', 'a=b+c', 'a=%41', 'a=b=c', '%ff=a', 'a=%', 'a;b']) {
      expect(() => queryPairs(query)).toThrow(denied);
    }
  });
});
