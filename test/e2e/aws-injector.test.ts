// The real CLIs, both major versions, through the injector to an upstream that knows only the real key.

import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startInjector, type AdmittedCall, type Injector } from '../../repeaters/aws/inject/injector.js';
import { loadTables } from '../../repeaters/aws/tables/load.js';
import type { WireAllowance } from '../../repeaters/aws/wire-allowance.js';
import { INSTALLED_AWS } from '../helpers/installed-aws.js';
import {
  REAL,
  startVerifyingUpstream,
  type Answer,
  type VerifyingUpstream,
} from '../helpers/verifying-upstream.js';

const BUCKETS = `<ListAllMyBucketsResult><Buckets><Bucket><Name>alpha</Name><CreationDate>2026-01-02T03:04:05.000Z</CreationDate></Bucket></Buckets></ListAllMyBucketsResult>`;
const IDENTITY = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/real</Arn><UserId>AID</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`;

interface Output {
  code: number | null;
  stdout: Buffer;
  stderr: string;
}

async function run(
  path: string,
  argv: string[],
  env: Record<string, string>,
  onPid?: (pid: number) => void,
): Promise<Output> {
  const child = spawn(path, argv, {
    env: {
      PATH: '/usr/bin:/bin',
      LC_ALL: 'C.UTF-8',
      AWS_PAGER: '',
      AWS_EC2_METADATA_DISABLED: 'true',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (child.pid !== undefined) onPid?.(child.pid);
  const code = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [stdout, stderr] = await Promise.all([buffer(child.stdout), buffer(child.stderr)]);
  return { code: await code, stdout, stderr: stderr.toString() };
}

function s3(operations: string[], rest: Partial<WireAllowance> = {}): WireAllowance {
  return { service: 's3', operations, ...rest };
}

describe.each(INSTALLED_AWS)('aws $version', ({ path, version }) => {
  let directory: string;
  let upstream: VerifyingUpstream;
  let injector: Injector;
  let answer: Answer;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'turret-injector-'));
    answer = (_request, response, { service }) => response.end(service === 's3' ? BUCKETS : IDENTITY);
    upstream = await startVerifyingUpstream((...args) => answer(...args));
    injector = await startInjector({
      directory,
      tables: loadTables(version),
      credentials: () => Promise.resolve(REAL),
      endpoint: upstream.endpoint,
      now: Date.now,
    });
  });
  afterEach(async () => {
    await injector.close();
    await upstream.close();
    await rm(directory, { recursive: true });
  });

  const admit = (...allow: WireAllowance[]): AdmittedCall => injector.admit({ allow, region: 'us-east-1' });
  const aws = (call: AdmittedCall, ...argv: string[]): Promise<Output> =>
    run(path, argv, { HOME: directory, ...call.env });
  it('lists buckets with a dummy key, and the upstream sees only the real one', async () => {
    const call = admit(s3(['ListBuckets']));
    const { code, stdout, stderr } = await aws(call, 's3', 'ls');
    expect({ code, stderr, refused: call.refused() }).toEqual({ code: 0, stderr: '', refused: undefined });
    expect(stdout.toString()).toContain('alpha');
    expect(upstream.seen).toMatchObject([
      { method: 'GET', service: 's3', headers: { 'x-amz-security-token': REAL.sessionToken } },
    ]);
  });

  it('lets the same call do nothing else, and says so in the words of the service', async () => {
    const call = admit(s3(['ListBuckets']));
    const { code, stderr } = await aws(call, 's3api', 'list-objects-v2', '--bucket', 'alpha');
    expect(code).not.toBe(0);
    expect(stderr).toContain(
      '(AccessDenied) when calling the ListObjectsV2 operation: turret: s3:ListObjectsV2',
    );
    expect(call.refused()).toBe('s3:ListObjectsV2 is not what was approved');
    expect({ sent: call.sent(), seen: upstream.seen }).toEqual({ sent: 0, seen: [] });
  });

  it.each([
    [['sts', 'get-caller-identity'], 'GetCallerIdentity'],
    [['iam', 'list-users'], 'ListUsers'],
    [['ec2', 'describe-instances'], 'DescribeInstances'],
    [['dynamodb', 'list-tables'], 'ListTables'],
    [['lambda', 'list-functions'], 'ListFunctions'],
    [['cloudwatch', 'list-metrics'], 'ListMetrics'],
    [['route53', 'list-hosted-zones'], 'ListHostedZones'],
    [['sqs', 'list-queues'], 'ListQueues'],
    [['s3control', 'list-access-points', '--account-id', '123456789012'], 'ListAccessPoints'],
  ])(
    'refuses %j natively, once and without a retry, when nothing of it is approved',
    async (argv, operation) => {
      const call = admit(s3(['ListBuckets']));
      const { code, stderr } = await aws(call, ...argv);
      expect(code).not.toBe(0);
      expect(stderr).toMatch(
        new RegExp(`\\(AccessDenied(Exception)?\\) when calling the ${operation} operation: turret: `),
      );
      expect(upstream.seen).toEqual([]);
    },
  );

  it.each([
    [['sts', 'get-caller-identity'], 'sts', 'GetCallerIdentity', IDENTITY],
    [
      ['iam', 'list-users'],
      'iam',
      'ListUsers',
      '<ListUsersResponse><ListUsersResult><Users/><IsTruncated>false</IsTruncated></ListUsersResult></ListUsersResponse>',
    ],
    [
      ['ec2', 'describe-instances'],
      'ec2',
      'DescribeInstances',
      '<DescribeInstancesResponse><reservationSet/></DescribeInstancesResponse>',
    ],
    [['dynamodb', 'list-tables'], 'dynamodb', 'ListTables', '{"TableNames":[]}'],
    [['logs', 'describe-log-groups'], 'logs', 'DescribeLogGroups', '{"logGroups":[]}'],
    [['lambda', 'list-functions'], 'lambda', 'ListFunctions', '{"Functions":[]}'],
    [
      ['lambda', 'get-function', '--function-name', 'arn:aws:lambda:us-east-1:123456789012:function:a'],
      'lambda',
      'GetFunction',
      '{}',
    ],
    [
      ['route53', 'list-hosted-zones'],
      'route53',
      'ListHostedZones',
      '<ListHostedZonesResponse><HostedZones/><Marker/><IsTruncated>false</IsTruncated><MaxItems>1</MaxItems></ListHostedZonesResponse>',
    ],
    [
      ['rds', 'describe-db-instances'],
      'rds',
      'DescribeDBInstances',
      '<DescribeDBInstancesResponse><DescribeDBInstancesResult><DBInstances/></DescribeDBInstancesResult></DescribeDBInstancesResponse>',
    ],
    [
      ['s3control', 'list-access-points', '--account-id', '123456789012'],
      's3control',
      'ListAccessPoints',
      '<ListAccessPointsResult><AccessPointList/></ListAccessPointsResult>',
    ],
    [
      ['servicediscovery', 'discover-instances', '--namespace-name', 'n', '--service-name', 's'],
      'servicediscovery',
      'DiscoverInstances',
      '{"Instances":[]}',
    ],
  ])('passes %j when its operation is approved', async (argv, service, operation, body) => {
    answer = (_request, response) => response.end(body);
    const call = admit({ service, operations: [operation] });
    const { code, stderr } = await aws(call, ...argv);
    expect({ code, stderr, refused: call.refused() }).toEqual({ code: 0, stderr: '', refused: undefined });
    expect(upstream.seen).toHaveLength(1);
  });

  const KEY = `od d/a b+c%25%é~(x)'!*&=;,@$.txt`;

  it('keeps a hostile key exact: the approved one passes, its neighbour does not', async () => {
    answer = (_request, response) => response.end('content');
    const out = join(directory, 'out');
    const argv = ['s3api', 'get-object', '--bucket', 'alpha', '--key', KEY, out];
    const call = admit(s3(['GetObject'], { bucket: 'alpha', key: KEY }));
    expect(await aws(call, ...argv)).toMatchObject({ code: 0, stderr: '' });
    expect(await readFile(out, 'utf8')).toBe('content');
    for (const other of [
      { bucket: 'alpha', key: `${KEY}x` },
      { bucket: 'beta', key: KEY },
      { bucket: 'alpha', prefix: 'other/' },
    ]) {
      const wrong = admit(s3(['GetObject'], other));
      expect((await aws(wrong, ...argv)).code).not.toBe(0);
      expect(wrong.refused()).toBe('s3:GetObject is approved for another bucket or key');
    }
    expect(upstream.seen).toHaveLength(1);
  });

  it('keeps dot segments and empty segments of a key as they are', async () => {
    answer = (_request, response) => response.end('content');
    const call = admit(s3(['GetObject'], { bucket: 'alpha', key: 'x/../y//z' }));
    const argv = ['s3api', 'get-object', '--bucket', 'alpha', '--key', 'x/../y//z', join(directory, 'out')];
    expect(await aws(call, ...argv)).toMatchObject({ code: 0, stderr: '' });
    expect(upstream.seen).toMatchObject([{ url: '/alpha/x/../y//z' }]);
  });

  it('refuses a listing outside the approved prefix, and passes one inside', async () => {
    answer = (_request, response) =>
      response.end('<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>');
    const allowed = s3(['ListObjectsV2'], { bucket: 'alpha', prefix: 'reports/' });
    const list = (prefix: string): Promise<Output> =>
      aws(admit(allowed), 's3api', 'list-objects-v2', '--bucket', 'alpha', '--prefix', prefix);
    expect((await list('reports/2026 é')).code).toBe(0);
    expect((await list('report')).code).not.toBe(0);
    expect(upstream.seen).toHaveLength(1);
  });

  it('refuses a copy whose source is not approved to be read', async () => {
    answer = (_request, response) => response.end('<CopyObjectResult><ETag>"e"</ETag></CopyObjectResult>');
    const copy = s3(['CopyObject'], { bucket: 'alpha', key: 'k' });
    const argv = ['s3api', 'copy-object', '--bucket', 'alpha', '--key', 'k', '--copy-source', 'secret/a b+c'];
    const call = admit(copy);
    expect((await aws(call, ...argv)).stderr).toContain(
      'the object that would be copied is not approved to be read',
    );
    expect(
      (await aws(admit(copy, s3(['GetObject'], { bucket: 'secret', key: 'a b+c' })), ...argv)).code,
    ).toBe(0);
    expect(
      (await aws(admit(copy, s3(['GetObject'], { bucket: 'secret', key: 'a b' })), ...argv)).code,
    ).not.toBe(0);
    expect(upstream.seen).toHaveLength(1);
  });

  it('streams 64 MiB both ways, byte for byte', async () => {
    const content = randomBytes(64 * 1024 * 1024);
    const file = join(directory, 'big');
    await writeFile(file, content);
    answer = (request, response) => {
      if (request.method !== 'GET') response.writeHead(200, { etag: '"e"' }).end();
      else response.writeHead(200, { 'content-length': content.length, etag: '"e"' }).end(content);
    };
    const sha256 = createHash('sha256').update(content).digest('hex');
    const up = admit(s3(['PutObject'], { bucket: 'alpha', key: 'big' }));
    expect(
      await aws(up, 's3api', 'put-object', '--bucket', 'alpha', '--key', 'big', '--body', file),
    ).toMatchObject({ code: 0, stderr: '' });
    const put = upstream.seen[0];
    // v1 frames the body with a trailing checksum; the framing is the CLI's own and passes unchanged.
    const framed = put?.headers['x-amz-content-sha256'] === 'STREAMING-UNSIGNED-PAYLOAD-TRAILER';
    expect(framed ? Number(put.headers['x-amz-decoded-content-length']) : put?.bytes).toBe(content.length);
    expect(framed || put?.sha256 === sha256).toBe(true);
    const down = admit(s3(['GetObject'], { bucket: 'alpha', key: 'big' }));
    const out = join(directory, 'out');
    expect(await aws(down, 's3api', 'get-object', '--bucket', 'alpha', '--key', 'big', out)).toMatchObject({
      code: 0,
      stderr: '',
    });
    expect(
      createHash('sha256')
        .update(await readFile(out))
        .digest('hex'),
    ).toBe(sha256);
  });

  it('holds no real secret in the memory or the environment of the running CLI', async () => {
    const call = admit(s3(['GetObject'], { bucket: 'alpha', key: 'k' }));
    let pid = 0;
    let scanned: { real: number; dummy: number; environ: string } | undefined;
    answer = (_request, response) => {
      response.writeHead(200, { 'content-length': 7, etag: '"e"' });
      response.write('con');
      // The CLI is in the middle of its answer now: it has signed, and waits.
      void scan(
        pid,
        [REAL.secretAccessKey, REAL.accessKeyId, REAL.sessionToken],
        call.env['AWS_SECRET_ACCESS_KEY'] ?? '',
      ).then((result) => {
        scanned = result;
        response.end('tent');
      });
    };
    const env = { HOME: directory, ...call.env };
    const argv = ['s3api', 'get-object', '--bucket', 'alpha', '--key', 'k', join(directory, 'out')];
    expect(await run(path, argv, env, (value) => (pid = value))).toMatchObject({ code: 0, stderr: '' });
    expect(scanned?.real).toBe(0);
    expect(scanned?.dummy).toBeGreaterThan(0);
    expect(scanned?.environ).not.toContain(REAL.accessKeyId);
  });

  it('follows a bucket to its own region, and no call to a region of its own choice', async () => {
    answer = (_request, response, { region }) => {
      if (region === 'us-east-1') {
        response.writeHead(301, { 'x-amz-bucket-region': 'eu-west-1', 'content-type': 'application/xml' });
        return response.end(
          '<Error><Code>PermanentRedirect</Code><Message>m</Message><Bucket>alpha</Bucket><Endpoint>alpha.s3.eu-west-1.amazonaws.com</Endpoint></Error>',
        );
      }
      return response.end('content');
    };
    const argv = ['s3api', 'get-object', '--bucket', 'alpha', '--key', 'k', join(directory, 'out')];
    const call = admit(s3(['GetObject'], { bucket: 'alpha', key: 'k' }));
    expect(await aws(call, ...argv)).toMatchObject({ code: 0, stderr: '' });
    expect(upstream.seen.at(-1)).toMatchObject({ region: 'eu-west-1', method: 'GET' });
    const elsewhere = admit(s3(['GetObject'], { bucket: 'alpha', key: 'k' }));
    expect((await aws(elsewhere, ...argv, '--region', 'eu-west-1')).code).not.toBe(0);
    expect(elsewhere.refused()).toBe('region eu-west-1 is not the approved one, us-east-1');
  });

  it.each([
    [
      'another host',
      ['s3', 'ls', '--endpoint-url', 'https://evil.example.com'],
      'evil.example.com is not a host of s3 in us-east-1',
    ],
    [
      'a look-alike',
      ['sts', 'get-caller-identity', '--endpoint-url', 'https://sts.us-east-1.amazonaws.com.evil.example'],
      'sts.us-east-1.amazonaws.com.evil.example is not a host of sts in us-east-1',
    ],
    [
      'a lure on amazonaws.com',
      ['sts', 'get-caller-identity', '--endpoint-url', 'https://x.execute-api.us-east-1.amazonaws.com'],
      'x.execute-api.us-east-1.amazonaws.com is not a host of sts in us-east-1',
    ],
    ['an unsigned request', ['s3', 'ls', '--no-sign-request'], 'the request is not signed'],
  ])('refuses %s', async (_what, argv, sentence) => {
    const call = admit(s3(['ListBuckets']), { service: 'sts', operations: ['GetCallerIdentity'] });
    expect((await aws(call, ...argv)).code).not.toBe(0);
    expect(call.refused()).toBe(sentence);
    expect(upstream.seen).toEqual([]);
  });

  it('refuses a URL inside the body that is signed with the dummy key', async () => {
    const call = admit({ service: 'ec2', operations: ['CopySnapshot'] });
    const argv = ['ec2', 'copy-snapshot', '--source-region', 'eu-west-1', '--source-snapshot-id', 'snap-1'];
    expect((await aws(call, ...argv)).code).not.toBe(0);
    expect(call.refused()).toContain('presigned URL');
    expect(upstream.seen).toEqual([]);
  });

  it('tells a lost upstream from a refusal', async () => {
    await upstream.close();
    const call = admit(s3(['ListBuckets']));
    const env = { HOME: directory, AWS_MAX_ATTEMPTS: '1', ...call.env };
    const { code, stderr } = await run(path, ['s3', 'ls'], env);
    expect(code).not.toBe(0);
    expect(stderr).toContain('turret: no answer from s3');
    expect(call.refused()).toBeUndefined();
  });

  it('does not go on with a request whose CLI is gone, though the call is not over', async () => {
    const call = admit(s3(['ListBuckets']));
    let pid = 0;
    const cut = new Promise<void>((resolve) => {
      answer = (_request, response) => {
        response.once('close', resolve);
        process.kill(pid, 'SIGKILL');
      };
    });
    const env = { HOME: directory, ...call.env };
    expect(await run(path, ['s3', 'ls'], env, (value) => (pid = value))).toMatchObject({ code: null });
    await cut;
    expect(upstream.seen).toHaveLength(1);
  });

  it('sends nothing for an endpoint without TLS', async () => {
    const call = admit(s3(['ListBuckets']));
    expect(
      (await aws(call, 's3', 'ls', '--endpoint-url', 'http://s3.us-east-1.amazonaws.com')).code,
    ).not.toBe(0);
    expect(upstream.seen).toEqual([]);
  });

  it('refuses a CLI with the key of another call, and one whose call is over', async () => {
    const first = admit(s3(['ListBuckets']));
    const second = admit(s3(['ListBuckets']));
    const mixed = { ...first.env, AWS_ACCESS_KEY_ID: second.env['AWS_ACCESS_KEY_ID'] ?? '' };
    expect((await run(path, ['s3', 'ls'], { HOME: directory, ...mixed })).code).not.toBe(0);
    const wrong = { ...first.env, AWS_SECRET_ACCESS_KEY: second.env['AWS_SECRET_ACCESS_KEY'] ?? '' };
    expect((await run(path, ['s3', 'ls'], { HOME: directory, ...wrong })).code).not.toBe(0);
    second.close();
    const retryless = { AWS_MAX_ATTEMPTS: '1', HOME: directory };
    expect((await run(path, ['s3', 'ls'], { ...retryless, ...second.env })).code).not.toBe(0);
    expect(upstream.seen).toEqual([]);
    expect((await run(path, ['s3', 'ls'], { ...retryless, ...first.env })).code).toBe(0);
  });

  it('does not hand over an error that repeats the real session token', async () => {
    const other = await startVerifyingUpstream(() => undefined, 'anotherSecretAnotherSecretAnotherSecret0');
    const strict = await startInjector({
      directory,
      tables: loadTables(version),
      credentials: () => Promise.resolve(REAL),
      endpoint: other.endpoint,
      now: Date.now,
    });
    const call = strict.admit({ allow: [s3(['ListBuckets'])], region: 'us-east-1' });
    const { stdout, stderr } = await run(path, ['s3', 'ls', '--debug'], { HOME: directory, ...call.env });
    expect(stderr).toContain('the credential the operator configured was not accepted');
    expect(stdout.toString() + stderr).not.toContain(REAL.sessionToken);
    await strict.close();
    await other.close();
  });
});

/** How often the needles are in the memory of a process: the secrets together, and the dummy as a control. */
async function scan(
  pid: number,
  secrets: string[],
  dummy: string,
): Promise<{ real: number; dummy: number; environ: string }> {
  const found = { real: 0, dummy: 0, environ: await readFile(`/proc/${pid}/environ`, 'latin1') };
  const memory = await open(`/proc/${pid}/mem`, 'r');
  for (const line of (await readFile(`/proc/${pid}/maps`, 'latin1')).split('\n')) {
    const [, from = '', to = ''] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? [];
    if (from === '') continue;
    const block = Buffer.alloc(Number.parseInt(to, 16) - Number.parseInt(from, 16));
    await memory.read(block, 0, block.length, Number.parseInt(from, 16)).catch(() => undefined); // [vvar] cannot be read.
    found.real += secrets.filter((secret) => block.includes(secret)).length;
    found.dummy += block.includes(dummy) ? 1 : 0;
  }
  await memory.close();
  return found;
}
