import { describe, expect, it } from 'vitest';
import { addressOf } from '../../../repeaters/aws/inject/hosts.js';
import { s3AddressOf } from '../../../repeaters/aws/inject/s3-address.js';
import { modelsAt, wireOperations } from '../../../repeaters/aws/inject/wire-operation.js';
import { loadTables } from '../../../repeaters/aws/tables/load.js';

const tables = loadTables('1.45.11');
const FORM = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };

interface Sent {
  service: string;
  host?: string;
  method?: string;
  target?: string;
  headers?: Record<string, string>;
  body?: string;
}

/** What a request is, as `model|model:Operation|Operation` each. */
function read({ service, host, method = 'POST', target = '/', headers = {}, body = '' }: Sent): string[] {
  const name = host ?? `${service}.us-east-1.amazonaws.com`;
  const [path = '', query = ''] = target.split('?');
  const s3 = service === 's3' ? s3AddressOf(name, path, 'us-east-1', tables) : undefined;
  const address = s3
    ? { base: name, prefixes: [''], global: false }
    : addressOf(name, { service, region: 'us-east-1' }, tables);
  const request = {
    method,
    host: name,
    path,
    query,
    headers: new Map(Object.entries(headers).map(([name, value]) => [name, [value]])),
  };
  const models = s3 ? ['s3'] : modelsAt(address, service, tables);
  const found = wireOperations({
    request,
    path: s3?.path ?? path,
    address,
    models,
    tables,
    body: Buffer.from(body),
  });
  return found.map(({ services, operations }) => `${services.join('|')}:${operations.join('|')}`);
}

describe('the operation of a request', () => {
  it.each<[string, Sent]>([
    [
      'dynamodb:ListTables',
      { service: 'dynamodb', headers: { 'x-amz-target': 'DynamoDB_20120810.ListTables' } },
    ],
    [
      'ec2:DescribeInstances',
      { service: 'ec2', headers: FORM, body: 'Action=DescribeInstances&Version=2016-11-15' },
    ],
    ['iam:ListUsers', { service: 'iam', host: 'iam.amazonaws.com', headers: FORM, body: 'Action=ListUsers' }],
    [
      'docdb|neptune|rds:DescribeDBInstances',
      { service: 'rds', headers: FORM, body: 'Action=DescribeDBInstances' },
    ],
    ['lambda:ListFunctions', { service: 'lambda', method: 'GET', target: '/2015-03-31/functions' }],
    ['lambda:Invoke', { service: 'lambda', target: '/2015-03-31/functions/a/invocations' }],
    [
      'cloudwatch:ListMetrics',
      {
        service: 'monitoring',
        headers: { 'smithy-protocol': 'rpc-v2-cbor' },
        target: '/service/GraniteServiceVersion20100801/operation/ListMetrics',
      },
    ],
    ['s3:ListBuckets', { service: 's3', method: 'GET' }],
    ['s3:ListObjects', { service: 's3', method: 'GET', target: '/b-1' }],
    [
      's3:ListObjectsV2',
      {
        service: 's3',
        method: 'GET',
        host: 'b-1.s3.us-east-1.amazonaws.com',
        target: '/?list-type=2&prefix=a',
      },
    ],
    ['s3:GetObject', { service: 's3', method: 'GET', target: '/b-1/k' }],
    ['s3:GetObjectAcl', { service: 's3', method: 'GET', target: '/b-1/k?acl' }],
    ['s3:GetObjectAcl', { service: 's3', method: 'GET', target: '/b-1/k?acl=x' }],
    ['s3:PutObject', { service: 's3', method: 'PUT', target: '/b-1/k' }],
    [
      's3:CopyObject',
      { service: 's3', method: 'PUT', target: '/b-1/k', headers: { 'x-amz-copy-source': 'b/k' } },
    ],
    ['s3:UploadPart', { service: 's3', method: 'PUT', target: '/b-1/k?partNumber=1&uploadId=x' }],
    [
      's3:GetBucketLifecycle|GetBucketLifecycleConfiguration',
      { service: 's3', method: 'GET', target: '/b-1?lifecycle' },
    ],
    [
      's3control:ListAccessPoints',
      {
        service: 's3',
        host: '123456789012.s3-control.us-east-1.amazonaws.com',
        method: 'GET',
        target: '/v20180820/accesspoint',
        headers: { 'x-amz-account-id': '123456789012' },
      },
    ],
  ])('is %s', (expected, sent) => {
    const sorted = read(sent).map((found) => {
      const [services = '', operations = ''] = found.split(':');
      return `${services.split('|').sort().join('|')}:${operations}`;
    });
    expect(sorted).toEqual([expected]);
  });

  it('is all of what two sub-resources at once can mean', () => {
    expect(read({ service: 's3', method: 'GET', target: '/b-1/k?acl&tagging' }).sort()).toEqual([
      's3:GetObjectAcl',
      's3:GetObjectTagging',
    ]);
  });

  it.each<[string, Sent]>([
    [
      'an operation the service does not have',
      { service: 'dynamodb', headers: { 'x-amz-target': 'DynamoDB_20120810.Nothing' } },
    ],
    [
      'the target of another service',
      { service: 'dynamodb', headers: { 'x-amz-target': 'AmazonSQS.ListQueues' } },
    ],
    [
      'a target at another path',
      { service: 'dynamodb', target: '/x', headers: { 'x-amz-target': 'DynamoDB_20120810.ListTables' } },
    ],
    [
      'two actions',
      { service: 'ec2', headers: FORM, body: 'Action=DescribeInstances&Action=TerminateInstances' },
    ],
    [
      'an action in body and query',
      {
        service: 'ec2',
        target: '/?Action=DescribeInstances',
        headers: FORM,
        body: 'Action=TerminateInstances',
      },
    ],
    [
      'an action and a target',
      {
        service: 'sqs',
        headers: { ...FORM, 'x-amz-target': 'AmazonSQS.ListQueues' },
        body: 'Action=PurgeQueue',
      },
    ],
    ['no action', { service: 'ec2', headers: FORM, body: 'Version=1' }],
    [
      'an action that is not a form',
      { service: 'ec2', headers: { 'content-type': 'text/plain' }, body: 'Action=DescribeInstances' },
    ],
    ['an unknown path', { service: 'lambda', method: 'GET', target: '/2015-03-31/other' }],
    ['an unknown method', { service: 's3', method: 'PATCH', target: '/b-1/k' }],
    [
      'an operation that lives behind another host',
      {
        service: 'servicediscovery',
        headers: { 'x-amz-target': 'Route53AutoNaming_v20170314.DiscoverInstances' },
      },
    ],
    [
      'S3 Object Lambda responses',
      {
        service: 's3',
        target: '/WriteGetObjectResponse',
        headers: { 'x-amz-request-route': 'r', 'x-amz-request-token': 't' },
      },
    ],
  ])('is refused for %s', (_what, sent) => {
    expect(() => read(sent)).toThrow(expect.objectContaining({ code: 'denied' }));
  });
});
