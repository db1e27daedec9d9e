import { describe, expect, it } from 'vitest';
import { decodeOptions } from '../../../repeaters/aws/tables/options.js';
import { loadTables } from '../../../repeaters/aws/tables/load.js';
import type { AwsOption, AwsTables } from '../../../repeaters/aws/tables/types.js';
import { nearestVersion } from '../../../repeaters/aws/tables/version.js';
import { TurretError } from '../../../src/errors.js';
import { V1, V2 } from './aws-context.js';

const option = (tables: AwsTables, service: string, operation: string, name: string): AwsOption | undefined =>
  tables.operation(service, operation)?.options.find((candidate) => candidate.name === name);

describe('which table serves which CLI', () => {
  it('takes the exact version, else the nearest older one of the same major version', () => {
    const available = ['1.45.11', '1.9.2', '2.9.19', '2.31.0'];
    expect(nearestVersion('1.45.11', available)).toBe('1.45.11');
    expect(nearestVersion('1.45.12', available)).toBe('1.45.11');
    expect(nearestVersion('1.44.99', available)).toBe('1.9.2');
    expect(nearestVersion('2.30.99', available)).toBe('2.9.19');
    expect(nearestVersion('2.100.0', available)).toBe('2.31.0');
  });

  it.each(['2.9.18', '1.0.0', '3.0.0', '', 'latest', '2.9.19; rm', '../2.9.19'])('refuses %j', (version) => {
    expect(() => loadTables(version)).toThrow(TurretError);
  });

  it('says which version it was asked for and which one answers', () => {
    expect(loadTables('2.15.40')).toMatchObject({ version: '2.9.19', askedFor: '2.15.40', major: 2 });
  });
});

describe('the wire routes', () => {
  it('are those of the installed CLI alone when its table is there', () => {
    expect(V2.routes('sqs')).toMatchObject({ p: 'query' });
    expect(V2.routes('sqs')).not.toHaveProperty('t');
    expect(V1.routes('sqs')).toMatchObject({ p: 'json', t: 'AmazonSQS' });
  });

  it('know both protocols of a service when the CLI is newer than its table, and no new service', () => {
    const newer = loadTables('2.31.0');
    expect(newer.routes('sqs')).toMatchObject({ p: 'query', t: 'AmazonSQS', ps: ['query', 'json'] });
    expect(newer.routes('sqs')?.o).toContain('StartMessageMoveTask');
    expect(V2.routes('sqs')?.o).not.toContain('StartMessageMoveTask');
    expect(newer.routes('s3')?.r?.filter(([, , name]) => name === 'GetObject')).toHaveLength(1);
    expect(newer.routes('bedrock-agentcore')).toBeUndefined();
    expect(V1.routes('bedrock-agentcore')).toBeDefined();
  });
});

describe.each([V1, V2])('the generated table of aws $version', (tables) => {
  it('finds no operation by a name of Object.prototype', () => {
    for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty', '']) {
      expect(tables.service(name)).toBeUndefined();
      expect(tables.operation('ec2', name)).toBeUndefined();
      expect(tables.custom(['s3', name])).toBeUndefined();
      expect(tables.routes(name)).toBeUndefined();
    }
  });

  it('calls a read what is one by its verb and by IAM, and nothing else', () => {
    expect(tables.operation('ec2', 'describe-instances')).toMatchObject({
      readOnly: true,
      destructive: false,
    });
    // IAM knows no such action for these verbs, or calls it a write.
    expect(tables.operation('apigateway', 'get-rest-apis')?.readOnly).toBe(false);
    expect(tables.operation('codepipeline', 'poll-for-jobs')?.readOnly).toBe(false);
    expect(tables.operation('license-manager', 'checkout-license')?.readOnly).toBe(false);
    // A read whose output is a secret is not for a read-only group.
    expect(tables.operation('lambda', 'list-functions')).toMatchObject({
      readOnly: false,
      secretOutput: true,
    });
    // And neither is the batch of it, or the same of another kind of database.
    for (const [service, command] of [
      ['dynamodb', 'batch-get-item'],
      ['logs', 'get-query-results'],
      ['lightsail', 'get-relational-database-master-user-password'],
    ] as const)
      expect(tables.operation(service, command)).toMatchObject({ readOnly: false, secretOutput: true });
    expect(tables.operation('sts', 'get-session-token')).toMatchObject({
      readOnly: false,
      secretOutput: true,
    });
    expect(tables.operation('s3api', 'delete-object')).toMatchObject({ readOnly: false, destructive: true });
    expect(tables.operation('s3api', 'create-bucket')).toMatchObject({ readOnly: false, destructive: false });
  });

  it('knows which options name files and how many words each takes', () => {
    expect(option(tables, 's3api', 'put-object', 'body')).toMatchObject({ arity: 'one', type: 'read' });
    expect(option(tables, 's3api', 'get-object', 'outfile')).toMatchObject({
      type: 'write',
      positional: true,
    });
    expect(option(tables, 'lambda', 'invoke', 'payload')).toMatchObject({ type: 'blob' });
    expect(option(tables, 'ec2', 'describe-instances', 'filters')).toMatchObject({
      arity: 'many',
      type: 'structure',
    });
    expect(option(tables, 'ec2', 'describe-instances', 'dry-run')).toMatchObject({
      arity: 'flag',
      negatable: true,
    });
    expect(option(tables, 'iot', 'create-keys-and-certificate', 'private-key-outfile')).toMatchObject({
      type: 'write',
    });
    expect(option(tables, 'cloudformation', 'create-stack', 'template-url')).toMatchObject({ literal: true });
    expect(option(tables, 'cloudformation', 'create-stack', 'stack-name')).toMatchObject({ literal: false });
  });

  it('has no option that the CLI would take for the beginning of a global one', () => {
    const globals =
      `debug endpoint-url no-verify-ssl no-paginate output query profile region color no-sign-request ca-bundle
      cli-read-timeout cli-connect-timeout v2-debug cli-binary-format no-cli-pager cli-auto-prompt no-cli-auto-prompt`.split(
        /\s+/,
      );
    const words = new Set<string>();
    let seen = 0;
    for (const name of tables.services()) {
      const service = tables.service(name)!;
      for (const { options } of [...Object.values(service.operations), ...Object.values(service.waiters)]) {
        seen += options.length;
        for (const { name: word, negatable } of options) words.add(word).add(negatable ? `no-${word}` : word);
      }
    }
    expect(seen).toBeGreaterThan(40_000);
    expect([...words].filter((word) => globals.some((global) => global.startsWith(word)))).toEqual([]);
  });

  it('has every waiter poll an operation it knows, and every service a wire route', () => {
    for (const name of tables.services()) {
      const service = tables.service(name)!;
      const polled = Object.values(service.waiters).map(({ polls }) => polls);
      expect(polled.filter((operation) => tables.operation(name, operation) === undefined)).toEqual([]);
      const speaks = service.model === '' || tables.routes(service.model) !== undefined;
      expect([name, speaks]).toEqual([name, true]);
    }
  });

  it('names every operation of a service on the wire', () => {
    for (const name of ['s3api', 'ec2', 'lambda', 'sqs', 'dynamodb', 'cloudwatch', 'configservice']) {
      const service = tables.service(name)!;
      const routes = tables.routes(service.model)!;
      const onWire = new Set([...(routes.o ?? []), ...(routes.r ?? []).map(([, , operation]) => operation)]);
      expect(Object.values(service.operations).filter(({ api }) => !onWire.has(api))).toEqual([]);
      expect(tables.signedAs(routes.sn)).toContain(service.model);
    }
  });

  it('has the hosts of its services and no host that others can own', () => {
    const hosts = tables.hosts();
    expect(hosts['sts']).toEqual(expect.arrayContaining(['sts.{r}.amazonaws.com', 'sts.amazonaws.com']));
    expect(hosts['s3']).toContain('s3.amazonaws.com');
    const all = Object.values(hosts).flat();
    const zones = /\.(amazonaws\.com(\.cn)?|api\.aws|api\.amazonwebservices\.com\.cn)$/;
    const signIn = /^\{r\}\.signin\.(aws\.amazon\.com|amazonaws-us-gov\.com|amazonaws\.cn)$/;
    expect(all.filter((host) => !zones.test(host) && !signIn.test(host))).toEqual([]);
    expect(all.filter((host) => host.includes('*') || /[^a-z0-9.{}-]/.test(host))).toEqual([]);
  });
});

it('refuses to guess what an unknown option code means', () => {
  expect(decodeOptions('a:mj! b:F c=x|y d:w^')).toMatchObject([
    { name: 'a', arity: 'many', type: 'structure', required: true },
    { name: 'b', arity: 'flag', negatable: true },
    { name: 'c', choices: ['x', 'y'] },
    { name: 'd', type: 'write', positional: true },
  ]);
  expect(() => decodeOptions('a:Z')).toThrow(TypeError);
});
