import { connection, notFound, type Args, type View } from './connection.js';
import {
  FIXED_TIME,
  fullName,
  shaOf,
  type CommentRecord,
  type GithubStore,
  type IssueRecord,
  type PullRecord,
  type RepoRecord,
} from './store.js';

const GITHUB = 'https://github.com';
export const itemUrl = (repo: RepoRecord, item: IssueRecord | PullRecord): string =>
  `${GITHUB}/${fullName(repo)}/${item.kind === 'pull' ? 'pull' : 'issues'}/${item.number}`;
export const commentUrl = (
  repo: RepoRecord,
  item: IssueRecord | PullRecord,
  comment: CommentRecord,
): string => `${itemUrl(repo, item)}#issuecomment-${comment.id}`;

export const viewUser = (login: string): View => ({
  __typename: login === 'acme' ? 'Organization' : 'User',
  id: `U_${login}`,
  databaseId: 7,
  login,
  name: login,
  url: `${GITHUB}/${login}`,
});

const viewLabel = (repo: RepoRecord, name: string): View => {
  const known = repo.labels.find((label) => label.name === name);
  return {
    __typename: 'Label',
    id: `LA_${repo.id}_${name}`,
    name,
    color: known?.color ?? 'ededed',
    description: known?.description ?? null,
    createdAt: FIXED_TIME,
  };
};

export const viewComment = (
  repo: RepoRecord,
  item: IssueRecord | PullRecord,
  comment: CommentRecord,
): View => ({
  __typename: 'IssueComment',
  id: `IC_${comment.id}`,
  databaseId: comment.id,
  author: viewUser(comment.author),
  authorAssociation: 'MEMBER',
  body: comment.body,
  createdAt: FIXED_TIME,
  url: commentUrl(repo, item, comment),
});

function viewCommon(store: GithubStore, repo: RepoRecord, item: IssueRecord | PullRecord): Args {
  return {
    databaseId: repo.id * 100_000 + item.number,
    number: item.number,
    title: item.title,
    body: item.body,
    state: item.state,
    closed: item.state !== 'OPEN',
    closedAt: item.state === 'OPEN' ? null : FIXED_TIME,
    author: viewUser(item.author),
    createdAt: FIXED_TIME,
    updatedAt: FIXED_TIME,
    url: itemUrl(repo, item),
    labels: (args: Args) =>
      connection(
        item.labels.map((name) => viewLabel(repo, name)),
        args,
      ),
    comments: (args: Args) =>
      connection(
        item.comments.map((comment) => viewComment(repo, item, comment)),
        args,
      ),
    repository: () => viewRepo(store, repo),
  };
}

export const viewIssue = (store: GithubStore, repo: RepoRecord, item: IssueRecord): View => ({
  __typename: 'Issue',
  id: `I_${repo.id}_${item.number}`,
  ...viewCommon(store, repo, item),
});

/** The commit a pull request ends in, with the checks that ran on it. */
function viewHeadCommit(repo: RepoRecord, pull: PullRecord): View {
  const checks = pull.checks.map(({ name, conclusion }, index) => ({
    __typename: 'CheckRun',
    name,
    status: 'COMPLETED',
    conclusion,
    startedAt: FIXED_TIME,
    completedAt: '2026-01-02T03:05:35Z',
    detailsUrl: `${GITHUB}/${fullName(repo)}/actions/runs/1/job/${index + 1}`,
    checkSuite: { workflowRun: { event: 'pull_request', workflow: { name: 'CI' } } },
  }));
  const failed = pull.checks.some(({ conclusion }) => conclusion === 'FAILURE');
  return {
    __typename: 'Commit',
    oid: shaOf(`${fullName(repo)}#${pull.number}`),
    messageHeadline: pull.title,
    messageBody: '',
    committedDate: FIXED_TIME,
    authoredDate: FIXED_TIME,
    statusCheckRollup:
      checks.length === 0
        ? null
        : { state: failed ? 'FAILURE' : 'SUCCESS', contexts: (args: Args) => connection(checks, args) },
  };
}

export const viewPull = (store: GithubStore, repo: RepoRecord, pull: PullRecord): View => ({
  __typename: 'PullRequest',
  id: `PR_${repo.id}_${pull.number}`,
  ...viewCommon(store, repo, pull),
  isDraft: pull.isDraft,
  merged: pull.state === 'MERGED',
  mergedAt: pull.state === 'MERGED' ? FIXED_TIME : null,
  mergedBy: pull.state === 'MERGED' ? viewUser('ada') : null,
  headRefName: pull.head,
  baseRefName: pull.base,
  headRefOid: shaOf(`${fullName(repo)}#${pull.number}`),
  headRepository: () => viewRepo(store, repo),
  headRepositoryOwner: viewUser(repo.owner),
  isCrossRepository: false,
  maintainerCanModify: false,
  mergeable: 'MERGEABLE',
  mergeStateStatus: 'CLEAN',
  reviews: (args: Args) =>
    connection(
      pull.reviews.map(({ author, state, body }, index) => ({
        __typename: 'PullRequestReview',
        id: `PRR_${repo.id}_${pull.number}_${index}`,
        author: viewUser(author),
        authorAssociation: 'MEMBER',
        state,
        body,
        submittedAt: FIXED_TIME,
        url: `${itemUrl(repo, pull)}#pullrequestreview-${index}`,
      })),
      args,
    ),
  additions: 1,
  deletions: 1,
  changedFiles: 1,
  files: (args: Args) =>
    connection([{ path: 'src/login.ts', additions: 1, deletions: 1, changeType: 'MODIFIED' }], args),
  commits: (args: Args) => connection([{ commit: viewHeadCommit(repo, pull) }], args),
});

export const viewItem = (store: GithubStore, repo: RepoRecord, item: IssueRecord | PullRecord): View =>
  item.kind === 'pull' ? viewPull(store, repo, item) : viewIssue(store, repo, item);

function itemsOf(store: GithubStore, repo: RepoRecord, kind: 'issue' | 'pull', args: Args): Args {
  const wanted = { ...args['filterBy'], ...args };
  const found = [...repo.items.values()]
    .filter((item) => item.kind === kind)
    .filter((item) => !wanted['states']?.length || wanted['states'].includes(item.state))
    .filter(
      (item) =>
        !wanted['labels']?.length || wanted['labels'].some((name: string) => item.labels.includes(name)),
    )
    .filter((item) => !wanted['createdBy'] || item.author === wanted['createdBy'])
    .filter((item) => !wanted['headRefName'] || (item.kind === 'pull' && item.head === wanted['headRefName']))
    .filter((item) => !wanted['baseRefName'] || (item.kind === 'pull' && item.base === wanted['baseRefName']))
    .sort((left, right) => right.number - left.number);
  return connection(
    found.map((item) => viewItem(store, repo, item)),
    args,
  );
}

function itemOf(store: GithubStore, repo: RepoRecord, number: number, kinds: readonly string[]): View {
  const item = repo.items.get(number);
  if (item === undefined || !kinds.includes(item.kind)) {
    const what = kinds.length > 1 ? 'issue or pull request' : kinds[0] === 'pull' ? 'PullRequest' : 'Issue';
    throw notFound(
      `Could not resolve to ${what === 'Issue' ? 'an' : 'a'} ${what} with the number of ${number}.`,
    );
  }
  return viewItem(store, repo, item);
}

const viewReleases = (repo: RepoRecord, args: Args): Args =>
  connection(
    repo.releases.toReversed().map((release) => ({
      __typename: 'Release',
      id: `RE_${release.id}`,
      name: release.name,
      tagName: release.tag,
      isDraft: false,
      isPrerelease: release.prerelease,
      isLatest: release.tag === 'v1.0.0',
      createdAt: FIXED_TIME,
      publishedAt: FIXED_TIME,
      url: `${GITHUB}/${fullName(repo)}/releases/tag/${release.tag}`,
    })),
    args,
  );

function viewBranch(repo: RepoRecord, name: string): View {
  return {
    __typename: 'Ref',
    id: `REF_${repo.id}_${name}`,
    name,
    prefix: 'refs/heads/',
    target: { __typename: 'Commit', oid: repo.commits[0]?.sha },
  };
}

export function viewRepo(store: GithubStore, repo: RepoRecord): View {
  const url = `${GITHUB}/${fullName(repo)}`;
  return {
    __typename: 'Repository',
    id: `R_${repo.id}`,
    databaseId: repo.id,
    name: repo.name,
    nameWithOwner: fullName(repo),
    owner: viewUser(repo.owner),
    description: repo.description,
    url,
    sshUrl: `git@github.com:${fullName(repo)}.git`,
    isPrivate: repo.isPrivate,
    visibility: repo.isPrivate ? 'PRIVATE' : 'PUBLIC',
    hasIssuesEnabled: true,
    viewerPermission: 'ADMIN',
    viewerCanAdminister: true,
    viewerDefaultMergeMethod: 'MERGE',
    mergeCommitAllowed: true,
    rebaseMergeAllowed: true,
    squashMergeAllowed: true,
    createdAt: FIXED_TIME,
    updatedAt: FIXED_TIME,
    pushedAt: FIXED_TIME,
    stargazerCount: 5,
    defaultBranchRef: viewBranch(repo, 'main'),
    ref: (args: Args) => {
      const name = String(args['qualifiedName']).replace(/^refs\/heads\//, '');
      return repo.branches.has(name) ? viewBranch(repo, name) : null;
    },
    issues: (args: Args) => itemsOf(store, repo, 'issue', args),
    pullRequests: (args: Args) => itemsOf(store, repo, 'pull', args),
    issue: (args: Args) => itemOf(store, repo, args['number'], ['issue']),
    pullRequest: (args: Args) => itemOf(store, repo, args['number'], ['pull']),
    issueOrPullRequest: (args: Args) => itemOf(store, repo, args['number'], ['issue', 'pull']),
    label: (args: Args) =>
      repo.labels.some(({ name }) => name === args['name']) ? viewLabel(repo, args['name']) : null,
    labels: (args: Args) =>
      connection(
        repo.labels
          .filter(({ name }) => name.includes(args['query'] ?? ''))
          .map(({ name }) => viewLabel(repo, name)),
        args,
      ),
    releases: (args: Args) => viewReleases(repo, args),
  };
}
