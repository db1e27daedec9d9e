import {
  fullName,
  shaOf,
  type GithubStore,
  type IssueRecord,
  type PullRecord,
  type RepoRecord,
} from './store.js';

/** Text in the repository nobody was given access to; any output that has it is a leak. */
export const VICTIM_CANARY = 'canary-victim-private-text';

const issue = (number: number, title: string, more: Partial<IssueRecord> = {}): IssueRecord => ({
  kind: 'issue',
  number,
  title,
  body: `What happens: ${title.toLowerCase()}.`,
  state: 'OPEN',
  author: 'ada',
  labels: [],
  comments: [],
  ...more,
});

const pull = (number: number, title: string, more: Partial<PullRecord> = {}): PullRecord => ({
  kind: 'pull',
  number,
  title,
  body: `This does: ${title.toLowerCase()}.`,
  state: 'OPEN',
  author: 'bob',
  labels: [],
  comments: [],
  head: `feature-${number}`,
  base: 'main',
  isDraft: false,
  reviews: [],
  checks: [
    { name: 'build', conclusion: 'SUCCESS' },
    { name: 'test', conclusion: 'SUCCESS' },
  ],
  ...more,
});

function acmeItems(): (IssueRecord | PullRecord)[] {
  return [
    issue(1, 'Login button does nothing', { labels: ['bug'] }),
    issue(2, 'Old crash on start', { labels: ['bug'], state: 'CLOSED' }),
    issue(3, 'Crash when the list is empty', {
      labels: ['bug'],
      comments: [{ id: 301, author: 'bob', body: 'I see it too.' }],
    }),
    issue(4, 'Add a dark theme', { labels: ['enhancement'] }),
    pull(10, 'Update the manual', { state: 'MERGED' }),
    pull(11, 'Try another parser', { state: 'CLOSED' }),
    pull(12, 'Fix login', {
      labels: ['bug'],
      comments: [{ id: 1201, author: 'ada', body: 'Looks good to me.' }],
    }),
    pull(13, 'Rework the list', {
      author: 'octo-bot',
      isDraft: true,
      checks: [
        { name: 'build', conclusion: 'SUCCESS' },
        { name: 'test', conclusion: 'FAILURE' },
      ],
    }),
  ];
}

function repo(
  id: number,
  owner: string,
  name: string,
  items: readonly (IssueRecord | PullRecord)[],
): RepoRecord {
  return {
    id,
    owner,
    name,
    isPrivate: owner === 'victim',
    description: owner === 'victim' ? VICTIM_CANARY : 'The app of acme',
    readme: owner === 'victim' ? `# ${VICTIM_CANARY}\n` : '# app\n\nThe app of acme.\n',
    items: new Map(items.map((item) => [item.number, item])),
    labels: [
      { name: 'bug', color: 'd73a4a', description: 'Something is not working' },
      { name: 'enhancement', color: 'a2eeef', description: 'New feature or request' },
    ],
    releases: [
      {
        id: id * 100 + 1,
        tag: 'v1.0.0',
        name: 'First release',
        body: 'Everything is new.',
        prerelease: false,
        assets: [
          {
            id: id * 1000 + 1,
            name: 'app.txt',
            contentType: 'text/plain',
            bytes: Buffer.from('app 1.0.0\n'),
          },
        ],
      },
      {
        id: id * 100 + 2,
        tag: 'v1.1.0-rc.1',
        name: 'Candidate',
        body: 'Try it.',
        prerelease: true,
        assets: [],
      },
    ],
    workflows: [
      { id: 51, name: 'CI', path: '.github/workflows/ci.yml' },
      { id: 52, name: 'Deploy', path: '.github/workflows/deploy.yml' },
    ],
    runs: [
      {
        id: 2,
        workflowId: 52,
        branch: 'main',
        event: 'workflow_dispatch',
        status: 'completed',
        conclusion: 'failure',
      },
      { id: 1, workflowId: 51, branch: 'main', event: 'push', status: 'completed', conclusion: 'success' },
    ],
    commits: ['Fix the list', 'Add login', 'Start'].map((message) => ({
      sha: shaOf(`${owner}/${name}:${message}`),
      message,
      author: 'ada',
    })),
    branches: new Set(['main', 'feature-12', 'feature-13']),
  };
}

/** The seeded world, put back in place. */
export function seedStore(store: GithubStore): void {
  store.repos.clear();
  for (const one of [
    repo(1, 'acme', 'app', acmeItems()),
    repo(2, 'acme', 'docs', []),
    repo(3, 'victim', 'private', [
      issue(1, VICTIM_CANARY, { body: VICTIM_CANARY }),
      pull(2, VICTIM_CANARY, { body: VICTIM_CANARY }),
    ]),
  ]) {
    store.repos.set(fullName(one), one);
  }
}
