// The fakes are evidence in every other end-to-end test, so they are tested first and with the bare, real CLIs:
// what is allowed works, and each wrong credential is refused in the service's own words.

import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  CANARY_SECRET_ACCESS_KEY,
  FAKE_AWS_KEY,
  FAKE_AWS_READ_ONLY_KEY,
  startFakeAws,
  type AwsKey,
  type FakeAws,
} from '../fakes/aws.js';
import {
  FAKE_GITHUB_READ_ONLY_TOKEN,
  FAKE_GITHUB_TOKEN,
  fingerprint,
  startFakeGithub,
  type FakeGithub,
} from '../fakes/github.js';

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface BenignCase {
  readonly id: string;
  readonly tool: 'aws' | 'gh';
  readonly argv: readonly string[];
}

const SESSION_KEY: AwsKey = {
  accessKeyId: 'ASIAFAKESESSION00001',
  secretAccessKey: 'fakesessionFAKESESSIONfakesessionFAKE001',
  sessionToken: 'fake-session-token',
};
const V2 = '/usr/bin/aws';
/** With the same bare environment as the tests, so that a version manager's wrapper that needs its own does not count. */
function runsVersion1(file: string): boolean {
  const { stdout } = spawnSync(file, ['--version'], { env: { PATH: '/usr/bin:/bin' }, encoding: 'utf8' });
  return stdout.startsWith('aws-cli/1.');
}

// CLI v1 speaks other protocols to some services; where a Python install of it is there, it must work as well.
const V1 = (process.env['PATH'] ?? '')
  .split(':')
  .map((directory) => path.join(directory, 'aws'))
  .find((file) => existsSync(file) && runsVersion1(file));
const CLIS = [V2, V1].filter((file) => file !== undefined);

const benign: readonly BenignCase[] = readFileSync(path.resolve('test/vectors/corpus/benign.jsonl'), 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line));

let aws: FakeAws;
let github: FakeGithub;
let home: string;
let socket: string;

beforeAll(async () => {
  home = mkdtempSync(path.join(tmpdir(), 'fakes-'));
  socket = path.join(home, 'gh.sock');
  mkdirSync(path.join(home, 'gh'));
  writeFileSync(path.join(home, 'gh', 'config.yml'), `http_unix_socket: ${socket}\nprompt: disabled\n`);
  writeFileSync(path.join(home, 'note.md'), 'a note\n');
  aws = await startFakeAws({ keys: [FAKE_AWS_KEY, FAKE_AWS_READ_ONLY_KEY, SESSION_KEY] });
  github = await startFakeGithub({ socket });
});

afterAll(async () => {
  await Promise.all([aws.close(), github.close()]);
  rmSync(home, { recursive: true, force: true });
});

beforeEach(() => {
  aws.reset();
  github.reset();
  aws.faults.length = 0;
  aws.requests.length = 0;
  github.requests.length = 0;
});

/** Runs a program in an environment made from nothing. */
function run(file: string, argv: readonly string[], env: Record<string, string>, stdin = ''): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, argv, { cwd: home, env: { PATH: '/usr/bin:/bin', HOME: home, ...env } });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.once('error', reject);
    child.once('close', (code) =>
      resolve({ code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }),
    );
    child.stdin.on('error', () => {
      // The program may end without reading: EPIPE here is its right.
    });
    child.stdin.end(stdin);
  });
}

function runAws(
  argv: readonly string[],
  options: { cli?: string; key?: AwsKey; stdin?: string } = {},
): Promise<Ran> {
  const key = options.key ?? FAKE_AWS_KEY;
  const env = {
    AWS_ACCESS_KEY_ID: key.accessKeyId,
    AWS_SECRET_ACCESS_KEY: key.secretAccessKey,
    ...(key.sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: key.sessionToken }),
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_MAX_ATTEMPTS: '1',
    AWS_PAGER: '',
  };
  return run(options.cli ?? V2, ['--endpoint-url', aws.url, ...argv], env, options.stdin);
}

function runGh(argv: readonly string[], token = FAKE_GITHUB_TOKEN.token, stdin = ''): Promise<Ran> {
  const env = { GH_CONFIG_DIR: path.join(home, 'gh'), GH_TOKEN: token, GH_NO_UPDATE_NOTIFIER: '1' };
  return run('/usr/bin/gh', argv, env, stdin);
}

const runBenign = ({ tool, argv }: BenignCase, cli?: string): Promise<Ran> =>
  tool === 'aws'
    ? runAws(argv, cli === undefined ? {} : { cli })
    : runGh(argv, undefined, 'body from stdin\n');

describe('every benign command of the corpus', () => {
  it.each(benign)('$id $tool $argv works bare, twice with the same bytes', async (one) => {
    const [first, second] = await Promise.all([runBenign(one), runBenign(one)]);
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(second).toEqual(first);
    const requests = one.tool === 'aws' ? aws.requests : github.requests;
    expect(requests.every(({ verified }) => verified)).toBe(true);
    const isLocal = one.argv.includes('--version') || one.argv.includes('version');
    expect(requests.length > 0).toBe(!isLocal);
  });

  it.each(CLIS.slice(1))('works with %s too, which speaks other protocols', async (cli) => {
    const cases = benign.filter(({ tool }) => tool === 'aws');
    const half = Math.ceil(cases.length / 2);
    const runAll = async (some: readonly BenignCase[]): Promise<void> => {
      for (const one of some) {
        expect(await runBenign(one, cli), one.argv.join(' ')).toMatchObject({ code: 0, stderr: '' });
      }
    };
    await Promise.all([runAll(cases.slice(0, half)), runAll(cases.slice(half))]);
    expect(aws.requests.every(({ verified }) => verified)).toBe(true);
  });
});

describe('aws: what a listing shows', () => {
  it('knows the seeded buckets, prefixes and pages', async () => {
    const buckets = await runAws(['s3', 'ls']);
    expect(buckets.stdout.match(/\S+$/gm)).toEqual(['allowed', 'eu-bucket', 'forbidden', 'prod-data']);
    const prefixes = await runAws(['s3', 'ls', 's3://allowed']);
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
    const whole = await runAws(list);
    expect(JSON.parse((await runAws([...list, '--page-size', '2'])).stdout)).toEqual(
      JSON.parse(whole.stdout),
    );
    expect(JSON.parse(whole.stdout)).toHaveLength(7);
    expect(aws.requests.filter(({ operation }) => operation === 's3.ListObjectsV2')).toHaveLength(6);
  });

  it('filters instances honestly: a filter it does not know is an error', async () => {
    const ids = (filter: string): Promise<Ran> =>
      runAws([
        'ec2',
        'describe-instances',
        '--filters',
        filter,
        '--query',
        'Reservations[].Instances[].InstanceId',
        '--output',
        'text',
      ]);
    expect((await ids('Name=instance-state-name,Values=stopped')).stdout).toBe('i-0123456789abcdef2\n');
    expect((await ids('Name=tag:Name,Values=w*')).stdout).toBe('i-0123456789abcdef0\n');
    expect((await ids('Name=architecture,Values=arm64')).stderr).toContain('InvalidParameterValue');
  });

  it('gives a canary when a key is created, so that a leak can be seen', async () => {
    const { stdout } = await runAws(['iam', 'create-access-key', '--user-name', 'operator']);
    expect(stdout).toContain(CANARY_SECRET_ACCESS_KEY);
  });

  it('answers an operation it does not have with an error', async () => {
    expect((await runAws(['ec2', 'describe-vpcs'])).stderr).toContain('InvalidAction');
    expect((await runAws(['kms', 'list-keys'])).stderr).toContain('UnknownOperationException');
    expect((await runAws(['s3api', 'get-bucket-policy', '--bucket', 'allowed'])).stderr).toContain(
      'NotImplemented',
    );
  });

  it('sends a client of another region on to the region of the bucket', async () => {
    expect(await runAws(['s3', 'ls', 's3://eu-bucket'])).toMatchObject({ code: 0, stderr: '' });
    expect(aws.requests.map(({ status, region }) => [status, region])).toEqual(
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
        const secret = await runAws(argv, { cli, key: wrong });
        expect(secret.stderr).toContain(`(${badSecret})`);
        expect(secret.code).not.toBe(0);
        expect((await runAws(argv, { cli, key: unknown })).stderr).toContain(`(${badKey})`);
        expect((await runAws(argv, { cli })).code).toBe(0);
      }
      expect(aws.requests.map(({ verified }) => verified)).toEqual(CLIS.flatMap(() => [false, false, true]));
    },
  );

  it('refuses what is not signed', async () => {
    expect((await runAws(['s3', 'ls', '--no-sign-request'])).stderr).toContain('(AccessDenied)');
    expect((await runAws(['sts', 'get-caller-identity', '--no-sign-request'])).stderr).toContain(
      '(MissingAuthenticationToken)',
    );
  });

  it('wants the session token of a key that has one, and takes none from a key that has not', async () => {
    const { sessionToken, ...bare } = SESSION_KEY;
    expect((await runAws(['s3', 'ls'], { key: SESSION_KEY })).code).toBe(0);
    expect((await runAws(['s3', 'ls'], { key: bare })).stderr).toContain('(InvalidToken)');
    expect(
      (await runAws(['s3', 'ls'], { key: { ...bare, sessionToken: `${sessionToken}x` } })).stderr,
    ).toContain('(InvalidToken)');
    expect((await runAws(['s3', 'ls'], { key: { ...FAKE_AWS_KEY, sessionToken: 'x' } })).code).not.toBe(0);
  });

  it('lets a read-only key read and refuses its writes', async () => {
    const key = FAKE_AWS_READ_ONLY_KEY;
    expect((await runAws(['s3', 'ls', 's3://allowed'], { key })).code).toBe(0);
    expect((await runAws(['s3', 'mb', 's3://new-bucket'], { key })).stderr).toContain('(AccessDenied)');
    expect((await runAws(['s3', 'rm', 's3://allowed/k'], { key })).code).toBe(1);
    expect((await runAws(['iam', 'create-access-key'], { key })).stderr).toContain('(AccessDenied)');
    expect(aws.state.buckets.get('allowed')?.objects.has('k')).toBe(true);
  });
});

/** One raw request that a CLI would never send. */
function send(options: {
  url: string;
  path: string;
  headers?: Record<string, string>;
  method?: string;
  body?: string;
}): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const call = httpRequest(
      options.url + options.path,
      { method: options.method ?? 'GET', headers: options.headers ?? {} },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({
            code: response.statusCode ?? null,
            stdout: Buffer.concat(chunks).toString(),
            stderr: '',
          }),
        );
      },
    );
    call.once('error', reject);
    call.end(options.body);
  });
}

describe('aws: signatures made by hand', () => {
  const presign = async (): Promise<string> => {
    const { stdout } = await runAws(['s3', 'presign', 's3://allowed/k']);
    return stdout.trim().slice(aws.url.length);
  };

  it('opens an object to a presigned link, and to no altered one', async () => {
    const link = await presign();
    expect(await send({ url: aws.url, path: link })).toMatchObject({ code: 200, stdout: 'the object k\n' });
    for (const bad of [
      link.replace('/k?', '/a/one.txt?'),
      link.replace('Expires=3600', 'Expires=9999'),
      `${link}0`,
    ]) {
      const { code, stdout } = await send({ url: aws.url, path: bad });
      expect([code, stdout.includes('SignatureDoesNotMatch')]).toEqual([403, true]);
    }
  });

  it('refuses a link that has run out and a header that was added on the way', async () => {
    const link = await presign();
    const old = link.replace(/Date=\d{8}T/, 'Date=20200101T').replace(/%2F\d{8}%2F/, '%2F20200101%2F');
    expect((await send({ url: aws.url, path: old })).stdout).toContain('RequestTimeTooSkewed');
    const added = await send({
      url: aws.url,
      path: link,
      headers: { 'x-amz-copy-source': '/prod-data/README.md' },
    });
    expect(added.stdout).toContain('SignatureDoesNotMatch');
  });
});

describe('aws: bytes', () => {
  it.each(CLIS)('carries 64 MiB both ways unchanged through %s', { timeout: 120_000 }, async (cli) => {
    const bytes = randomBytes(64 * 1024 * 1024);
    const file = path.join(home, 'big');
    const back = path.join(home, 'back');
    writeFileSync(file, bytes);
    const steps = [
      ['s3', 'cp', file, 's3://allowed/big', '--no-progress'],
      ['s3', 'cp', 's3://allowed/big', 's3://prod-data/big', '--no-progress'],
      ['s3', 'cp', 's3://prod-data/big', back, '--no-progress'],
      ['s3api', 'put-object', '--bucket', 'allowed', '--key', 'whole', '--body', file],
      ['s3api', 'get-object', '--bucket', 'allowed', '--key', 'whole', `${back}-whole`],
    ];
    for (const argv of steps)
      expect(await runAws(argv, { cli }), argv.join(' ')).toMatchObject({ code: 0, stderr: '' });
    expect(readFileSync(back).equals(bytes)).toBe(true);
    expect(readFileSync(`${back}-whole`).equals(bytes)).toBe(true);
    const operations = new Set(aws.requests.map(({ operation }) => operation));
    expect([...operations]).toEqual(
      expect.arrayContaining(['s3.UploadPart', 's3.UploadPartCopy', 's3.PutObject']),
    );
    expect(aws.state.buckets.get('allowed')?.uploads.size).toBe(0);
  });

  it.each(CLIS)('keeps names that are hard to sign, through %s', async (cli) => {
    const url = `s3://allowed/od d/a b+c%25%é~(x)'!*&=;,@$.txt`;
    expect((await runAws(['s3', 'cp', '-', url], { cli, stdin: 'odd\n' })).code).toBe(0);
    expect((await runAws(['s3', 'cp', url, '-'], { cli })).stdout).toBe('odd\n');
    expect((await runAws(['s3', 'ls', '--recursive', 's3://allowed/od'], { cli })).stdout).toContain(
      url.slice(13),
    );
    expect((await runAws(['s3', 'rm', url], { cli })).code).toBe(0);
    expect((await runAws(['s3', 'cp', url, '-'], { cli })).code).toBe(1);
  });

  it('sends the bytes of a range and refuses one past the end', async () => {
    const target = path.join(home, 'range');
    const get = (range: string): Promise<Ran> =>
      runAws(['s3api', 'get-object', '--bucket', 'allowed', '--key', 'k', '--range', range, target]);
    expect((await get('bytes=4-9')).stdout).toContain('bytes 4-9/13');
    expect(readFileSync(target, 'utf8')).toBe('object');
    expect((await get('bytes=99-')).stderr).toContain('InvalidRange');
  });
});

describe('aws: faults', () => {
  const get = ['s3', 'cp', 's3://allowed/k', '-'];

  it('is unavailable as often as it was told, then well again', async () => {
    aws.faults.push({ kind: 'unavailable', times: 1, path: '/allowed' });
    expect((await runAws(['s3', 'ls', 's3://allowed'])).stderr).toContain('(ServiceUnavailable)');
    expect((await runAws(['s3', 'ls', 's3://allowed'])).code).toBe(0);
  });

  it('does not act when it says that it is unavailable', async () => {
    aws.faults.push({ kind: 'unavailable', times: 1, method: 'DELETE' });
    expect((await runAws(['s3', 'rm', 's3://allowed/k'])).code).toBe(1);
    expect(aws.state.buckets.get('allowed')?.objects.has('k')).toBe(true);
  });

  it('cuts an answer in half', async () => {
    aws.faults.push({ kind: 'half-body', times: 100, method: 'GET' });
    expect((await runAws(get)).code).not.toBe(0);
    aws.faults.length = 0;
    expect(await runAws(get)).toMatchObject({ code: 0, stdout: 'the object k\n' });
  });

  it('hangs until the client gives up', async () => {
    aws.faults.push({ kind: 'hang', times: 1 });
    const { stderr } = await runAws(['sts', 'get-caller-identity', '--cli-read-timeout', '1']);
    expect(stderr).toContain('Read timeout');
  });
});

describe('github: tokens', () => {
  it('refuses a wrong token everywhere', async () => {
    expect((await runGh(['pr', 'list', '-R', 'acme/app'], 'ghp_wrong')).stderr).toContain(
      'HTTP 401: Bad credentials',
    );
    expect(await runGh(['api', 'user'], 'ghp_wrong')).toMatchObject({ code: 1 });
    expect(github.requests.every(({ verified, status }) => !verified && status === 401)).toBe(true);
    expect(github.requests[0]?.credential).toBe(fingerprint('ghp_wrong'));
  });

  it('refuses a request without any', async () => {
    const { code, stdout } = await send({
      url: github.url,
      path: '/user',
      headers: { host: 'api.github.com' },
    });
    expect([code, JSON.parse(stdout).message]).toEqual([401, 'Requires authentication']);
  });

  it('lets a read-only token read and refuses its writes, in GraphQL and REST', async () => {
    const { token } = FAKE_GITHUB_READ_ONLY_TOKEN;
    expect((await runGh(['issue', 'view', '3', '-R', 'acme/app'], token)).code).toBe(0);
    const created = await runGh(['issue', 'create', '-R', 'acme/app', '-t', 'x', '-b', 'y'], token);
    expect(created.stderr).toContain('not accessible by personal access token');
    expect(await runGh(['api', '-X', 'DELETE', 'repos/acme/app'], token)).toMatchObject({ code: 1 });
    expect(github.state.repos.has('acme/app')).toBe(true);
    expect(await runGh(['api', '-X', 'DELETE', 'repos/acme/app'])).toMatchObject({ code: 0 });
    expect(github.state.repos.has('acme/app')).toBe(false);
  });
});

describe('github: what gh does changes what gh sees', () => {
  const app = ['-R', 'acme/app'];

  it('makes, comments, closes and lists issues', async () => {
    const { stdout } = await runGh([
      'issue',
      'create',
      ...app,
      '-t',
      'A new crash',
      '-b',
      'text',
      '-l',
      'bug',
    ]);
    const url = stdout.trim();
    expect((await runGh(['issue', 'list', ...app, '-l', 'bug'])).stdout).toContain('A new crash');
    expect((await runGh(['issue', 'comment', url, '-b', 'me too'])).code).toBe(0);
    expect((await runGh(['issue', 'view', url, '--comments'])).stdout).toContain('me too');
    expect((await runGh(['issue', 'close', url])).code).toBe(0);
    expect((await runGh(['issue', 'list', ...app, '-l', 'bug'])).stdout).not.toContain('A new crash');
  });

  it('makes, diffs, merges and closes pull requests', async () => {
    const create = ['pr', 'create', ...app, '--head', 'topic', '--base', 'main', '-t', 'Topic', '-b', 'b'];
    const { stdout } = await runGh(create);
    expect((await runGh(['pr', 'diff', '12', ...app])).stdout).toMatch(/^diff --git /);
    expect((await runGh(['pr', 'merge', '12', ...app, '--squash'])).code).toBe(0);
    expect((await runGh(['pr', 'close', stdout.trim()])).code).toBe(0);
    const states = await runGh([
      'pr',
      'list',
      ...app,
      '-s',
      'all',
      '--json',
      'title,state',
      '--jq',
      '.[]|.title+" "+.state',
    ]);
    expect(states.stdout).toMatch(/Topic CLOSED[^]*Fix login MERGED/);
    expect((await runGh(['pr', 'checks', '13', ...app])).stdout).toContain('test\tfail');
  });

  it('carries a 64 MiB asset up and down, and gh sends no token to the asset host', async () => {
    const file = path.join(home, 'asset.bin');
    const bytes = randomBytes(64 * 1024 * 1024);
    writeFileSync(file, bytes);
    expect(await runGh(['release', 'upload', 'v1.0.0', file, ...app])).toMatchObject({ code: 0 });
    const target = path.join(home, 'down');
    expect(
      await runGh(['release', 'download', 'v1.0.0', '-p', 'asset.bin', '-D', target, ...app]),
    ).toMatchObject({ code: 0 });
    expect(readFileSync(path.join(target, 'asset.bin')).equals(bytes)).toBe(true);
    const byHost = (host: string): (string | null)[] =>
      github.requests.filter((one) => one.host === host).map(({ credential }) => credential);
    expect(byHost('objects.githubusercontent.com')).toEqual([null]);
    expect(byHost('uploads.github.com')).toEqual([fingerprint(FAKE_GITHUB_TOKEN.token)]);
  });

  it('opens an asset to its signed link and to no other', async () => {
    const headers = { host: 'objects.githubusercontent.com' };
    const link = '/github-production-release-asset/acme/app/1001?X-Amz-Signature=';
    expect(await send({ url: github.url, path: `${link}00`, headers })).toMatchObject({ code: 403 });
    const asset = ['api', 'repos/acme/app/releases/assets/1001', '-H', 'Accept: application/octet-stream'];
    expect(await runGh(asset)).toMatchObject({ code: 0, stdout: 'app 1.0.0\n' });
  });

  it('pages with Link headers and answers 404 in JSON', async () => {
    const numbers = ['api', 'repos/acme/app/issues?state=all&per_page=3', '--paginate', '--jq', '.[].number'];
    expect((await runGh(numbers)).stdout.trim().split('\n')).toEqual([
      '13',
      '12',
      '11',
      '10',
      '4',
      '3',
      '2',
      '1',
    ]);
    expect(github.requests).toHaveLength(3);
    expect((await runGh(['api', 'repos/acme/none'])).stderr).toContain('HTTP 404');
  });

  it('judges queries by the published schema and performs no mutation it does not know', async () => {
    expect((await runGh(['api', 'graphql', '-f', 'query={viewer{shoeSize}}'])).stderr).toContain('shoeSize');
    expect((await runGh(['issue', 'lock', '4', ...app])).code).toBe(1);
  });
});
