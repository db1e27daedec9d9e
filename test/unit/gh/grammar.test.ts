import { describe, expect, it } from 'vitest';
import { resolveGh } from '../../../repeaters/gh/resolve/resolve.js';
import { loadTable } from '../../../repeaters/gh/tables.js';
import { TurretError } from '../../../src/errors.js';
import type { Capability, Needs } from '../../../src/protocol/messages.js';

const context = { name: 'gh', host: 'github.com', table: loadTable('2.23.0') };
function resolve(
  argv: string[],
  facts?: Record<string, string>,
  cwd = '/home/agent/w',
): { capabilities: Capability[]; needs: Needs } {
  const result = resolveGh({ tool: 'gh', argv, cwd, ...(facts ? { facts } : {}) }, context);
  if (!('capabilities' in result)) throw new Error(`asks: ${JSON.stringify(result)}`);
  return result;
}
function first(argv: string[], facts?: Record<string, string>): Capability {
  const [capability] = resolve(argv, facts).capabilities;
  if (!capability) throw new Error('no capability');
  return capability;
}
function refused(argv: string[], facts?: Record<string, string>): string {
  try {
    resolve(argv, facts);
  } catch (error) {
    if (error instanceof TurretError) return error.message;
    throw error;
  }
  return 'resolved';
}
const R = ['-R', 'acme/app'];

const needs = (argv: string[], cwd?: string): Needs => resolve(argv, undefined, cwd).needs;
const paths = (argv: string[]): string[] => needs(argv).files.map(({ path }) => path);

const stats = (argv: string[]): unknown[] =>
  needs(['release', 'download', 'v1', ...argv, ...R]).files.filter(({ use }) => use === 'stat');

describe('flags', () => {
  it('are exact, in any place after the command, with = or a word', () => {
    const wanted = { action: 'gh.pr.list', params: { repo: 'acme/app', limit: 5, state: 'all' } };
    expect(first(['pr', 'list', '--repo=Acme/APP', '-L', '5', '--state', 'all'])).toMatchObject(wanted);
    expect(first(['pr', 'ls', '-s', 'all', '--limit=5', ...R])).toMatchObject(wanted);
  });
  it.each([
    [['pr', 'list', ...R, '--sta', 'all'], 'a prefix'],
    [['pr', 'list', ...R, '-L5'], 'an attached value'],
    [['pr', 'list', '-R=acme/app'], 'an attached value with ='],
    [['pr', 'list', ...R, '-dL', '5'], 'a bundle'],
    [['pr', 'list', ...R, '--', 'x'], '--'],
    [['pr', 'list', ...R, '-dw'], 'a refused flag in a bundle'],
    [['pr', 'list', ...R, '-q.|env'], 'a program that is attached'],
    [['auth', 'status', '-t'], 'a token'],
    [['auth', 'status', '--show-token'], 'a token'],
    [['auth', 'status', '-h', 'evil.example'], 'another host'],
    [['pr', 'list', ...R, '-L', '5', '--limit', '6'], 'a flag given twice'],
    [['pr', 'list', ...R, '-R', 'acme/app'], 'a repository given twice'],
    [['pr', 'list', ...R, '--limit', '0x10'], 'a number in another base'],
    [['pr', 'list', ...R, '--limit', '-1'], 'a negative number'],
    [['pr', 'list', ...R, '--draft=yes'], 'a switch with another word'],
    [['pr', 'list', ...R, '--label', 'a,,b'], 'an empty list item'],
    [['pr', 'list', ...R, '--label', '"a,b"'], 'CSV quoting'],
    [['pr', 'list', ...R, '--limit'], 'a missing value'],
    [['pr', 'list', ...R, 'word'], 'a word too many'],
    [['pr', 'list', ...R, '--toString', 'x'], 'a name that every object has'],
    [['constructor', 'list'], 'a command that every object has'],
    [['--repo', 'acme/app', 'pr', 'list'], 'a flag before the command'],
    [['pr', '-R', 'acme/app', 'list'], 'a flag inside the command'],
    [['pr', 'list', '--json', 'number', '--jq', '.', '--template', 'x', ...R], 'two output forms'],
    [['pr', 'list', '--author', 'a\u202eb', ...R], 'a direction override'],
    [['pr', 'list', '--author', 'a\u200bb', ...R], 'a zero-width space'],
    [['pr', 'list', '--author', 'a\u200db', ...R], 'a joiner in a name'],
    [['pr', 'list', '--author', 'a\nb', ...R], 'a second line in a name'],
    [['issue', 'create', '-t', 'x', '-b', 'a\u001b[2Jb', ...R], 'an escape sequence in text'],
  ])('%j is refused: %s', (argv) => {
    expect(refused(argv)).not.toBe('resolved');
  });
  it('ask for help with -h as with --help', () => {
    expect(first(['pr', 'list', '-h'])).toEqual(first(['pr', 'list', '--help']));
    expect(first(['-h'])).toEqual(first(['--help']));
  });
  it('keeps lines and emoji in text', () => {
    const body = 'one\n\ttwo 👩‍👩‍👧\n';
    expect(first(['issue', 'create', '-t', 'x', '-b', body, ...R]).params['body']).toBe(body);
  });
  it('reads lists as gh does', () => {
    expect(first(['pr', 'list', '-l', 'a,b', '--label=c d', ...R]).params['label']).toEqual([
      'a',
      'b',
      'c d',
    ]);
    expect(first(['release', 'download', 'v1', '-p', 'a,b', '-p', 'c', ...R]).params['pattern']).toEqual([
      'a,b',
      'c',
    ]);
  });
});

describe('the repository', () => {
  it.each([
    ['acme/app', 'acme/app'],
    ['ACME/App', 'acme/app'],
    ['github.com/acme/app', 'acme/app'],
    ['https://github.com/acme/app', 'acme/app'],
    ['https://github.com/acme/app.git', 'acme/app'],
    ['git@github.com:Acme/app.git', 'acme/app'],
    ['ssh://git@github.com/acme/app', 'acme/app'],
  ])('%s is %s', (word, repo) => {
    expect(first(['pr', 'list', '-R', word]).params['repo']).toBe(repo);
  });
  it.each([
    '',
    'acme',
    'acme/',
    '/app',
    'acme/app/x',
    'evil.example/acme/app',
    'acme/..',
    'acme/.',
    '../app',
    'acme/app?x',
    'acme/app#x',
    'acme/a%2fb',
    'acme/app ',
    'https://evil.example/acme/app',
    'https://github.com.evil.example/acme/app',
    'https://user@github.com/acme/app',
    'https://github.com:8443/acme/app',
    'https://github.com/acme/app/pulls',
    'http:/github.com/acme/app',
    'ext::sh -c id',
    'git@evil.example:acme/app',
    'git@github.com:acme/app/x',
    'ssh://git@evil.example/acme/app',
    '-acme/app',
    'ácme/app',
  ])('%j is refused', (word) => {
    expect(refused(['pr', 'list', `--repo=${word}`])).not.toBe('resolved');
  });
  it('comes from an address, and not from -R as well', () => {
    const view = first(['pr', 'view', 'https://github.com/Victim/Private/pull/5/files']);
    expect(view.params).toEqual({ repo: 'victim/private', number: 5 });
    expect(refused(['pr', 'view', 'https://github.com/victim/private/pull/5', ...R])).not.toBe('resolved');
    expect(refused(['pr', 'view', 'https://github.com/acme/app/issues/5'])).not.toBe('resolved');
  });
});

describe('selectors', () => {
  it.each([
    [['pr', 'view', '12', ...R], { number: 12 }],
    [['pr', 'view', '#12', ...R], { number: 12 }],
    [['pr', 'view', 'feature/x', ...R], { branch: 'feature/x' }],
    [['pr', 'view', 'bob:feature', ...R], { branch: 'bob:feature' }],
    [['run', 'view', '5123456789', ...R], { run_id: 5123456789 }],
  ])('%j', (argv, params) => {
    expect(first(argv).params).toEqual({ repo: 'acme/app', ...params });
  });
  it.each([
    [['pr', 'view', '012', ...R]],
    [['pr', 'view', '+12', ...R]],
    [['pr', 'view', '#x', ...R]],
    [['pr', 'view', '', ...R]],
    [['pr', 'view', 'a..b', ...R]],
    [['pr', 'view', 'a b', ...R]],
    [['pr', 'view', ...R]],
    [['pr', 'close', ...R]],
    [['issue', 'view', 'branch', ...R]],
    [['issue', 'view', ...R]],
    [['run', 'view', '1e3', ...R]],
    [['release', 'view', '../../x', ...R]],
    [['release', 'view', 'v1?x=1', ...R]],
    [['secret', 'delete', '../x', ...R]],
    [['gist', 'view', '../user']],
    [['gist', 'view', 'https://gist.evil.example/u/abc']],
  ])('%j is refused', (argv) => {
    expect(refused(argv)).not.toBe('resolved');
  });
});

describe('searches that reach past their repository', () => {
  it.each([
    [['search', 'issues', '--repo', 'acme/app', 'crash'], false],
    [['search', 'issues', '--repo', 'acme/app', 'label:bug crash'], false],
    [['search', 'issues', '--repo', 'acme/app', 'crash repo:victim/private'], true],
    [['search', 'issues', '--repo', 'acme/app', 'crash', 'OR', 'x'], true],
    [['search', 'issues', '--repo', 'acme/app', 'org:victim'], true],
    [['search', 'issues', 'crash'], true],
    [['pr', 'list', ...R, '--search', 'review:required'], false],
    [['pr', 'list', ...R, '--search', 'REPO:victim/private'], true],
    [['issue', 'list', ...R, '-S', '(a OR b)'], true],
    [['api', 'search/issues?q=repo:acme/app'], true],
    [['search', 'issues', '--repo', 'acme/app', 'crash,repo:victim/private'], true],
    // gh makes `user:victim` of it, and that is a union with `repo:`.
    [['search', 'issues', '--repo', 'acme/app', '--owner', 'victim', 'crash'], true],
    [['search', 'issues', '--repo', 'acme/app', '--author', 'x" repo:victim/private "', 'crash'], true],
    [['search', 'issues', '--repo', 'acme/app', '--author', 'x\u00a0OR\u00a0is:open', 'crash'], true],
    [['search', 'issues', '--repo', 'acme/app', '--author', 'x)OR(is:open', 'crash'], true],
    [['search', 'prs', '--repo', 'acme/app', '--label', 'good (first)', 'crash'], false],
    [['search', 'commits', '--repo', 'acme/app', '--author', 'ada', '--sort', 'author-date', 'x'], false],
    [['issue', 'list', ...R, '--author', 'x" repo:victim/private "'], true],
    [
      [
        'issue',
        'list',
        ...R,
        '--author',
        'ada',
        '--label',
        'help wanted',
        '--jq',
        '.[] | .title',
        '--json',
        'title',
      ],
      false,
    ],
    [['pr', 'list', ...R, '--head', 'x org:victim'], true],
  ])('%j is unbounded: %s', (argv, wide) => {
    expect(first(argv).unbounded ?? []).toEqual(wide ? ['repo'] : []);
  });
});

describe('commands that reach past the repository they name', () => {
  it.each([
    [['label', 'clone', 'victim/private', ...R], true],
    [['label', 'clone', 'acme/app', ...R], false],
    [['issue', 'transfer', '1', 'evil/repo', ...R], true],
    [['secret', 'list', ...R, '--org', 'evil'], true],
    [['secret', 'list', ...R, '--user'], true],
    [['secret', 'list', ...R, '--user=false'], false],
    [['secret', 'delete', 'X', ...R, '--org', 'evil'], true],
    [['secret', 'list', ...R], false],
    [['codespace', 'delete', ...R, '-c', 'of-somebody'], true],
    [['codespace', 'list', ...R, '--org', 'evil'], true],
    [['codespace', 'list', ...R], false],
    [['api', 'repos/acme/app/compare/main...victim:main'], true],
    [['api', 'repos/acme/app/compare/main...victim:private:main'], true],
    [['api', 'repos/acme/app/compare/main...next'], false],
  ])('%j is unbounded: %s', (argv, wide) => {
    expect(first(argv).unbounded?.includes('repo') ?? false).toBe(wide);
  });
});

describe('classes', () => {
  it.each([
    [['pr', 'list', ...R], { readOnly: true, destructive: false }],
    [['issue', 'create', '-t', 'x', '-b', 'y', ...R], { readOnly: false, destructive: false, egress: true }],
    [['repo', 'delete', 'acme/app', '--yes'], { readOnly: false, destructive: true }],
    [['release', 'download', 'v1', ...R], { readOnly: false, destructive: false }],
    [['secret', 'set', 'X', ...R], { readOnly: false, egress: true }],
    [['version'], { readOnly: true, openWorld: false }],
    [['api', '-X', 'DELETE', 'repos/acme/app'], { readOnly: false, destructive: true }],
    [['api', '-X', 'POST', 'repos/acme/app/actions/runners/registration-token'], { secretOutput: true }],
    [['api', 'repos/acme/app/contents/config/.env'], { secretOutput: true }],
    [['api', 'repos/acme/app/contents/src/app.ts'], { secretOutput: false, readOnly: true }],
  ])('%j is %j', (argv, annotations) => {
    expect(first(argv).annotations).toMatchObject(annotations);
  });
  it.each(['issue create --web', 'issue comment 3 --editor', 'pr create --fill', 'pr create --recover=x'])(
    'never gh %s',
    (line) => {
      expect(refused([...line.split(' '), ...R])).toMatch(/not available/);
    },
  );
  it.each([
    'auth token',
    'config get oauth_token',
    'alias list',
    'extension list',
    'browse',
    'codespace ssh',
    'repo clone acme/app',
    'repo fork acme/app',
    'repo sync',
    'gist clone 1',
    'pr checkout 1',
    'repo set-default acme/app',
    'completion',
    'co 1',
    'whatever',
  ])('never gh %s', (line) => {
    expect(refused(line.split(' '))).not.toBe('resolved');
  });
});

describe('files by value', () => {
  it.each([
    ['./note.md', 'note.md'],
    ['docs//a/./b.md', 'docs/a/b.md'],
    ['/home/agent/w/docs/b.md', 'docs/b.md'],
    ['/tmp/x/note.md', '/tmp/x/note.md'],
  ])('%s is read as %s', (word, path) => {
    expect(needs(['issue', 'comment', '3', '-F', word, ...R])).toEqual({
      stdin: false,
      files: [{ path, use: 'read', tree: false }],
    });
  });
  it.each([
    '../x',
    'a/../../x',
    'a/../b.md',
    '/etc/passwd',
    '/home/agent/w2/x',
    '~/x',
    './~/x',
    '$HOME/x',
    '.env',
    'a/.git/config',
    '/proc/self/environ',
    '/tmp/../etc/passwd',
    '/tmp/.X11-unix',
    '-x',
    '',
    '/home/agent/w/../x',
    'a\\b',
  ])('%j is refused', (word) => {
    expect(refused(['issue', 'comment', '3', `--body-file=${word}`, ...R])).not.toBe('resolved');
  });
  it('refuses kernel files below a cwd of /', () => {
    expect(() => resolve(['issue', 'comment', '3', '-F', 'self/environ', ...R], undefined, '/proc')).toThrow(
      TurretError,
    );
    expect(() => resolve(['issue', 'comment', '3', '-F', '/etc/passwd', ...R], undefined, '/')).toThrow(
      TurretError,
    );
  });
  it('reads standard input only when a command says so', () => {
    expect(needs(['issue', 'comment', '3', '-F', '-', ...R]).stdin).toBe(true);
    expect(needs(['issue', 'comment', '3', '-b', 'x', ...R]).stdin).toBe(false);
    expect(needs(['secret', 'set', 'X', ...R]).stdin).toBe(true);
    expect(needs(['gist', 'create', 'a.txt']).stdin).toBe(false);
    expect(needs(['gist', 'create', '-']).stdin).toBe(true);
  });
  it('carries uploads, fields and workflow inputs', () => {
    expect(paths(['release', 'upload', 'v1', 'a.zip', './b.zip', ...R])).toEqual(['a.zip', 'b.zip']);
    expect(paths(['api', 'gists', '-F', 'files[a][content]=@a.txt', '--input', 'b.json'])).toEqual([
      'b.json',
      'a.txt',
    ]);
    expect(paths(['workflow', 'run', 'ci.yml', '-F', 'a=@x.txt', ...R])).toEqual(['x.txt']);
    expect(paths(['workflow', 'run', 'ci.yml', '-f', 'a=@x.txt', ...R])).toEqual([]);
    expect(refused(['workflow', 'run', 'ci.yml', '-F', 'a=@/etc/passwd', ...R])).not.toBe('resolved');
  });
  it('shows gh which names are taken, unless it may overwrite them', () => {
    expect(stats(['-O', 'a.zip'])).toEqual([{ path: 'a.zip', use: 'stat', tree: false }]);
    expect(stats(['-D', 'out'])).toEqual([{ path: 'out', use: 'stat', tree: true }]);
    expect(stats(['-p', '*.zip'])).toEqual([{ path: '.', use: 'stat', tree: false }]);
    expect(stats(['-D', 'out', '--clobber'])).toEqual([]);
  });
  it('writes downloads below the directory they are typed for', () => {
    expect(needs(['release', 'download', 'v1', ...R]).files).toEqual([
      { path: '.', use: 'write', tree: true },
      { path: '.', use: 'stat', tree: false },
    ]);
    expect(needs(['release', 'download', 'v1', '-D', 'out/', '--clobber', ...R]).files).toEqual([
      { path: 'out', use: 'write', tree: true },
    ]);
    expect(needs(['release', 'download', 'v1', '-O', 'a.zip', '--clobber', ...R]).files).toEqual([
      { path: 'a.zip', use: 'write', tree: false },
    ]);
    expect(needs(['release', 'download', 'v1', '-O', '-', ...R]).files).toEqual([]);
    expect(refused(['run', 'download', '1', '-D', '/home/agent', ...R])).not.toBe('resolved');
  });
});
