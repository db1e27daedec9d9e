import { describe, expect, it } from 'vitest';
import { parseRemotes } from '../../../repeaters/gh/resolve/remotes.js';
import { parseRemoteUrl } from '../../../repeaters/gh/resolve/repo-name.js';
import { resolveGh } from '../../../repeaters/gh/resolve/resolve.js';
import { loadTable } from '../../../repeaters/gh/tables.js';
import { TurretError } from '../../../src/errors.js';
import type { Params, ResolveResult } from '../../../src/protocol/messages.js';

const context = { name: 'gh', host: 'github.com', table: loadTable('2.23.0') };
const resolve = (argv: string[], facts?: Record<string, string>): ResolveResult =>
  resolveGh({ tool: 'gh', argv, cwd: '/w', ...(facts ? { facts } : {}) }, context);
function params(argv: string[], facts: Record<string, string>): Params {
  const result = resolve(argv, facts);
  if (!('capabilities' in result)) throw new Error(`asks for ${JSON.stringify(result)}`);
  return result.capabilities[0]?.params ?? {};
}
const remotes = (urls: Record<string, string>): string =>
  Object.entries(urls)
    .map(([name, url]) => `${name}\t${url} (fetch)\n${name}\t${url} (push)\n`)
    .join('');
const checkout = (
  urls: Record<string, string>,
  more: Record<string, string> = {},
): Record<string, string> => ({
  'env.GH_REPO': '',
  'git.remotes': remotes(urls),
  'git.config.remote.*.gh-resolved': '',
  'git.branch': 'feat',
  ...more,
});
const ORIGIN = checkout({ origin: 'git@github.com:acme/app.git' });

describe('what the checkout says is asked by name', () => {
  it('only when the command line does not say it', () => {
    expect(resolve(['pr', 'list'])).toEqual({
      facts: ['env.GH_REPO', 'git.remotes', 'git.config.remote.*.gh-resolved'],
    });
    expect(resolve(['pr', 'list', '-R', 'acme/app'])).toHaveProperty('capabilities');
    expect(resolve(['pr', 'view', '12', '-R', 'acme/app'])).toHaveProperty('capabilities');
    expect(resolve(['api', 'user'])).toHaveProperty('capabilities');
  });
  it('then the branch, for commands about the current pull request', () => {
    const { 'git.branch': _branch, ...first } = ORIGIN;
    expect(resolve(['pr', 'view'], first)).toEqual({ facts: ['git.branch'] });
    expect(params(['pr', 'view'], ORIGIN)).toEqual({ repo: 'acme/app', branch: 'feat' });
    expect(params(['pr', 'create', '-t', 'x', '-b', 'y'], ORIGIN)).toMatchObject({
      repo: 'acme/app',
      head: 'feat',
    });
    expect(params(['pr', 'status'], ORIGIN)).toEqual({ repo: 'acme/app', branch: 'feat' });
  });
  it('and GH_REPO is not looked at where gh does not', () => {
    const named = { ...ORIGIN, 'env.GH_REPO': 'other/one' };
    for (const words of [
      ['repo', 'view'],
      ['repo', 'delete', '--yes'],
      ['repo', 'archive', '-y'],
      ['repo', 'edit', '--enable-wiki'],
    ])
      expect(params(words, named)['repo']).toBe('acme/app');
    expect(params(['repo', 'rename', 'x', '-y'], named)['repo']).toBe('other/one');
  });
  it('and what gh would ask about is not done without asking', () => {
    expect(() => resolve(['repo', 'rename', 'x'], ORIGIN)).toThrow(/would ask/);
    expect(params(['repo', 'rename', 'x', '-R', 'acme/app'], ORIGIN)).toEqual({
      repo: 'acme/app',
      new_name: 'x',
    });
  });
  it('and a branch that reads as a number is not taken for one', () => {
    for (const branch of ['007', '12', '#1'])
      expect(() => resolve(['pr', 'view'], { ...ORIGIN, 'git.branch': branch })).toThrow(/reads as a number/);
  });
  it('and is never asked a second time', () => {
    expect(() => resolve(['pr', 'list'], { 'git.remotes': '' })).toThrow(TurretError);
    expect(() => resolve(['pr', 'view'], { ...ORIGIN, 'git.branch': '' })).toThrow(TurretError);
    expect(() => resolve(['pr', 'status'], { ...ORIGIN, 'git.branch': 'HEAD' })).toThrow(/no branch/);
  });
});

describe('the choice among remotes', () => {
  it.each<[string, Record<string, string>, Record<string, string>, string]>([
    ['takes the only one', { x: 'https://github.com/a/b' }, {}, 'a/b'],
    [
      'prefers upstream to origin',
      { origin: 'git@github.com:me/b.git', upstream: 'git@github.com:a/b.git' },
      {},
      'a/b',
    ],
    [
      'prefers origin to others',
      { a: 'git@github.com:x/y.git', origin: 'git@github.com:a/b.git' },
      {},
      'a/b',
    ],
    [
      'passes over other hosts',
      { upstream: 'git@gitlab.example:x/y.git', origin: 'git@github.com:a/b.git' },
      {},
      'a/b',
    ],
    ['obeys GH_REPO', { origin: 'git@github.com:a/b.git' }, { 'env.GH_REPO': 'Other/One' }, 'other/one'],
    [
      'obeys the default',
      { origin: 'git@github.com:a/b.git', upstream: 'git@github.com:c/d.git' },
      { 'git.config.remote.*.gh-resolved': 'remote.origin.gh-resolved base\n' },
      'a/b',
    ],
    [
      'obeys the default by name',
      { origin: 'git@github.com:a/b.git' },
      { 'git.config.remote.*.gh-resolved': 'remote.origin.gh-resolved c/d' },
      'c/d',
    ],
  ])('%s', (_title, urls, more, repo) => {
    expect(params(['pr', 'list'], checkout(urls, more))).toEqual({ repo });
  });
  it.each<[string, Record<string, string>, Record<string, string>]>([
    ['no remote', {}, {}],
    ['a foreign host', { origin: 'https://attacker.example/o/r' }, {}],
    ['GH_REPO on another host', { origin: 'git@github.com:a/b.git' }, { 'env.GH_REPO': 'evil.example/a/b' }],
    [
      'two defaults',
      { origin: 'git@github.com:a/b.git' },
      { 'git.config.remote.*.gh-resolved': 'remote.a.gh-resolved base\nremote.b.gh-resolved base' },
    ],
    [
      'a default that is not there',
      { origin: 'git@github.com:a/b.git' },
      { 'git.config.remote.*.gh-resolved': 'remote.x.gh-resolved base' },
    ],
    [
      'a default on another host',
      { origin: 'git@github.com:a/b.git' },
      { 'git.config.remote.*.gh-resolved': 'remote.origin.gh-resolved h/a/b' },
    ],
  ])('refuses %s', (_title, urls, more) => {
    expect(() => resolve(['pr', 'list'], checkout(urls, more))).toThrow(TurretError);
  });
  it('names the fork that a branch is on', () => {
    const fork = checkout({ origin: 'git@github.com:me/app.git', upstream: 'git@github.com:acme/app.git' });
    expect(params(['pr', 'view'], fork)).toEqual({ repo: 'acme/app', branch: 'me:feat' });
    expect(params(['pr', 'create', '-t', 'x', '-b', 'y'], fork)).toMatchObject({
      repo: 'acme/app',
      head: 'me:feat',
    });
  });
  it('refuses a branch that is none', () => {
    for (const branch of ['-x', 'a b', 'a..b', "a'\nb", 'a\u202eb', '/a', 'a/']) {
      expect(() => resolve(['pr', 'view'], { ...ORIGIN, 'git.branch': branch })).toThrow(TurretError);
    }
  });
});

describe('remote addresses', () => {
  it.each([
    'https://github.com/acme/app',
    'https://github.com/acme/app.git',
    'https://x:y@github.com/acme/app.git/',
    'http://github.com/acme/app',
    'git@github.com:acme/app.git',
    'github.com:acme/app',
    'ssh://git@github.com/acme/app.git',
    'ssh://git@ssh.github.com:443/acme/app.git',
    'git://github.com/acme/app.git',
    'https://www.github.com/Acme/App',
  ])('%s is acme/app', (url) => {
    expect(parseRemoteUrl(url, 'github.com')).toBe('acme/app');
  });
  it.each([
    'https://github.com.evil.example/acme/app',
    'https://evil.example/github.com/acme/app',
    'https://github.com/acme',
    'https://github.com/acme/app/x',
    'https://github.com@evil.example/acme/app',
    'git@evil.example:acme/app',
    '/srv/acme/app',
    'file:///github.com/acme/app',
    'ext::sh -c id',
    'https://github.com:8443/acme/app',
    'git@github.com:../app',
    'https://github.com/acme/..',
    'git@github.com:/acme/app',
  ])('%s is not', (url) => {
    expect(parseRemoteUrl(url, 'github.com')).toBeUndefined();
  });
  it('are read from fetch lines only', () => {
    expect(
      parseRemotes(
        'a\tgit@github.com:x/y (push)\nb\tgit@github.com:a/b (fetch) [blob:none]\nnonsense',
        'github.com',
      ),
    ).toEqual([{ name: 'b', repo: 'a/b' }]);
  });
});
