// What the aws CLI may put on the wire: heads, operations, buckets and keys. The second gate behind the grammar of the
// command line, so nothing here may have two readings.

import { deepEqual, equal, ok } from 'node:assert/strict';
import * as fc from 'fast-check';

import { notApproved } from '../../../repeaters/aws/inject/approved.js';
import { copySourceOf } from '../../../repeaters/aws/inject/copy-source.js';
import { addressOf, isHostName } from '../../../repeaters/aws/inject/hosts.js';
import { s3AddressOf } from '../../../repeaters/aws/inject/s3-address.js';
import { parseAuthorization } from '../../../repeaters/aws/inject/verify.js';
import { modelsAt, wireOperations } from '../../../repeaters/aws/inject/wire-operation.js';
import { queryPairs, readWireRequest, type WireRequest } from '../../../repeaters/aws/inject/wire-request.js';
import { loadTables } from '../../../repeaters/aws/tables/load.js';
import { pieced, word } from '../arbitraries/text.js';
import { counter, type FuzzTarget, refusedOr } from '../target.js';

const tables = loadTables('1.45.11');
const encoded = (text: string): string =>
  encodeURIComponent(text).replaceAll(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

const target = pieced([
  '/', '/', 'allowed', 'key', 'dir', '..', '.', '%2E', '%2F', '%2f', '%00', '%', '?', '&', '=', 'prefix=dir/', 'prefix=dir%2F', 'list-type=2',
  'uploads', 'uploadId=x', 'delete', 'Action=ListUsers', '+', '%20', '#', ';', '\\', '//', 'versionId=1', '2015-03-31/functions',
], 10).map((text) => `/${text}`); // prettier-ignore
const hosts = fc.oneof(
  fc.constantFrom(
    's3.us-east-1.amazonaws.com', 'allowed.s3.us-east-1.amazonaws.com', 's3.amazonaws.com', 'allowed.s3.amazonaws.com', 'a.b.s3.amazonaws.com',
    'ec2.us-east-1.amazonaws.com', 'iam.amazonaws.com', 'lambda.us-east-1.amazonaws.com', 'x.execute-api.us-east-1.amazonaws.com',
    'ap-123456789012.s3-accesspoint.us-east-1.amazonaws.com', '123456789012.s3-control.us-east-1.amazonaws.com', 's3.eu-west-1.amazonaws.com',
  ),
  pieced(['s3', '.', 'amazonaws', 'com', 'us-east-1', 'allowed', '-', 'evil.example', '.cn', '..', 's3-website', 'dualstack', 'fips'], 8),
); // prettier-ignore

function requestOf(
  method: string,
  host: string,
  url: string,
  headers: Record<string, string> = {},
): WireRequest {
  const all = Object.entries({ host, ...headers });
  return readWireRequest({ rawHeaders: all.flat(), url, method }, host);
}
const denied = <T>(run: () => T): T | undefined => refusedOr(['denied'], run);

/** Routes of every REST model, as the table writes them. */
const models = tables.models().filter((model) => (tables.routes(model)?.r?.length ?? 0) > 0);
const route = fc.constantFrom(...models).chain((model) =>
  fc.constantFrom(...(tables.routes(model)?.r ?? [])).map(([method, uri, operation, required = []]) => ({ model, method, uri, operation, required })),
); // prettier-ignore
const label = fc.oneof(
  fc.constantFrom('a', 'functions', '1', 'x.y', '%2F', '%3F', 'invocations', '..', '%20'),
  word.map((text) => encoded(text.toWellFormed())),
);

const [queries, places, ops, copies, approvals] = [counter(), counter(), counter(), counter(), counter()];

export const AWS_WIRE: FuzzTarget[] = [
  {
    name: 'aws-wire/head',
    claim: 'a request head is refused or split without a byte lost, and its query has one reading',
    cases: 1500,
    taken: queries.taken,
    property: fc.property(
      hosts,
      fc.oneof(target, fc.array(fc.tuple(word, word), { maxLength: 3 }).map((pairs) => `/?${pairs.map((pair) => pair.map((text) => encoded(text.toWellFormed())).join('=')).join('&')}`)),
      fc.dictionary(fc.constantFrom('authorization', 'x-amz-date', 'x-amz-copy-source', 'origin', 'X-Amz-Target'), word, { maxKeys: 2 }),
      (host, url, headers) => {
        const request = denied(() => requestOf('GET', host, url, headers));
        if (!request) return;
        equal(request.path + (url.includes('?') ? `?${request.query}` : ''), url);
        denied(() => parseAuthorization(request));
        const pairs = denied(() => queryPairs(request.query));
        if (!pairs) return;
        queries.add();
        // A reader of forms sees the same: the canonical encoding has no `+` and no second spelling.
        const said = pairs.filter(([name, value]) => name !== '' || value !== '');
        deepEqual(said, [...new URLSearchParams(request.query)].filter(([name, value]) => name !== '' || value !== ''));
      },
    ), // prettier-ignore
  },
  {
    name: 'aws-wire/s3-place',
    claim: 'bucket and key of a request are refused or are what the path of the URL says to everybody',
    cases: 2000,
    taken: places.taken,
    property: fc.property(hosts, target, (host, url) => {
      const path = url.split('?')[0] ?? '/';
      const place = denied(() => s3AddressOf(host, path, 'us-east-1', tables));
      if (!place) return;
      places.add();
      ok(host.endsWith('.amazonaws.com') && isHostName(host));
      const [bucket] = place.buckets;
      if (bucket === undefined) return equal(path, '/');
      const whole = place.key === undefined ? `/${bucket}` : `/${bucket}/${place.key.split('/').map(encoded).join('/')}`;
      if (place.pathStyle) ok(path === whole || path === `${whole}/`, `${path} is not ${whole}`);
      else if (!place.accessPoint) {
        ok(host.startsWith(`${bucket}.s3`));
        equal(`/${bucket}${path}`, place.key === undefined ? `${whole}/` : whole);
      }
    }), // prettier-ignore
  },
  {
    name: 'aws-wire/operation',
    claim:
      'a request made from a route is recognised as that operation, or as one that nobody can tell from it',
    cases: 1500,
    taken: ops.taken,
    property: fc.property(route, fc.array(label, { minLength: 8, maxLength: 8 }), ({ model, method, uri, operation, required }, labels) => {
      const service = tables.routes(model);
      if (!service) return;
      let next = 0;
      const fill = (): string => labels[next++ % labels.length] ?? 'a';
      const filled = uri.replaceAll(/\{([^}]*)\}/g, (_all, name: string) => (name.endsWith('+') ? `${fill()}/${fill()}` : fill()));
      const [path = '/', fixed = ''] = filled.split('?');
      const wanted = required.filter((one) => one.startsWith('q:')).map((one) => `${encoded(one.slice(2))}=v`);
      const query = [...(fixed === '' ? [] : fixed.split('&')), ...wanted].map((pair) => (pair.includes('=') ? pair : `${pair}=`)).join('&');
      const headers = Object.fromEntries(required.filter((one) => one.startsWith('h:')).map((one) => [one.slice(2).toLowerCase(), 'v']));
      const prefix = service.hp?.find(([name]) => name === operation)?.[1] ?? '';
      const request = denied(() => requestOf(method, 'h.amazonaws.com', `${path}${query === '' ? '' : `?${query}`}`, headers));
      if (!request) return;
      const found = denied(() =>
        wireOperations({ request, path, address: { base: 'h.amazonaws.com', prefixes: [prefix], global: false }, models: [model], tables, body: undefined }),
      );
      if (!found) return;
      ops.add();
      for (const { services, operations } of found) {
        deepEqual(services, [model]);
        for (const name of operations) ok((service.r ?? []).some(([verb, , known]) => known === name && verb === method));
      }
      // Labels may spell a fixed word of another route; with plain ones it has to be this very operation.
      const plain = labels.every((text) => text === 'a') && !(model === 's3' && operation === 'ListDirectoryBuckets');
      if (plain) ok(found.some(({ operations }) => operations.includes(operation)), `${operation} is taken for ${JSON.stringify(found)}`);
    }), // prettier-ignore
  },
  {
    name: 'aws-wire/host',
    claim: 'a credential goes to hosts of the signing name in the region of the signature only',
    cases: 1500,
    property: fc.property(fc.oneof(hosts, word), fc.constantFrom('s3', 'ec2', 'iam', 'lambda', 'sts', '__proto__', 'execute-api'), fc.constantFrom('us-east-1', 'eu-west-1', 'a.b', 'evil.example/'), (host, service, region) => {
      const address = denied(() => addressOf(host, { service, region }, tables));
      if (!address) return;
      ok(host.endsWith(address.base) && /\.amazonaws\.com(\.cn)?$|\.api\.aws$/.test(host), host);
      ok(address.global || host.includes(region));
      ok(modelsAt(address, service, tables).every((model) => tables.routes(model)?.sn === service));
    }), // prettier-ignore
  },
  {
    name: 'aws-wire/copy-source',
    claim: 'the source of a copy is refused or is one bucket and one key',
    cases: 1500,
    taken: copies.taken,
    property: fc.property(
      pieced(['allowed', '/', '/', 'key', 'a%20b', '%2F', '%2f', '+', '?', 'versionId=1', 'arn:aws:s3:us-east-1:123456789012:accesspoint/ap', '/object/', '%3A', '..', '%', '&'], 6),
      (header) => {
        const request = denied(() => requestOf('PUT', 's3.amazonaws.com', '/b/k', { 'x-amz-copy-source': header }));
        const source = request && denied(() => copySourceOf(request));
        if (!source) return;
        copies.add();
        ok(source.bucket !== '' && source.key !== '' && (!source.bucket.includes('/') || source.bucket.startsWith('arn:')));
        if (source.bucket.startsWith('arn:')) return;
        const spelled = `${source.bucket}/${source.key}`.split('/').map(encoded).join('/');
        ok([spelled, `/${spelled}`].includes((header.split('?')[0] ?? '')), `${header} is read as ${spelled}`);
      },
    ), // prettier-ignore
  },
  {
    name: 'aws-wire/approved',
    claim: 'a request is approved only for the operations, the bucket and the keys of one approval',
    cases: 1500,
    taken: approvals.taken,
    property: fc.property(
      fc.array(
        fc.record({
          service: fc.constantFrom('s3', 'ec2'),
          operations: fc.subarray(['GetObject', 'PutObject', 'ListObjectsV2', 'CopyObject'], { minLength: 1 }),
          bucket: fc.constantFrom('one', 'two'),
          key: fc.constantFrom('k', 'dir/k'),
        }),
        { maxLength: 3 },
      ),
      fc.constantFrom('GetObject', 'PutObject', 'CopyObject', 'DeleteObject'),
      fc.constantFrom('one', 'two', 'three'),
      fc.constantFrom('k', 'dir/k', 'dir/', undefined),
      fc.option(fc.record({ bucket: fc.constantFrom('one', 'three'), key: fc.constantFrom('k', 'x') }), { nil: undefined }),
      (allow, operation, bucket, key, copySource) => {
        const asked = [{ services: ['s3'], operations: [operation] }];
        if (notApproved(asked, allow, { buckets: [bucket], key, listPrefix: undefined, copySource }) !== undefined) return;
        approvals.add();
        const has = (name: string, at: string, of: string | undefined) =>
          allow.some((one) => one.service === 's3' && one.operations.includes(name) && one.bucket === at && one.key === of);
        ok(has(operation, bucket, key));
        if (copySource) ok(has('GetObject', copySource.bucket, copySource.key));
      },
    ), // prettier-ignore
  },
];
