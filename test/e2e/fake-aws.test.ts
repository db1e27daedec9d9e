// The fakes are evidence in every other end-to-end test, so they are tested first and with the bare, real CLIs:
// here AWS. What is allowed works, and each wrong credential is refused in the service's own words.

import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CANARY_SECRET_ACCESS_KEY, FAKE_AWS_KEY, FAKE_AWS_READ_ONLY_KEY, type AwsKey } from '../fakes/aws.js';
import { sendRaw, startBareWorld, type BareWorld, type Ran } from '../helpers/bare-cli.js';
import { CLIS } from '../helpers/installed-aws.js';

const SESSION_KEY: AwsKey = {
  accessKeyId: 'ASIAFAKESESSION00001',
  secretAccessKey: 'fakesessionFAKESESSIONfakesessionFAKE001',
  sessionToken: 'fake-session-token',
};
let world: BareWorld;

beforeAll(async () => {
  world = await startBareWorld([FAKE_AWS_KEY, FAKE_AWS_READ_ONLY_KEY, SESSION_KEY]);
});

afterAll(() => world.close());

beforeEach(() => world.reset());

const ids = (filter: string): Promise<Ran> =>
  world.runAws([
    'ec2',
    'describe-instances',
    '--filters',
    filter,
    '--query',
    'Reservations[].Instances[].InstanceId',
    '--output',
    'text',
  ]);
const presign = async (): Promise<string> => {
  const { stdout } = await world.runAws(['s3', 'presign', 's3://allowed/k']);
  return stdout.trim().slice(world.aws.url.length);
};

describe('aws: what a listing shows', () => {
  it('knows the seeded buckets, prefixes and pages', async () => {
    const buckets = await world.runAws(['s3', 'ls']);
    expect(buckets.stdout.match(/\S+$/gm)).toEqual(['allowed', 'eu-bucket', 'forbidden', 'prod-data']);
    const prefixes = await world.runAws(['s3', 'ls', 's3://allowed']);
    expect(prefixes.stdout).toMatch(/PRE a\/\n\s+PRE prefix\/\n.* k\n$/);
    const list = [
      's3api',
      'list-objects-v2',
      '--bucket',
      'allowed',
      '--query',
      'Contents[].Key',
      '--output',
      'json',
    ];
    const whole = await world.runAws(list);
    expect(JSON.parse((await world.runAws([...list, '--page-size', '2'])).stdout)).toEqual(
      JSON.parse(whole.stdout),
    );
    expect(JSON.parse(whole.stdout)).toHaveLength(7);
    expect(world.aws.requests.filter(({ operation }) => operation === 's3.ListObjectsV2')).toHaveLength(6);
  });

  it('filters instances honestly: a filter it does not know is an error', async () => {
    expect((await ids('Name=instance-state-name,Values=stopped')).stdout).toBe('i-0123456789abcdef2\n');
    expect((await ids('Name=tag:Name,Values=w*')).stdout).toBe('i-0123456789abcdef0\n');
    expect((await ids('Name=architecture,Values=arm64')).stderr).toContain('InvalidParameterValue');
  });

  it('gives a canary when a key is created, so that a leak can be seen', async () => {
    const { stdout } = await world.runAws(['iam', 'create-access-key', '--user-name', 'operator']);
    expect(stdout).toContain(CANARY_SECRET_ACCESS_KEY);
  });

  it('answers an operation it does not have with an error', async () => {
    expect((await world.runAws(['ec2', 'describe-vpcs'])).stderr).toContain('InvalidAction');
    expect((await world.runAws(['kms', 'list-keys'])).stderr).toContain('UnknownOperationException');
    expect((await world.runAws(['s3api', 'get-bucket-policy', '--bucket', 'allowed'])).stderr).toContain(
      'NotImplemented',
    );
  });

  it('sends a client of another region on to the region of the bucket', async () => {
    expect(await world.runAws(['s3', 'ls', 's3://eu-bucket'])).toMatchObject({ code: 0, stderr: '' });
    expect(world.aws.requests.map(({ status, region }) => [status, region])).toEqual(
      expect.arrayContaining([
        [301, 'us-east-1'],
        [200, 'eu-west-1'],
      ]),
    );
  });
});

describe('aws: credentials', () => {
  const wrong = { ...FAKE_AWS_KEY, secretAccessKey: 'wrong' };
  const unknown = { ...FAKE_AWS_KEY, accessKeyId: 'AKIAUNKNOWN000000001' };

  it.each([
    ['s3', ['s3', 'ls'], 'SignatureDoesNotMatch', 'InvalidAccessKeyId'],
    ['query', ['sts', 'get-caller-identity'], 'SignatureDoesNotMatch', 'InvalidClientTokenId'],
    ['ec2', ['ec2', 'describe-instances'], 'AuthFailure', 'AuthFailure'],
    ['json', ['dynamodb', 'list-tables'], 'InvalidSignatureException', 'UnrecognizedClientException'],
    ['rest-json', ['eks', 'list-clusters'], 'InvalidSignatureException', 'UnrecognizedClientException'],
  ])(
    'refuses a wrong secret and an unknown key in the form of %s',
    async (_protocol, argv, badSecret, badKey) => {
      for (const cli of CLIS) {
        const secret = await world.runAws(argv, { cli, key: wrong });
        expect(secret.stderr).toContain(`(${badSecret})`);
        expect(secret.code).not.toBe(0);
        expect((await world.runAws(argv, { cli, key: unknown })).stderr).toContain(`(${badKey})`);
        expect((await world.runAws(argv, { cli })).code).toBe(0);
      }
      expect(world.aws.requests.map(({ verified }) => verified)).toEqual(
        CLIS.flatMap(() => [false, false, true]),
      );
    },
  );

  it('refuses what is not signed', async () => {
    expect((await world.runAws(['s3', 'ls', '--no-sign-request'])).stderr).toContain('(AccessDenied)');
    expect((await world.runAws(['sts', 'get-caller-identity', '--no-sign-request'])).stderr).toContain(
      '(MissingAuthenticationToken)',
    );
  });

  it('wants the session token of a key that has one, and takes none from a key that has not', async () => {
    const { sessionToken, ...bare } = SESSION_KEY;
    expect((await world.runAws(['s3', 'ls'], { key: SESSION_KEY })).code).toBe(0);
    expect((await world.runAws(['s3', 'ls'], { key: bare })).stderr).toContain('(InvalidToken)');
    expect(
      (await world.runAws(['s3', 'ls'], { key: { ...bare, sessionToken: `${sessionToken}x` } })).stderr,
    ).toContain('(InvalidToken)');
    expect((await world.runAws(['s3', 'ls'], { key: { ...FAKE_AWS_KEY, sessionToken: 'x' } })).code).not.toBe(
      0,
    );
  });

  it('lets a read-only key read and refuses its writes', async () => {
    const key = FAKE_AWS_READ_ONLY_KEY;
    expect((await world.runAws(['s3', 'ls', 's3://allowed'], { key })).code).toBe(0);
    expect((await world.runAws(['s3', 'mb', 's3://new-bucket'], { key })).stderr).toContain('(AccessDenied)');
    expect((await world.runAws(['s3', 'rm', 's3://allowed/k'], { key })).code).toBe(1);
    expect((await world.runAws(['iam', 'create-access-key'], { key })).stderr).toContain('(AccessDenied)');
    expect(world.aws.state.buckets.get('allowed')?.objects.has('k')).toBe(true);
  });
});

describe('aws: signatures made by hand', () => {
  it('opens an object to a presigned link, and to no altered one', async () => {
    const link = await presign();
    expect(await sendRaw({ url: world.aws.url, path: link })).toMatchObject({
      code: 200,
      stdout: 'the object k\n',
    });
    for (const bad of [
      link.replace('/k?', '/a/one.txt?'),
      link.replace('Expires=3600', 'Expires=9999'),
      `${link}0`,
    ]) {
      const { code, stdout } = await sendRaw({ url: world.aws.url, path: bad });
      expect([code, stdout.includes('SignatureDoesNotMatch')]).toEqual([403, true]);
    }
  });

  it('refuses a link that has run out and a header that was added on the way', async () => {
    const link = await presign();
    const old = link.replace(/Date=\d{8}T/, 'Date=20200101T').replace(/%2F\d{8}%2F/, '%2F20200101%2F');
    expect((await sendRaw({ url: world.aws.url, path: old })).stdout).toContain('RequestTimeTooSkewed');
    const added = await sendRaw({
      url: world.aws.url,
      path: link,
      headers: { 'x-amz-copy-source': '/prod-data/README.md' },
    });
    expect(added.stdout).toContain('SignatureDoesNotMatch');
  });
});

describe('aws: bytes', () => {
  it.each(CLIS)('carries 64 MiB both ways unchanged through %s', { timeout: 120_000 }, async (cli) => {
    const bytes = randomBytes(64 * 1024 * 1024);
    const file = path.join(world.home, 'big');
    const back = path.join(world.home, 'back');
    writeFileSync(file, bytes);
    const steps = [
      ['s3', 'cp', file, 's3://allowed/big', '--no-progress'],
      ['s3', 'cp', 's3://allowed/big', 's3://prod-data/big', '--no-progress'],
      ['s3', 'cp', 's3://prod-data/big', back, '--no-progress'],
      ['s3api', 'put-object', '--bucket', 'allowed', '--key', 'whole', '--body', file],
      ['s3api', 'get-object', '--bucket', 'allowed', '--key', 'whole', `${back}-whole`],
    ];
    for (const argv of steps) {
      expect({ ...(await world.runAws(argv, { cli })), argv }).toMatchObject({ code: 0, stderr: '' });
    }
    expect(readFileSync(back).equals(bytes)).toBe(true);
    expect(readFileSync(`${back}-whole`).equals(bytes)).toBe(true);
    const operations = new Set(world.aws.requests.map(({ operation }) => operation));
    expect([...operations]).toEqual(
      expect.arrayContaining(['s3.UploadPart', 's3.UploadPartCopy', 's3.PutObject']),
    );
    expect(world.aws.state.buckets.get('allowed')?.uploads.size).toBe(0);
  });

  it.each(CLIS)('keeps names that are hard to sign, through %s', async (cli) => {
    const url = `s3://allowed/od d/a b+c%25%é~(x)'!*&=;,@$.txt`;
    expect((await world.runAws(['s3', 'cp', '-', url], { cli, stdin: 'odd\n' })).code).toBe(0);
    expect((await world.runAws(['s3', 'cp', url, '-'], { cli })).stdout).toBe('odd\n');
    expect((await world.runAws(['s3', 'ls', '--recursive', 's3://allowed/od'], { cli })).stdout).toContain(
      url.slice(13),
    );
    expect((await world.runAws(['s3', 'rm', url], { cli })).code).toBe(0);
    expect((await world.runAws(['s3', 'cp', url, '-'], { cli })).code).toBe(1);
  });

  it('sends the bytes of a range and refuses one past the end', async () => {
    const target = path.join(world.home, 'range');
    const get = (range: string): Promise<Ran> =>
      world.runAws(['s3api', 'get-object', '--bucket', 'allowed', '--key', 'k', '--range', range, target]);
    expect((await get('bytes=4-9')).stdout).toContain('bytes 4-9/13');
    expect(readFileSync(target, 'utf8')).toBe('object');
    expect((await get('bytes=99-')).stderr).toContain('InvalidRange');
  });
});

describe('aws: faults', () => {
  const get = ['s3', 'cp', 's3://allowed/k', '-'];

  it('is unavailable as often as it was told, then well again', async () => {
    world.aws.faults.push({ kind: 'unavailable', times: 1, path: '/allowed' });
    expect((await world.runAws(['s3', 'ls', 's3://allowed'])).stderr).toContain('(ServiceUnavailable)');
    expect((await world.runAws(['s3', 'ls', 's3://allowed'])).code).toBe(0);
  });

  it('does not act when it says that it is unavailable', async () => {
    world.aws.faults.push({ kind: 'unavailable', times: 1, method: 'DELETE' });
    expect((await world.runAws(['s3', 'rm', 's3://allowed/k'])).code).toBe(1);
    expect(world.aws.state.buckets.get('allowed')?.objects.has('k')).toBe(true);
  });

  it('cuts an answer in half', async () => {
    world.aws.faults.push({ kind: 'half-body', times: 100, method: 'GET' });
    expect((await world.runAws(get)).code).not.toBe(0);
    world.aws.faults.length = 0;
    expect(await world.runAws(get)).toMatchObject({ code: 0, stdout: 'the object k\n' });
  });

  it('hangs until the client gives up', async () => {
    world.aws.faults.push({ kind: 'hang', times: 1 });
    const { stderr } = await world.runAws(['sts', 'get-caller-identity', '--cli-read-timeout', '1']);
    expect(stderr).toContain('Read timeout');
  });
});
