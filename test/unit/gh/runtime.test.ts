import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { prepareGh } from '../../../repeaters/gh/cli.js';
import { findToken } from '../../../repeaters/gh/credentials.js';
import { ghEnvironment, makePlace } from '../../../repeaters/gh/environment.js';
import { createGhRepeater } from '../../../repeaters/gh/repeater.js';
import { loadTable } from '../../../repeaters/gh/tables.js';
import { SOCKET_PATH_BYTES_MAX } from '../../../src/protocol/limits.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ghu-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

async function program(path: string, script: string): Promise<string> {
  await mkdir(join(directory, path, '..'), { recursive: true });
  await writeFile(join(directory, path), `#!/bin/sh\n${script}\n`);
  await chmod(join(directory, path), 0o700);
  return join(directory, path);
}
const gh = (version: string): Promise<string> =>
  program(`bin-${version}/gh`, `echo "gh version ${version} (2026-01-01)"`);

describe('the real gh', () => {
  it('is 2.23 or newer', async () => {
    const path = await gh('2.23.0');
    expect(await prepareGh({ configured: path, path: '', sandbox: 'off' })).toMatchObject({
      path,
      version: '2.23.0',
    });
    await expect(
      prepareGh({ configured: await gh('2.22.1'), path: '', sandbox: 'off' }),
    ).rejects.toMatchObject({
      code: 'repeater_unavailable',
      message: 'gh 2.22.1 is too old',
    });
  });
  it('has the nearest older table', () => {
    expect(loadTable('2.23.0').version).toBe('2.23.0');
    expect(loadTable('2.81.4').version).toBe('2.23.0');
    expect(() => loadTable('2.9.0')).toThrow(/older than turret knows/);
  });
});

describe('the token', () => {
  const source = { host: 'github.com', mode: 'env' as const, gh: '/nonexistent' };
  it('is the variable gh itself would take', async () => {
    const env = { GITHUB_TOKEN: 'second', GH_TOKEN: 'first', GH_ENTERPRISE_TOKEN: 'third' };
    expect(await findToken({ ...source, env })).toBe('first');
    expect(await findToken({ ...source, env: { GITHUB_TOKEN: 'second' } })).toBe('second');
    expect(await findToken({ ...source, env, host: 'ghe.example' })).toBe('third');
  });
  it('is what gh has stored, when that is wanted', async () => {
    const stored = await program(
      'gh',
      '[ "$*" = "auth token --hostname github.com" ] && [ -z "$AWS_X" ] && echo "stored-$HOME"',
    );
    const env = { HOME: '/h', AWS_X: 'never passed on' };
    expect(await findToken({ ...source, env, mode: 'auto', gh: stored })).toBe('stored-/h');
    await expect(findToken({ ...source, env, gh: stored })).rejects.toMatchObject({ code: 'no_credentials' });
  });
  it('is missed with a hint, and is one word', async () => {
    const failing = await program('gh', 'exit 1');
    await expect(findToken({ ...source, env: {}, mode: 'auto', gh: failing })).rejects.toMatchObject({
      code: 'no_credentials',
      hints: [expect.stringContaining('gh auth login')],
    });
    const broken = findToken({ ...source, env: { GH_TOKEN: 'a\r\nX-Evil: b' } });
    await expect(broken).rejects.toMatchObject({ code: 'no_credentials' });
    await expect(broken).rejects.not.toThrow(/X-Evil/);
  });
});

describe('the place of a call', () => {
  it('is private, and its socket fits even when the session’s directory is deep', async () => {
    const deep = join(directory, 'd'.repeat(100));
    await mkdir(deep);
    for (const parent of [directory, deep]) {
      const place = await makePlace({ parent, branch: undefined });
      expect((await stat(place.root)).mode & 0o777).toBe(0o700);
      expect(Buffer.byteLength(place.socket)).toBeLessThanOrEqual(SOCKET_PATH_BYTES_MAX);
      expect(await readFile(join(place.root, 'config/config.yml'), 'utf8')).toContain(
        `http_unix_socket: "${place.socket}"`,
      );
      await place.remove();
      await expect(stat(place.root)).rejects.toThrow('ENOENT');
    }
  });
  it('has a git that knows the branch and nothing else', async () => {
    const branch = "it's-$(id)/`x`";
    const place = await makePlace({ parent: directory, branch });
    const git = (...words: string[]) => promisify(execFile)(join(place.root, 'bin/git'), words, { env: {} });
    expect((await git('symbolic-ref', '--quiet', 'HEAD')).stdout).toBe(`refs/heads/${branch}\n`);
    await expect(git('remote', '-v')).rejects.toMatchObject({ code: 1, stdout: '' });
    await expect(git('push', 'origin')).rejects.toMatchObject({ code: 1 });
  });
  it('has an environment made from nothing', async () => {
    process.env['TURRET_TEST_LEAK'] = 'leak';
    const place = await makePlace({ parent: directory, branch: undefined });
    const make = (host: string, tty?: Parameters<typeof ghEnvironment>[0]['tty']) =>
      ghEnvironment({ place, host, dummy: 'ghp_dummy', tty, env: {} });
    const plain = make('github.com');
    expect(Object.values(plain).join()).not.toContain('leak');
    expect(plain).toMatchObject({ GH_TOKEN: 'ghp_dummy', PATH: join(place.root, 'bin'), NO_COLOR: '1' });
    expect(plain).not.toHaveProperty('GH_FORCE_TTY');
    const tty = { stdin: true, stdout: true, stderr: true, cols: 132, rows: 50, color: true };
    expect(make('github.com', tty)).toMatchObject({ GH_FORCE_TTY: '132' });
    expect(make('github.com', tty)).not.toHaveProperty('NO_COLOR');
    expect(make('ghe.example')).toMatchObject({ GH_HOST: 'ghe.example', GH_ENTERPRISE_TOKEN: 'ghp_dummy' });
    expect(make('ghe.example')).not.toHaveProperty('GH_TOKEN');
    delete process.env['TURRET_TEST_LEAK'];
  });
});

const make = async (config: Record<string, string>, name = 'gh') => {
  const cli = await gh('2.60.1');
  return createGhRepeater({
    name,
    kind: 'gh',
    config: { cli, ...config },
    env: {},
    directory,
    agent_writes: [],
    siblings: {},
  });
};

describe('the repeater', () => {
  it('registers what can be asked for, and nothing that is refused', async () => {
    const names = (await make({})).actions.map((action) => action.name);
    expect(names).toEqual(
      expect.arrayContaining([
        'pr.list',
        'repo.deploy_key.add',
        'api.get',
        'api.graphql_mutation',
        'cli.version',
      ]),
    );
    expect(
      names.filter((name) => /^(?:auth|config|alias|extension|browse)|checkout|clone|\.ssh/.test(name)),
    ).toEqual(['auth.status', 'label.clone']);
    expect(new Set(names).size).toBe(names.length);
  });
  it('registers whatever the API can turn out to be', async () => {
    const repeater = await make({});
    const names = new Set(repeater.actions.map(({ name }) => `gh.${name}`));
    const below = (
      ' pulls pulls/1 pulls/1/files issues issues/1 releases releases/latest releases/1 releases/tags/v1 labels labels/x actions/runs ' +
      'actions/runs/1 actions/runs/1/jobs actions/workflows actions/workflows/ci.yml actions/caches actions/secrets actions/variables ' +
      'actions/variables/x environments/e/secrets environments/e/variables/x keys keys/1 contents/.env git/blobs/x commits'
    ).split(' ');
    const paths = [
      'search/code',
      'search/commits',
      'search/issues',
      'search/repositories',
      'orgs/a/actions/secrets',
      'user',
    ];
    for (const path of [...paths, ...below.map((rest) => `repos/a/b/${rest}`.replace(/\/$/, ''))]) {
      const result = await repeater.resolve?.({ tool: 'gh', argv: ['api', path], cwd: '/w' });
      expect(result).toHaveProperty('capabilities');
      for (const { action } of result && 'capabilities' in result ? result.capabilities : [])
        expect(names).toContain(action);
    }
  });
  it('resolves under its own name and host', async () => {
    const work = await make({ host: 'GHE.example' }, 'work');
    const call = { tool: 'gh', argv: ['pr', 'view', 'https://ghe.example/A/b/pull/1'], cwd: '/w' };
    expect(await work.resolve?.(call)).toMatchObject({
      capabilities: [{ action: 'work.pr.view', params: { repo: 'a/b', number: 1 } }],
    });
    expect(() => work.resolve?.({ ...call, argv: ['pr', 'view', 'https://github.com/A/b/pull/1'] })).toThrow(
      /not an address on ghe.example/,
    );
  });
  it.each([
    { host: 'a/b' },
    { credentials: 'vault' },
    { endpoint: 'nonsense' },
    { endpoint: 'ftp://x/' },
    { endpoint: 'http://u@x/' },
  ])('does not start with %j', async (config) => {
    await expect(make(config)).rejects.toMatchObject({ code: 'config_invalid' });
  });
});
