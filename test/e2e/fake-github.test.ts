// The fakes are evidence in every other end-to-end test, so they are tested first and with the bare, real CLIs:
// here GitHub.

import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FAKE_AWS_KEY } from '../fakes/aws.js';
import { FAKE_GITHUB_READ_ONLY_TOKEN, FAKE_GITHUB_TOKEN, fingerprint } from '../fakes/github.js';
import { sendRaw, startBareWorld, type BareWorld } from '../helpers/bare-cli.js';

let world: BareWorld;

beforeAll(async () => {
  world = await startBareWorld([FAKE_AWS_KEY]);
});

afterAll(() => world.close());

beforeEach(() => world.reset());

const byHost = (host: string): (string | null)[] =>
  world.github.requests.filter((one) => one.host === host).map(({ credential }) => credential);
describe('github: tokens', () => {
  it('refuses a wrong token everywhere', async () => {
    expect((await world.runGh(['pr', 'list', '-R', 'acme/app'], 'ghp_wrong')).stderr).toContain(
      'HTTP 401: Bad credentials',
    );
    expect(await world.runGh(['api', 'user'], 'ghp_wrong')).toMatchObject({ code: 1 });
    expect(world.github.requests.every(({ verified, status }) => !verified && status === 401)).toBe(true);
    expect(world.github.requests[0]?.credential).toBe(fingerprint('ghp_wrong'));
  });

  it('refuses a request without any', async () => {
    const { code, stdout } = await sendRaw({
      url: world.github.url,
      path: '/user',
      headers: { host: 'api.github.com' },
    });
    expect([code, JSON.parse(stdout).message]).toEqual([401, 'Requires authentication']);
  });

  it('lets a read-only token read and refuses its writes, in GraphQL and REST', async () => {
    const { token } = FAKE_GITHUB_READ_ONLY_TOKEN;
    expect((await world.runGh(['issue', 'view', '3', '-R', 'acme/app'], token)).code).toBe(0);
    const created = await world.runGh(['issue', 'create', '-R', 'acme/app', '-t', 'x', '-b', 'y'], token);
    expect(created.stderr).toContain('not accessible by personal access token');
    expect(await world.runGh(['api', '-X', 'DELETE', 'repos/acme/app'], token)).toMatchObject({ code: 1 });
    expect(world.github.state.repos.has('acme/app')).toBe(true);
    expect(await world.runGh(['api', '-X', 'DELETE', 'repos/acme/app'])).toMatchObject({ code: 0 });
    expect(world.github.state.repos.has('acme/app')).toBe(false);
  });
});

describe('github: what gh does changes what gh sees', () => {
  const app = ['-R', 'acme/app'];

  it('makes, comments, closes and lists issues', async () => {
    const { stdout } = await world.runGh([
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
    expect((await world.runGh(['issue', 'list', ...app, '-l', 'bug'])).stdout).toContain('A new crash');
    expect((await world.runGh(['issue', 'comment', url, '-b', 'me too'])).code).toBe(0);
    expect((await world.runGh(['issue', 'view', url, '--comments'])).stdout).toContain('me too');
    expect((await world.runGh(['issue', 'close', url])).code).toBe(0);
    expect((await world.runGh(['issue', 'list', ...app, '-l', 'bug'])).stdout).not.toContain('A new crash');
  });

  it('makes, diffs, merges and closes pull requests', async () => {
    const create = ['pr', 'create', ...app, '--head', 'topic', '--base', 'main', '-t', 'Topic', '-b', 'b'];
    const { stdout } = await world.runGh(create);
    expect((await world.runGh(['pr', 'diff', '12', ...app])).stdout).toMatch(/^diff --git /);
    expect((await world.runGh(['pr', 'merge', '12', ...app, '--squash'])).code).toBe(0);
    expect((await world.runGh(['pr', 'close', stdout.trim()])).code).toBe(0);
    const states = await world.runGh([
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
    expect((await world.runGh(['pr', 'checks', '13', ...app])).stdout).toContain('test\tfail');
  });

  it('carries a 64 MiB asset up and down, and gh sends no token to the asset host', async () => {
    const file = path.join(world.home, 'asset.bin');
    const bytes = randomBytes(64 * 1024 * 1024);
    writeFileSync(file, bytes);
    expect(await world.runGh(['release', 'upload', 'v1.0.0', file, ...app])).toMatchObject({ code: 0 });
    const target = path.join(world.home, 'down');
    expect(
      await world.runGh(['release', 'download', 'v1.0.0', '-p', 'asset.bin', '-D', target, ...app]),
    ).toMatchObject({ code: 0 });
    expect(readFileSync(path.join(target, 'asset.bin')).equals(bytes)).toBe(true);
    expect(byHost('objects.githubusercontent.com')).toEqual([null]);
    expect(byHost('uploads.github.com')).toEqual([fingerprint(FAKE_GITHUB_TOKEN.token)]);
  });

  it('opens an asset to its signed link and to no other', async () => {
    const headers = { host: 'objects.githubusercontent.com' };
    const link = '/github-production-release-asset/acme/app/1001?X-Amz-Signature=';
    expect(await sendRaw({ url: world.github.url, path: `${link}00`, headers })).toMatchObject({ code: 403 });
    const asset = ['api', 'repos/acme/app/releases/assets/1001', '-H', 'Accept: application/octet-stream'];
    expect(await world.runGh(asset)).toMatchObject({ code: 0, stdout: 'app 1.0.0\n' });
  });

  it('pages with Link headers and answers 404 in JSON', async () => {
    const numbers = ['api', 'repos/acme/app/issues?state=all&per_page=3', '--paginate', '--jq', '.[].number'];
    expect((await world.runGh(numbers)).stdout.trim().split('\n')).toEqual([
      '13',
      '12',
      '11',
      '10',
      '4',
      '3',
      '2',
      '1',
    ]);
    expect(world.github.requests).toHaveLength(3);
    expect((await world.runGh(['api', 'repos/acme/none'])).stderr).toContain('HTTP 404');
  });

  it('judges queries by the published schema and performs no mutation it does not know', async () => {
    expect((await world.runGh(['api', 'graphql', '-f', 'query={viewer{shoeSize}}'])).stderr).toContain(
      'shoeSize',
    );
    expect((await world.runGh(['issue', 'lock', '4', ...app])).code).toBe(1);
  });
});
