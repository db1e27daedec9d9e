// What people do with gh beside plain reads: inside a checkout, with files, through `gh api`, by mistake.

import type { FidelityCase } from './case.js';

const named = (argv: string): string[] => ['gh', ...argv.split(' ')];
const ORIGIN = 'https://github.com/acme/app.git';
const CHECKOUT = { branch: 'feature-12', origin: ORIGIN };

const IN_A_CHECKOUT: FidelityCase[] = [
  { id: 'gh-git-pr-list', argv: named('pr list'), git: CHECKOUT },
  {
    id: 'gh-git-ssh',
    argv: named('issue list'),
    git: { branch: 'main', origin: 'git@github.com:acme/app.git' },
  },
  { id: 'gh-git-pr-view', argv: named('pr view'), git: CHECKOUT },
  { id: 'gh-git-pr-view-number', argv: named('pr view 12'), git: CHECKOUT },
  { id: 'gh-git-pr-checks', argv: named('pr checks'), git: CHECKOUT },
  { id: 'gh-git-pr-diff', argv: named('pr diff'), git: CHECKOUT },
  { id: 'gh-git-status', argv: named('pr status'), git: CHECKOUT },
  { id: 'gh-git-repo-view', argv: named('repo view'), git: CHECKOUT },
  { id: 'gh-variable', argv: named('pr list'), env: { GH_REPO: 'acme/app' } },
];

const AS_AGENTS_DO: FidelityCase[] = [
  { id: 'gh-auth-status', argv: named('auth status') },
  { id: 'gh-auth-status-host', argv: named('auth status -h github.com') },
  { id: 'gh-auth-status-read-only', argv: named('auth status'), credentials: 'read-only' },
  { id: 'gh-auth-status-bad', argv: named('auth status'), credentials: 'unknown', exit: 1 },
  { id: 'gh-short-help', argv: named('pr list -h') },
  { id: 'gh-group-help', argv: named('issue -h') },
  { id: 'gh-ssh-repository', argv: named('pr list -R git@github.com:acme/app.git') },
];

const FILES: FidelityCase[] = [
  {
    id: 'gh-issue-stdin',
    argv: named('issue create -R acme/app -t title -F -'),
    stdin: 'a body\nof two lines\n',
  },
  {
    id: 'gh-comment-file',
    argv: named('issue comment 3 -R acme/app -F notes/a.md'),
    files: { 'notes/a.md': 'a **note**\n' },
  },
  {
    id: 'gh-pr-create-file',
    argv: named('pr create -R acme/app -t title -F body.md -H topic -B main'),
    files: { 'body.md': 'body\n' },
  },
  { id: 'gh-release-download', argv: named('release download v1.0.0 -R acme/app') },
  { id: 'gh-release-download-dir', argv: named('release download v1.0.0 -R acme/app -D out -p *.txt') },
  {
    id: 'gh-release-clobber',
    argv: named('release download v1.0.0 -R acme/app --clobber'),
    files: { 'app.txt': 'mine, and longer than the other\n' },
  },
  { id: 'gh-release-download-stdout', argv: named('release download v1.0.0 -R acme/app -p app.txt -O -') },
  {
    id: 'gh-release-upload',
    argv: named('release upload v1.0.0 up.txt -R acme/app'),
    files: { 'up.txt': 'an asset\n' },
  },
  {
    id: 'gh-api-input',
    argv: named('api repos/acme/app/issues --input -'),
    stdin: '{"title":"t","body":"b"}',
  },
  {
    id: 'gh-api-field-file',
    argv: named('api repos/acme/app/issues -f title=t -F body=@body.txt'),
    files: { 'body.txt': 'text of a file' },
  },
];

const SHELL: FidelityCase[] = [
  {
    id: 'gh-in-a-loop',
    argv: [
      'sh',
      '-c',
      'printf "12\n13\n" | while read -r number; do gh pr view "$number" -R acme/app --json title; done',
    ],
  },
  {
    id: 'gh-parallel',
    argv: ['sh', '-c', 'for i in 10 11 12 13; do gh pr view $i -R acme/app > said$i & done; wait; cat said*'],
  },
  {
    id: 'gh-absolute-file',
    argv: ['sh', '-c', 'gh issue comment 3 -R acme/app -F "$PWD/note.md"'],
    files: { 'note.md': 'a note\n' },
  },
  {
    id: 'gh-here-document',
    argv: ['sh', '-c', 'gh issue create -R acme/app -t title -F - <<END\na body\nEND'],
  },
  {
    id: 'gh-below-the-root',
    argv: ['sh', '-c', 'mkdir -p src/deep && cd src/deep && gh pr list'],
    git: CHECKOUT,
  },
];

const FORMATS: FidelityCase[] = [
  { id: 'gh-json', argv: named('pr list -R acme/app --json number,title,labels') },
  { id: 'gh-jq', argv: ['gh', 'pr', 'list', '-R', 'acme/app', '--json', 'number', '--jq', '.[].number'] },
  {
    id: 'gh-template',
    argv: ['gh', 'pr', 'view', '12', '-R', 'acme/app', '--json', 'title', '-t', '{{.title}}'],
  },
  { id: 'gh-api-include', argv: named('api repos/acme/app -i') },
  {
    id: 'gh-api-paginate',
    argv: ['gh', 'api', '--paginate', 'repos/acme/app/issues?per_page=2', '--jq', '.[].number'],
  },
  {
    id: 'gh-api-graphql',
    argv: ['gh', 'api', 'graphql', '-f', 'query={repository(owner:"acme",name:"app"){name isPrivate}}'],
  },
  { id: 'gh-api-silent', argv: named('api repos/acme/app --silent') },
  { id: 'gh-help', argv: named('pr list --help') },
  { id: 'gh-run-list', argv: named('run list -R acme/app') },
  { id: 'gh-diff', argv: named('pr diff 12 -R acme/app') },
  { id: 'gh-diff-names', argv: named('pr diff 12 -R acme/app --name-only') },
];

const MISTAKES: FidelityCase[] = [
  { id: 'gh-no-pull', argv: named('pr view 999 -R acme/app'), exit: 1 },
  { id: 'gh-no-repository', argv: named('pr list -R acme/none'), exit: 1 },
  { id: 'gh-api-404', argv: named('api repos/acme/none'), exit: 1 },
  { id: 'gh-checks-failed', argv: named('pr checks 13 -R acme/app'), exit: 1 },
  { id: 'gh-no-release', argv: named('release view v9 -R acme/app'), exit: 1 },
  { id: 'gh-no-title', argv: named('issue create -R acme/app -b body'), exit: 1 },
  { id: 'gh-bad-state', argv: named('pr list -R acme/app --state nonsense'), exit: 1 },
  { id: 'gh-bad-limit', argv: named('pr list -R acme/app --limit 0'), exit: 1 },
  {
    id: 'gh-bad-jq',
    argv: ['gh', 'pr', 'list', '-R', 'acme/app', '--json', 'number', '--jq', '.['],
    exit: 1,
  },
  {
    id: 'gh-bad-template',
    argv: ['gh', 'pr', 'list', '-R', 'acme/app', '--json', 'number', '-t', '{{'],
    exit: 1,
  },
  { id: 'gh-jq-without-json', argv: named('pr list -R acme/app --jq .x'), exit: 1 },
  { id: 'gh-no-file', argv: named('issue comment 3 -R acme/app -F none.md'), exit: 1 },
  { id: 'gh-no-asset', argv: named('release download v1.0.0 -R acme/app -p none*'), exit: 1 },
  {
    id: 'gh-release-not-overwritten',
    argv: named('release download v1.0.0 -R acme/app'),
    files: { 'app.txt': 'mine\n', '.hidden': 'mine too\n' },
    exit: 1,
  },
  { id: 'gh-bad-field', argv: named('pr list -R acme/app --json nonsense'), exit: 1 },
  {
    id: 'gh-read-only',
    argv: named('issue create -R acme/app -t t -b b'),
    exit: 1,
    credentials: 'read-only',
  },
  { id: 'gh-bad-token', argv: named('pr list -R acme/app'), exit: 1, credentials: 'unknown' },
];

export const GH_CASES: readonly FidelityCase[] = [
  ...IN_A_CHECKOUT,
  ...AS_AGENTS_DO,
  ...FILES,
  ...SHELL,
  ...FORMATS,
  ...MISTAKES,
];
