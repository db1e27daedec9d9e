// The real gh through the injector to a GitHub that knows only the real token.

import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startInjector } from '../../repeaters/gh/inject/injector.js';
import { createUpstream } from '../../repeaters/gh/inject/upstream.js';
import { allowanceOf } from '../../repeaters/gh/wire.js';
import type { Params } from '../../src/protocol/messages.js';
import { FAKE_GITHUB_TOKEN, startFakeGithub, VICTIM_CANARY, type FakeGithub } from '../fakes/github.js';
import { memoryHas, processesOf, startStalling } from '../helpers/gh-process.js';
import { openGhSession, type GhCall, type GhSession, type GuardedOutcome } from '../helpers/gh-session.js';

let github: FakeGithub;
let session: GhSession;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ghe-'));
  const socket = join(directory, 's');
  github = await startFakeGithub({ socket });
  session = await openGhSession({ endpoint: github.url, socket, token: FAKE_GITHUB_TOKEN.token });
});
afterAll(async () => {
  await session?.close();
  await github?.close();
  await rm(directory, { recursive: true, force: true });
});
beforeEach(() => {
  github.reset();
});

const REMOTES = 'origin\tgit@github.com:acme/app.git (fetch)\norigin\tgit@github.com:acme/app.git (push)\n';
const CHECKOUT = {
  'env.GH_REPO': '',
  'git.remotes': REMOTES,
  'git.config.remote.*.gh-resolved': '',
  'git.branch': 'feature-12',
};
const TTY = { stdin: false, stdout: true, stderr: true, cols: 80, rows: 24, color: true };

type Typed = GhCall & { bare?: string[] };
/** Typed by the agent, and what a bare gh would be typed where it has no checkout. */
const SAME: readonly [argv: string[], call?: Typed][] = [
  [['pr', 'list', '-R', 'acme/app']],
  [['pr', 'ls', '-R', 'acme/app', '--state', 'all', '--limit', '5']],
  [['pr', 'list', '-R', 'acme/app', '--json', 'number,title', '--jq', '.[].title']],
  [['pr', 'list', '-R', 'acme/app', '--label', 'bug']],
  [['pr', 'list', '-R', 'acme/app', '--search', 'login']],
  [['pr', 'list', '-R', 'ACME/App'], {}],
  [['pr', 'list'], { facts: CHECKOUT, bare: ['pr', 'list', '-R', 'acme/app'] }],
  [['pr', 'view', '12', '-R', 'acme/app', '--comments']],
  [['pr', 'view', 'https://github.com/acme/app/pull/12']],
  [['pr', 'view'], { facts: CHECKOUT, bare: ['pr', 'view', 'feature-12', '-R', 'acme/app'] }],
  [['pr', 'view', '12', '-R', 'acme/app', '--json', 'title,reviews,comments,statusCheckRollup']],
  [['pr', 'checks', '12', '-R', 'acme/app']],
  [['pr', 'checks', '13', '-R', 'acme/app']],
  [['pr', 'diff', '12', '-R', 'acme/app']],
  [['pr', 'status', '-R', 'acme/app']],
  [['pr', 'view', '999', '-R', 'acme/app']],
  [['pr', 'list', '-R', 'acme/app'], { tty: TTY }],
  [['pr', 'view', '12', '-R', 'acme/app'], { tty: TTY }],
  [['issue', 'list', '-R', 'acme/app', '-l', 'bug', '-s', 'open']],
  [['issue', 'view', '3', '-R', 'acme/app', '--comments']],
  [['issue', 'status', '-R', 'acme/app']],
  [['issue', 'create', '-R', 'acme/app', '-t', 'title', '-b', 'body']],
  [['issue', 'create', '-R', 'acme/app', '-t', 'title', '-F', '-'], { stdin: 'from stdin\n' }],
  [['issue', 'comment', '3', '-R', 'acme/app', '-b', 'hi']],
  [['issue', 'comment', '3', '-R', 'acme/app', '-F', './note.md'], { files: { 'note.md': 'a note\n' } }],
  [['issue', 'close', '3', '-R', 'acme/app', '--comment', 'done']],
  [['pr', 'create', '-R', 'acme/app', '-t', 'T', '-b', 'B', '--head', 'feature-12', '--base', 'main']],
  [['pr', 'comment', '12', '-R', 'acme/app', '-b', 'hi']],
  [['pr', 'merge', '12', '-R', 'acme/app', '--squash']],
  [['pr', 'close', '12', '-R', 'acme/app']],
  [['repo', 'view', 'acme/app']],
  [['repo', 'view', 'acme/app', '--json', 'name,defaultBranchRef']],
  [['repo', 'view', 'acme/nothing']],
  [['repo', 'list', 'acme']],
  [['release', 'list', '-R', 'acme/app']],
  [['release', 'view', 'v1.0.0', '-R', 'acme/app']],
  [['release', 'download', 'v1.0.0', '-R', 'acme/app']],
  [['release', 'download', 'v1.0.0', '-R', 'acme/app', '-p', '*.txt', '-D', 'out/here']],
  [['release', 'download', 'v1.0.0', '-R', 'acme/app', '-A', 'zip']],
  [['release', 'download', 'v1.0.0', '-R', 'acme/app', '-p', 'app.txt', '-O', '-']],
  [
    ['release', 'download', 'v1.0.0', '-R', 'acme/app', '-D', 'out'],
    { files: { 'out/app.txt': 'mine', 'out/x/y': '' } },
  ],
  [['release', 'download', 'v1.0.0', '-R', 'acme/app', '-p', 'app.txt'], { files: { 'app.txt': 'mine' } }],
  [
    ['release', 'download', 'v1.0.0', '-R', 'acme/app', '-p', 'app.txt', '--skip-existing'],
    { files: { 'app.txt': 'mine' } },
  ],
  [['release', 'download', 'v1.0.0', '-R', 'acme/app', '-p', 'app.txt', '-O', 'a'], { files: { a: 'mine' } }],
  [['issue', 'comment', '3', '-R', 'acme/app', '-F', 'missing.md']],
  [['release', 'upload', 'v1.0.0', 'more.txt', '-R', 'acme/app'], { files: { 'more.txt': 'more\n' } }],
  [['run', 'list', '-R', 'acme/app']],
  [['run', 'view', '1', '-R', 'acme/app']],
  [['workflow', 'list', '-R', 'acme/app']],
  [['workflow', 'run', 'ci.yml', '-R', 'acme/app', '-f', 'a=b']],
  [['label', 'list', '-R', 'acme/app']],
  [['label', 'create', 'ready', '-R', 'acme/app', '--color', '00ff00']],
  [['search', 'issues', '--repo', 'acme/app', 'crash']],
  [['api', '/repos/acme/app/pulls']],
  [['api', 'repos/acme/app/issues?state=open', '--paginate']],
  [['api', '-X', 'GET', 'repos/acme/app/commits', '-f', 'sha=main', '-F', 'per_page=5']],
  [['api', 'repos/acme/app', '--jq', '.default_branch']],
  [['api', 'repos/acme/app', '-i']],
  [['api', 'repos/acme/app/labels', '--template', '{{range .}}{{.name}}{{"\\n"}}{{end}}']],
  [['api', 'repos/acme/app/nothing/here']],
  [['api', 'user', '--jq', '.login']],
  [['api', 'repos/acme/app/issues', '-f', 'title=x', '-F', 'body=@b.md'], { files: { 'b.md': 'text' } }],
  [['api', 'repos/acme/app/issues', '--input', '-'], { stdin: '{"title":"from stdin"}' }],
  [['api', 'graphql', '-f', 'query={repository(owner:"acme",name:"app"){issue(number:3){title}}}']],
  [
    [
      'api',
      'graphql',
      '-F',
      'n=3',
      '-f',
      'query=query($n:Int!){repository(owner:"acme",name:"app"){issue(number:$n){title}}}',
    ],
  ],
  [['version']],
  [['help', 'environment']],
  [['pr', 'list', '--help']],
  [['pr']],
];

/** Everything else: some of it this local GitHub does not know, and then both must fail in the same words. */
const A = ['-R', 'acme/app'];
const ALSO: readonly [argv: string[], call?: Typed][] = [
  [['issue', 'create', ...A, '-t', 'x', '-b', 'y', '-l', 'bug', '-a', '@me', '-m', 'none', '-p', 'Roadmap']],
  [['issue', 'edit', '3', ...A, '--title', 'new', '--body', 'b']],
  [
    [
      'issue',
      'edit',
      '3',
      ...A,
      '--add-label',
      'bug',
      '--remove-label',
      'enhancement',
      '--add-assignee',
      '@me',
    ],
  ],
  [['issue', 'edit', '3', ...A, '--milestone', 'one', '--add-project', 'Roadmap']],
  [['issue', 'lock', '3', ...A, '--reason', 'resolved']],
  [['issue', 'unlock', '3', ...A]],
  [['issue', 'pin', '3', ...A]],
  [['issue', 'unpin', '3', ...A]],
  [['issue', 'reopen', '2', ...A]],
  [['issue', 'delete', '3', ...A, '--yes']],
  [['issue', 'transfer', '3', 'acme/docs', ...A]],
  [['issue', 'comment', '3', ...A, '--edit-last', '-b', 'again']],
  [['issue', 'list', ...A, '--milestone', '1', '--author', 'ada', '--assignee', '@me', '--mention', 'bob']],
  [
    [
      'pr',
      'create',
      ...A,
      '-t',
      'T',
      '-b',
      'B',
      '-H',
      'feature-13',
      '-r',
      'ada',
      '-l',
      'bug',
      '-a',
      '@me',
      '--draft',
    ],
  ],
  [
    [
      'pr',
      'edit',
      '12',
      ...A,
      '--title',
      'T',
      '--add-label',
      'bug',
      '--add-reviewer',
      'ada',
      '--remove-reviewer',
      'bob',
    ],
  ],
  [['pr', 'edit', '12', ...A, '--base', 'main', '--add-assignee', '@me', '--milestone', 'x']],
  [['pr', 'ready', '13', ...A]],
  [['pr', 'ready', '12', ...A, '--undo']],
  [['pr', 'review', '12', ...A, '--approve']],
  [['pr', 'review', '12', ...A, '--comment', '-b', 'well']],
  [['pr', 'lock', '12', ...A]],
  [['pr', 'unlock', '12', ...A]],
  [['pr', 'reopen', '11', ...A]],
  [['pr', 'close', '12', ...A, '--comment', 'no', '--delete-branch']],
  [['pr', 'merge', '12', ...A, '--merge', '--delete-branch']],
  [['pr', 'merge', '12', ...A, '--squash', '--auto']],
  [['pr', 'merge', '12', ...A, '--disable-auto']],
  [['pr', 'merge', '12', ...A, '--rebase', '--admin', '--match-head-commit', 'abc']],
  [['pr', 'view', '12', ...A, '--json', 'files,commits,projectItems,latestReviews']],
  [['pr', 'list', ...A, '--author', '@me', '--draft', '--base', 'main', '--head', 'x']],
  [['pr', 'status', ...A, '--json', 'number,title', '--conflict-status']],
  [['label', 'edit', 'bug', ...A, '--name', 'fault', '--color', '000000']],
  [['label', 'delete', 'bug', ...A, '--yes']],
  [['label', 'list', ...A, '--search', 'bug', '--sort', 'name']],
  [['release', 'create', 'v2', ...A, '-t', 'Two', '-n', 'notes']],
  [['release', 'create', 'v2', 'a.txt', ...A, '-n', 'notes', '--prerelease'], { files: { 'a.txt': 'a' } }],
  [['release', 'create', 'v2', ...A, '--generate-notes', '-F', 'n.md'], { files: { 'n.md': 'n' } }],
  [['release', 'edit', 'v1.0.0', ...A, '--title', 'x', '--draft=false']],
  [['release', 'upload', 'v1.0.0', 'app.txt', ...A, '--clobber'], { files: { 'app.txt': 'b' } }],
  [['release', 'delete', 'v1.0.0', ...A, '--yes', '--cleanup-tag']],
  [['release', 'delete-asset', 'v1.0.0', 'app.txt', ...A, '--yes']],
  [['repo', 'edit', 'acme/app', '--description', 'x', '--enable-wiki=false']],
  [['repo', 'archive', 'acme/app', '--yes']],
  [['repo', 'rename', 'other', ...A, '--yes']],
  [['repo', 'delete', 'acme/app', '--yes']],
  [['repo', 'create', 'acme/new', '--private', '--description', 'x']],
  [['repo', 'create', 'new', '--public', '--template', 'acme/app']],
  [['repo', 'list']],
  [['repo', 'list', 'acme', '--language', 'go', '--json', 'name']],
  [['repo', 'deploy-key', 'list', ...A]],
  [['repo', 'deploy-key', 'add', 'k.pub', ...A, '-t', 'x'], { files: { 'k.pub': 'ssh-ed25519 AAAA x' } }],
  [['repo', 'deploy-key', 'delete', '7', ...A]],
  [['run', 'cancel', '1', ...A]],
  [['run', 'rerun', '2', ...A]],
  [['run', 'rerun', '2', ...A, '--failed']],
  [['run', 'view', '1', ...A, '--log']],
  [['run', 'view', '1', ...A, '--verbose', '--exit-status']],
  [['run', 'view', ...A, '--job', '11']],
  [['run', 'watch', '1', ...A]],
  [['run', 'download', '1', ...A]],
  [['run', 'list', ...A, '--workflow', 'CI', '--json', 'databaseId']],
  [['secret', 'list', ...A]],
  [['secret', 'list', '--org', 'acme']],
  [['secret', 'list', '--user']],
  [['secret', 'set', 'X', ...A], { stdin: 'value' }],
  [['secret', 'set', 'X', '--org', 'acme', '--visibility', 'selected', '--repos', 'app'], { stdin: 'value' }],
  [['secret', 'set', 'X', ...A, '--env', 'prod'], { stdin: 'value' }],
  [['secret', 'delete', 'X', ...A]],
  [['workflow', 'enable', 'ci.yml', ...A]],
  [['workflow', 'disable', 'ci.yml', ...A]],
  [['workflow', 'view', 'CI', ...A]],
  [['workflow', 'view', 'ci.yml', ...A, '--yaml', '--ref', 'main']],
  [['workflow', 'run', 'CI', ...A, '--ref', 'main', '--json'], { stdin: '{"a":"b"}' }],
  [['workflow', 'run', 'ci.yml', ...A, '-F', 'a=@in.txt'], { files: { 'in.txt': 'b' } }],
  [['gist', 'list']],
  [['gist', 'view', 'abc123']],
  [['gist', 'create', 'a.txt', '-d', 'x'], { files: { 'a.txt': 'a' } }],
  [['gist', 'create'], { stdin: 'from stdin' }],
  [['gist', 'edit', 'abc123', '--add', 'a.txt'], { files: { 'a.txt': 'a' } }],
  [['gist', 'delete', 'abc123']],
  [['gpg-key', 'list']],
  [['gpg-key', 'add'], { stdin: 'key' }],
  [['gpg-key', 'delete', 'ABC', '--yes']],
  [['ssh-key', 'list']],
  [['ssh-key', 'add', 'k.pub', '-t', 'x'], { files: { 'k.pub': 'ssh-ed25519 AAAA x' } }],
  [['ssh-key', 'delete', '7', '--yes']],
  [['search', 'prs', '--repo', 'acme/app', 'login', '--json', 'number']],
  [['search', 'repos', 'app', '--owner', 'acme']],
  [['search', 'commits', 'fix', '--repo', 'acme/app']],
  [['status']],
  [['status', '--org', 'acme']],
  [['codespace', 'list']],
];

describe.each([
  ['prints what the bare gh prints', SAME],
  ['asks what the bare gh asks', ALSO],
])('what is allowed %s', (_title, list) => {
  it.each(list)('gh %j', async (argv, call = {}) => {
    const bare = await session.bare(call.bare ?? argv, call);
    github.reset();
    const guarded = await session.guarded(argv, call);
    expect(guarded.refused).toEqual([]);
    expect({
      exit: guarded.exit,
      stdout: guarded.stdout.toString(),
      stderr: guarded.stderr.toString(),
      written: guarded.written,
    }).toEqual({
      exit: bare.exit,
      stdout: bare.stdout.toString(),
      stderr: bare.stderr.toString(),
      written: bare.written,
    });
  });
});

/** Approve one thing, and let gh try another: what the wire says when the grammar has been fooled. */
async function approved(action: string, params: Params, typed: readonly string[]): Promise<GuardedOutcome> {
  const { capabilities, needs } = session.resolve(typed);
  const [capability] = capabilities;
  if (!capability) throw new Error('nothing to perform');
  const allow = [allowanceOf({ ...capability, action, params }, session.context)];
  return session.performAllowing(capabilities, needs, allow);
}

const ask = (socket: string, path: string, headers: Record<string, string>, method = 'GET') =>
  new Promise<{ status: number; body: string }>((resolve, reject) => {
    const asked = request({ socketPath: socket, path, method, headers, agent: false }, (response) => {
      text(response).then((body) => {
        resolve({ status: response.statusCode ?? 0, body });
      }, reject);
    });
    asked.once('error', reject);
    asked.end();
  });

describe('the injector refuses what was not approved', () => {
  it.each<[title: string, action: string, params: Params, typed: string[]]>([
    ['another repository', 'gh.pr.list', { repo: 'acme/app' }, ['pr', 'list', '-R', 'victim/private']],
    [
      'another repository by REST',
      'gh.run.list',
      { repo: 'acme/app' },
      ['run', 'list', '-R', 'victim/private'],
    ],
    [
      'a search of another repository',
      'gh.pr.list',
      { repo: 'acme/app' },
      ['pr', 'list', '-R', 'victim/private', '--label', 'x'],
    ],
    [
      'a write for a read',
      'gh.issue.view',
      { repo: 'acme/app', number: 3 },
      ['issue', 'close', '3', '-R', 'acme/app'],
    ],
    [
      'another write',
      'gh.issue.comment',
      { repo: 'acme/app', number: 3 },
      ['issue', 'close', '3', '-R', 'acme/app'],
    ],
    [
      'a REST write for a read',
      'gh.label.list',
      { repo: 'acme/app' },
      ['label', 'create', 'x', '-R', 'acme/app'],
    ],
    [
      'deleting for editing',
      'gh.label.edit',
      { repo: 'acme/app' },
      ['label', 'delete', 'bug', '-R', 'acme/app', '--yes'],
    ],
    ['an API path for a command', 'gh.pr.list', { repo: 'acme/app' }, ['api', 'user']],
    ['another API path', 'gh.api.get', { path: '/repos/acme/app/pulls' }, ['api', 'repos/acme/app/issues']],
    [
      'another method',
      'gh.api.get',
      { path: '/repos/acme/app/issues' },
      ['api', 'repos/acme/app/issues', '-f', 'title=x'],
    ],
    [
      'another GraphQL document',
      'gh.api.graphql_query',
      { query: '{viewer{login}}' },
      ['api', 'graphql', '-f', 'query={repository(owner:"victim",name:"private"){description}}'],
    ],
    [
      'other GraphQL variables',
      'gh.api.graphql_query',
      { query: 'query($o:String!){repository(owner:$o,name:"app"){description}}', raw_field: ['o=acme'] },
      [
        'api',
        'graphql',
        '-f',
        'query=query($o:String!){repository(owner:$o,name:"app"){description}}',
        '-f',
        'o=victim',
      ],
    ],
  ])('%s', async (_title, action, params, typed) => {
    const before = github.requests.length;
    const outcome = await approved(action, params, typed);
    expect(outcome.exit).toBe(1);
    expect(outcome.refused.join()).toMatch(/not part of what was allowed|not the one that was allowed/);
    const text = outcome.stdout.toString() + outcome.stderr.toString();
    expect(text).not.toContain(VICTIM_CANARY);
    const reached = github.requests.slice(before);
    expect(
      reached.filter(({ path, operation }) => path.includes('victim') || operation.includes('mutation')),
    ).toEqual([]);
    expect(reached.filter(({ method, path }) => method !== 'GET' && path !== '/graphql')).toEqual([]);
  });

  it('passes the neighbour of each that was approved', async () => {
    const outcome = await approved('gh.label.list', { repo: 'acme/app' }, [
      'label',
      'list',
      '-R',
      'acme/app',
    ]);
    expect(outcome.refused).toEqual([]);
    expect(outcome.exit).toBe(0);
  });
});

describe('an enterprise server', () => {
  it('is the one host, with its API below /api', async () => {
    const { token } = FAKE_GITHUB_TOKEN;
    const enterprise = await openGhSession({ endpoint: github.url, socket: '', token, host: 'ghe.example' });
    try {
      const before = github.requests.length;
      for (const argv of [
        ['issue', 'view', '3', '-R', 'ghe.example/acme/app', '--json', 'title'],
        ['run', 'list', '-R', 'acme/app', '--limit', '1'],
        ['api', 'repos/acme/app/commits', '--jq', 'length'],
      ]) {
        const outcome = await enterprise.guarded(argv);
        expect(outcome).toMatchObject({ exit: 0, refused: [] });
        expect(outcome.stdout.length).toBeGreaterThan(0);
      }
      expect(new Set(github.requests.slice(before).map(({ host }) => host))).toEqual(
        new Set(['ghe.example']),
      );
      expect(() => enterprise.resolve(['issue', 'view', '3', '-R', 'github.com/acme/app'])).toThrow(
        /not the configured host/,
      );
    } finally {
      await enterprise.close();
    }
  });
});

describe('the socket of a call', () => {
  const allow = [
    {
      repos: ['acme/app'],
      routes: ['GET /repos/{repo}/**', 'GET /victim/private/zip/x'],
      mutations: [],
      queries: [],
      searchScoped: true,
    },
  ];
  const open = async (): Promise<{ socket: string; close: () => Promise<void> }> => {
    const socket = join(directory, 'i');
    const upstream = createUpstream(new URL(github.url));
    const token = FAKE_GITHUB_TOKEN.token;
    const injector = await startInjector({
      socket,
      dummy: 'ghp_dummy',
      token,
      host: 'github.com',
      allow,
      upstream,
    });
    return {
      socket,
      close: async () => {
        await injector.close();
        upstream.close();
      },
    };
  };
  const AUTHORIZED = { host: 'api.github.com', authorization: 'token ghp_dummy' };

  it.each<[string, string, Record<string, string>, number, method?: string]>([
    ['answers the token of the call', '/repos/acme/app/pulls', AUTHORIZED, 200],
    [
      'takes Bearer as well',
      '/repos/acme/app/pulls',
      { ...AUTHORIZED, authorization: 'Bearer ghp_dummy' },
      200,
    ],
    ['refuses no token', '/repos/acme/app/pulls', { host: 'api.github.com' }, 401],
    [
      'refuses another token',
      '/repos/acme/app/pulls',
      { ...AUTHORIZED, authorization: 'token ghp_dummx' },
      401,
    ],
    [
      'refuses the real token',
      '/repos/acme/app/pulls',
      { ...AUTHORIZED, authorization: `token ${FAKE_GITHUB_TOKEN.token}` },
      401,
    ],
    ['refuses another host', '/repos/acme/app/pulls', { ...AUTHORIZED, host: 'evil.example.com' }, 403],
    ['refuses a subdomain', '/repos/acme/app/pulls', { ...AUTHORIZED, host: 'evil.github.com' }, 403],
    ['refuses a port', '/repos/acme/app/pulls', { ...AUTHORIZED, host: 'api.github.com:8443' }, 403],
    ['refuses dotted paths', '/repos/acme/app/../../../user', AUTHORIZED, 403],
    ['refuses escaped dots', '/repos/acme/app/%2e%2e/%2e%2e/user', AUTHORIZED, 403],
    ['refuses a second slash', '/repos/acme/app//pulls', AUTHORIZED, 403],
    ['refuses another repository', '/repos/victim/private/pulls', AUTHORIZED, 403],
    ['refuses a longer name', '/repos/acme/app2/pulls', AUTHORIZED, 403],
    [
      'refuses a stored file nobody pointed to',
      '/acme/app/1',
      { ...AUTHORIZED, host: 'objects.githubusercontent.com' },
      403,
    ],
    [
      'refuses an archive nobody pointed to',
      '/victim/private/zip/x',
      { ...AUTHORIZED, host: 'codeload.github.com' },
      403,
    ],
    ['refuses a repository by number', '/repositories/1/pulls', AUTHORIZED, 403],
    ['refuses writing', '/repos/acme/app/pulls', AUTHORIZED, 403, 'POST'],
    ['refuses GraphQL that is none', '/graphql', AUTHORIZED, 403, 'POST'],
  ])('%s', async (_title, path, headers, status, method) => {
    const injector = await open();
    try {
      const answer = await ask(injector.socket, path, headers, method);
      expect(answer.status).toBe(status);
      expect(answer.body).not.toContain(FAKE_GITHUB_TOKEN.token);
      expect(answer.body).not.toContain(VICTIM_CANARY);
    } finally {
      await injector.close();
    }
  });
});

describe('the process of gh', () => {
  it('holds a dummy token, nothing of ours, and dies with the call', async () => {
    const gate = await startStalling();
    const stalled = await openGhSession({ endpoint: gate.url, socket: '', token: 'ghp_canary_real_token' });
    const abort = new AbortController();
    try {
      const call = stalled.guarded(['api', 'repos/acme/app'], { signal: abort.signal });
      call.catch(() => {}); // Looked at later.
      const request = await gate.asked;
      expect(request.authorization).toBe('token ghp_canary_real_token');
      const found = await processesOf(stalled.directory);
      expect(found.length).toBeGreaterThan(0);
      for (const { pid, environ } of found) {
        expect(environ).toMatch(/(?:^|\0)GH_TOKEN=ghp_[0-9a-f]{32}\0/);
        expect(environ).not.toContain('ghp_canary_real_token');
        expect(environ).not.toMatch(/AWS_|NODE_|VITEST/);
        expect(await memoryHas(pid, 'ghp_canary_real_token')).toBe(false);
        // The search itself works: what gh does hold is found.
        expect(
          await memoryHas(pid, /GH_TOKEN=(\S{40})/.exec(environ.replaceAll('\0', '\n'))?.[1] ?? '?'),
        ).toBe(true);
      }
      abort.abort();
      await expect(call).rejects.toMatchObject({ code: 'cancelled' });
      expect(await processesOf(stalled.directory)).toEqual([]);
    } finally {
      await stalled.close();
      await gate.close();
    }
  });

  it('gets a signal that the agent sent, and reports it', async () => {
    const gate = await startStalling();
    const stalled = await openGhSession({ endpoint: gate.url, socket: '', token: 'ghp_x' });
    let signal: ((name: 'INT') => void) | undefined;
    try {
      const call = stalled.guarded(['api', 'repos/acme/app'], { onStarted: (run) => (signal = run.signal) });
      await gate.asked;
      signal?.('INT');
      expect((await call).exit).toBe(130);
    } finally {
      await stalled.close();
      await gate.close();
    }
  });
});
