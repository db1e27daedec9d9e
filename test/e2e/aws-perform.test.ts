// From a command line to what the agent gets back, without the broker: resolve, plan, real CLI, injector, fake AWS.

import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { mkdir, mkdtemp, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { build } from 'esbuild';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createAwsRepeater } from '../../repeaters/aws/repeater.js';
import { readFileEntries, writeFileEntry } from '../../src/wire/file-stream.js';
import type { Repeater, Run, RunResult } from '../../repeaters/sdk/types.js';
import { FAKE_AWS_KEY, startFakeAws, type FakeAws } from '../fakes/aws.js';
import { CLIS } from '../helpers/installed-aws.js';

interface Outcome extends RunResult {
  stdout: Buffer;
  stderr: string;
  files: Record<string, string>;
}

interface Given {
  argv: string[];
  stdin?: Buffer;
  files?: Record<string, Uint8Array | number>;
  abort?: AbortController;
  /** Emits `signal` with a name. */
  signals?: EventEmitter;
}

async function perform(repeater: Repeater, { argv, stdin, files = {}, ...given }: Given): Promise<Outcome> {
  const resolved = await repeater.resolve?.({ tool: 'aws', argv, cwd: '/home/agent', facts: {} });
  if (!resolved || !('capabilities' in resolved))
    throw new Error(`not resolved: ${JSON.stringify(resolved)}`);
  const { capabilities, needs } = resolved;
  const [stdout, stderr, filesIn, filesOut] = [
    new PassThrough(),
    new PassThrough(),
    new PassThrough(),
    new PassThrough(),
  ];
  const abort = given.abort ?? new AbortController();
  const sent = (async () => {
    for (const [path, content] of Object.entries(files)) {
      const header = { path, mode: 0o644, mtime_ms: 1_700_000_000_000 };
      if (typeof content === 'number')
        await writeFileEntry(filesIn, { ...header, kind: 'stat', size: content });
      else
        await writeFileEntry(filesIn, { ...header, kind: 'file', size: content.length }, [
          Buffer.from(content),
        ]);
    }
    filesIn.end();
  })();
  const returned = (async () => {
    const out: Record<string, string> = {};
    for await (const entry of readFileEntries(filesOut)) {
      const hash = createHash('sha256');
      for await (const chunk of entry.content) hash.update(chunk);
      out[entry.path] = hash.digest('hex');
    }
    return out;
  })();
  const run: Run = {
    call: 'c1',
    capabilities,
    needs,
    tty: undefined,
    signal: abort.signal,
    stdin: Readable.from(stdin ? [stdin] : []),
    stdout,
    stderr,
    filesIn,
    filesOut,
    used: () => undefined,
    onSignal: (listener) => given.signals?.on('signal', listener),
    onResize: () => undefined,
  };
  const output = Promise.all([buffer(stdout), buffer(stderr)]);
  const end = (): void => [stdout, stderr, filesOut].forEach((stream) => stream.end());
  const result = await repeater.run(run).finally(end);
  const [out, err] = await output;
  await sent;
  return { ...result, stdout: out, stderr: err.toString(), files: await returned };
}

const sha256 = (content: Uint8Array | string): string => createHash('sha256').update(content).digest('hex');

const COMMANDS: Given[] = [
  { argv: ['s3', 'ls', 's3://allowed/'] },
  { argv: ['s3', 'ls', 's3://allowed/', '--recursive'] },
  { argv: ['s3', 'cp', 'f', 's3://allowed/deep/f'], files: { f: Buffer.from('x') } },
  {
    argv: ['s3', 'cp', 'dir', 's3://allowed/up/', '--recursive'],
    files: { 'dir/a': Buffer.from('a'), 'dir/b/c': Buffer.from('c') },
  },
  {
    argv: ['s3', 'sync', 'dir', 's3://allowed/up2/'],
    files: { 'dir/a': Buffer.from('a'), 'dir/b/c': Buffer.from('c') },
  },
  {
    argv: ['s3api', 'put-object', '--bucket', 'allowed', '--key', 'a b', '--body', 'f'],
    files: { f: Buffer.from('x') },
  },
  { argv: ['s3api', 'list-objects-v2', '--bucket', 'allowed', '--prefix', 'a'] },
  { argv: ['s3api', 'head-bucket', '--bucket', 'allowed'] },
  { argv: ['s3', 'ls', 's3://eu-bucket/'] },
  { argv: ['s3', 'cp', 'f', 's3://eu-bucket/f'], files: { f: Buffer.from('x') } },
  { argv: ['sts', 'get-caller-identity', '--query', 'Account', '--output', 'text'] },
  { argv: ['ec2', 'describe-instances'] },
  { argv: ['dynamodb', 'list-tables'] },
  { argv: ['logs', 'describe-log-groups'] },
  { argv: ['iam', 'list-users'] },
  { argv: ['sqs', 'list-queues'] },
];

const WAYS = CLIS.flatMap((cli) => [
  { cli, zygote: 'auto' },
  { cli, zygote: 'off' },
]);

describe.each(WAYS)('an approved call through $cli (zygote: $zygote)', ({ cli, zygote }) => {
  let directory: string;
  let fake: FakeAws;
  let repeater: Repeater;
  const env = {
    AWS_ACCESS_KEY_ID: FAKE_AWS_KEY.accessKeyId,
    AWS_SECRET_ACCESS_KEY: FAKE_AWS_KEY.secretAccessKey,
  };

  const make = async (own: string, more: Record<string, string>, credentials = 'env'): Promise<Repeater> => {
    await mkdir(join(directory, own), { mode: 0o700 });
    return createAwsRepeater({
      name: 'aws',
      kind: 'aws',
      config: { cli, zygote, sandbox: 'required', credentials, endpoint: fake.url, region: 'us-east-1' },
      env: { HOME: directory, PATH: '/usr/bin:/bin', ...more },
      directory: join(directory, own),
      agent_writes: [],
      siblings: {},
    });
  };

  const leftOvers = async (): Promise<string[]> =>
    (await readdir(join(directory, 'private', 'calls'))).filter((name) => name.startsWith('call-'));
  /** That of the fork that waits for the next call. */
  const onlySpare = async (): Promise<void> =>
    vi.waitFor(async () => expect(await leftOvers()).toHaveLength(zygote === 'auto' ? 1 : 0));

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'turret-perform-'));
    fake = await startFakeAws();
    repeater = await make('private', env);
  });
  beforeEach(() => {
    fake.reset();
    fake.faults.splice(0);
  });
  afterAll(async () => {
    await fake.close();
    await rm(directory, { recursive: true });
  });

  it('prints what the CLI prints without Turret', async () => {
    const argv = ['s3', 'ls'];
    const guarded = await perform(repeater, { argv });
    const direct = spawn(cli, [...argv, '--endpoint-url', fake.url, '--region', 'us-east-1'], {
      env: { PATH: '/usr/bin:/bin', HOME: directory, LC_ALL: 'C.UTF-8', ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const expected = (await buffer(direct.stdout)).toString();
    expect(guarded).toMatchObject({ exit: 0, stderr: '' });
    expect(guarded.stdout.toString()).toBe(expected);
    expect(guarded.stdout.length).toBeGreaterThan(0);
    expect(fake.requests.every(({ verified }) => verified)).toBe(true);
  });

  it('carries a file up and down by value, and leaves nothing behind', async () => {
    const content = randomBytes(9 * 1024 * 1024);
    const [bucket = ''] = fake.state.buckets.keys();
    const up = await perform(repeater, {
      argv: ['s3', 'cp', 'in/a.bin', `s3://${bucket}/k/a b.bin`],
      files: { 'in/a.bin': content },
    });
    expect(up).toMatchObject({ exit: 0, stderr: '' });
    const down = await perform(repeater, {
      argv: ['s3api', 'get-object', `--bucket=${bucket}`, '--key=k/a b.bin', '/tmp/out/b.bin'],
    });
    expect(down).toMatchObject({ exit: 0, stderr: '', files: { '/tmp/out/b.bin': sha256(content) } });
    await onlySpare();
  });

  it('reads stdin and writes stdout as streams', async () => {
    const content = randomBytes(300_000);
    const [bucket = ''] = fake.state.buckets.keys();
    const up = await perform(repeater, { argv: ['s3', 'cp', '-', `s3://${bucket}/piped`], stdin: content });
    expect(up).toMatchObject({ exit: 0, stderr: '' });
    const down = await perform(repeater, { argv: ['s3', 'cp', `s3://${bucket}/piped`, '-'] });
    expect(sha256(down.stdout)).toBe(sha256(content));
  });

  it('syncs a tree down and does not send back what was there already', async () => {
    const [bucket = ''] = fake.state.buckets.keys();
    for (const key of ['one', 'deep/two']) {
      const argv = ['s3', 'cp', 'f', `s3://${bucket}/tree/${key}`];
      expect(await perform(repeater, { argv, files: { f: Buffer.from(key) } })).toMatchObject({ exit: 0 });
    }
    const argv = ['s3', 'sync', `s3://${bucket}/tree`, 'local', '--size-only'];
    const down = await perform(repeater, { argv, files: { 'local/one': 3 } });
    expect(down).toMatchObject({ exit: 0, stderr: '', files: { 'local/deep/two': sha256('deep/two') } });
    expect(Object.keys(down.files)).toEqual(['local/deep/two']);
  });

  it('keeps the environment of its own process away from the CLI', async () => {
    const hostile = {
      NO_PROXY: '*',
      no_proxy: '*',
      AWS_ENDPOINT_URL: 'https://evil.example.com',
      AWS_CA_BUNDLE: '/nonexistent',
      AWS_PROFILE: 'missing',
      PYTHONPATH: '/nonexistent',
    };
    const before = { ...process.env };
    Object.assign(process.env, hostile);
    const outcome = await perform(repeater, { argv: ['s3', 'ls'] });
    process.env = before;
    expect(outcome).toMatchObject({ exit: 0, stderr: '' });
  });

  // Nothing in these is about how the CLI is started: a few will do.
  it.each(zygote === 'auto' ? COMMANDS : COMMANDS.slice(0, 2))('performs $argv', async (given) => {
    expect(await perform(repeater, given)).toMatchObject({ exit: 0, stderr: '' });
  });

  it('copies, moves and removes what was put there', async () => {
    expect(
      await perform(repeater, {
        argv: ['s3', 'cp', 'f', 's3://allowed/w/é+1'],
        files: { f: Buffer.from('x') },
      }),
    ).toMatchObject({ exit: 0, stderr: '' });
    for (const argv of [
      ['s3', 'cp', 's3://allowed/w/é+1', 's3://prod-data/w/2'],
      ['s3', 'mv', 's3://prod-data/w/2', 's3://allowed/w/3'],
      ['s3api', 'copy-object', '--bucket', 'allowed', '--key', 'w/4', '--copy-source', 'allowed/w/3'],
      ['s3', 'rm', 's3://allowed/w/3'],
      ['s3', 'rm', 's3://allowed/w/', '--recursive'],
    ]) {
      expect({ argv, ...(await perform(repeater, { argv })) }).toMatchObject({ argv, exit: 0, stderr: '' });
    }
    expect(
      (await perform(repeater, { argv: ['s3', 'ls', 's3://allowed/w/', '--recursive'] })).stdout.toString(),
    ).toBe('');
  });

  it('refuses files that nobody asked for', async () => {
    const [bucket = ''] = fake.state.buckets.keys();
    const argv = ['s3', 'cp', 'a', `s3://${bucket}/a`];
    await expect(perform(repeater, { argv, files: { b: Buffer.from('x') } })).rejects.toMatchObject({
      code: 'protocol_error',
    });
  });

  it('says what is missing, before anything runs, when there is no credential', async () => {
    const before = fake.requests.length;
    const without = await make('without', {});
    await expect(perform(without, { argv: ['s3', 'ls'] })).rejects.toMatchObject({ code: 'no_credentials' });
    expect(await perform(without, { argv: ['--version'] })).toMatchObject({ exit: 0 });
    expect(fake.requests.slice(before)).toEqual([]);
  });

  it('kills the CLI and everything it started when the call is cancelled', async () => {
    fake.faults.push({ kind: 'hang', times: 1 });
    const abort = new AbortController();
    const call = perform(repeater, { argv: ['s3', 'ls'], abort });
    await vi.waitFor(() => expect(fake.faults[0]?.times).toBe(0), { timeout: 20_000 });
    expect(await processesBelow(directory)).not.toEqual([]);
    abort.abort();
    await expect(call).rejects.toMatchObject({ code: 'cancelled' });
    await vi.waitFor(async () => expect(await processesBelow(directory)).toEqual([]));
    await onlySpare();
  });

  it('forwards a signal, and gives back what the CLI makes of it', async () => {
    fake.faults.push({ kind: 'hang', times: 1 });
    const signals = new EventEmitter();
    const call = perform(repeater, { argv: ['s3', 'ls'], signals });
    await vi.waitFor(() => expect(fake.faults[0]?.times).toBe(0), { timeout: 20_000 });
    signals.emit('signal', 'INT');
    expect(await call).toMatchObject({ exit: 130 });
  });
});

it('leaves no program behind when the repeater itself is killed', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'turret-killed-'));
  const entry = `
    import { runCli } from ${JSON.stringify(fileURLToPath(new URL('../../repeaters/sdk/cli-process.ts', import.meta.url)))};
    await runCli(
      { needs: { stdin: false }, signal: new AbortController().signal, stdout: process.stdout, stderr: process.stderr, onSignal() {} },
      { path: '/bin/sh', argv: ['-c', 'sleep 600 & echo started; wait'], cwd: ${JSON.stringify(directory)}, env: {} },
    );`;
  const stdin = { contents: entry, resolveDir: directory, loader: 'ts' } as const;
  const { outputFiles } = await build({ stdin, bundle: true, platform: 'node', format: 'esm', write: false });
  const script = join(directory, 'script.mjs');
  await writeFile(script, outputFiles[0]?.contents ?? '');
  const repeater = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'ignore'] });
  // What it passes on it has started, and told the watchdog of.
  await once(repeater.stdout, 'data');
  expect(await processesBelow(directory)).toHaveLength(2);
  repeater.kill('SIGKILL');
  await vi.waitFor(async () => expect(await processesBelow(directory)).toEqual([]), { timeout: 5_000 });
  await rm(directory, { recursive: true });
});

/** Programs whose working directory is below `directory`. */
async function processesBelow(directory: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const places = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => ''))); // It ended, or is not ours.
  return places.filter((place) => place.startsWith(directory));
}
