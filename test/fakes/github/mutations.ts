import {
  addComment,
  addItem,
  newIssue,
  newPull,
  VIEWER,
  type GithubStore,
  type IssueRecord,
  type PullRecord,
  type RepoRecord,
} from './store.js';
import { notFound, type Args } from './connection.js';
import { viewComment, viewItem, viewRepo } from './views.js';

interface Subject {
  readonly repo: RepoRecord;
  readonly item: IssueRecord | PullRecord;
}

const missing = (id: unknown): Error =>
  notFound(`Could not resolve to a node with the global id of '${String(id)}'`);

function subjectOf(store: GithubStore, id: unknown): Subject {
  const [, repoId, number] = /^(?:I|PR)_(\d+)_(\d+)$/.exec(String(id)) ?? [];
  const repo = [...store.repos.values()].find((one) => String(one.id) === repoId);
  const item = repo?.items.get(Number(number));
  if (repo === undefined || item === undefined) throw missing(id);
  return { repo, item };
}

function repoOf(store: GithubStore, id: unknown): RepoRecord {
  const repo = [...store.repos.values()].find((one) => `R_${one.id}` === id);
  if (repo === undefined) throw missing(id);
  return repo;
}

/** The node behind a global id, for `node(id:)`. */
export function nodeOf(store: GithubStore, id: unknown): Args {
  if (String(id).startsWith('R_')) return viewRepo(store, repoOf(store, id));
  const { repo, item } = subjectOf(store, id);
  return viewItem(store, repo, item);
}

function setState(store: GithubStore, id: unknown, state: 'OPEN' | 'CLOSED' | 'MERGED'): Args {
  const { repo, item } = subjectOf(store, id);
  Object.assign(item, { state });
  return { [item.kind === 'pull' ? 'pullRequest' : 'issue']: viewItem(store, repo, item) };
}

function edit(store: GithubStore, id: unknown, input: Args): Args {
  const { repo, item } = subjectOf(store, id);
  if (typeof input['title'] === 'string') item.title = input['title'];
  if (typeof input['body'] === 'string') item.body = input['body'];
  return { [item.kind === 'pull' ? 'pullRequest' : 'issue']: viewItem(store, repo, item) };
}

const labelNames = (ids: unknown): string[] =>
  (Array.isArray(ids) ? ids : []).map((id) => String(id).replace(/^LA_\d+_/, ''));

function relabel(
  store: GithubStore,
  input: Args,
  change: (old: readonly string[]) => readonly string[],
): Args {
  const { repo, item } = subjectOf(store, input['labelableId']);
  item.labels = change(item.labels);
  return { labelable: viewItem(store, repo, item) };
}

const REVIEW_STATES: Readonly<Record<string, string>> = {
  APPROVE: 'APPROVED',
  COMMENT: 'COMMENTED',
  REQUEST_CHANGES: 'CHANGES_REQUESTED',
};

function addReview(store: GithubStore, input: Args): Args {
  const { repo, item } = subjectOf(store, input['pullRequestId']);
  if (item.kind !== 'pull') throw missing(input['pullRequestId']);
  const state = REVIEW_STATES[input['event']] ?? 'PENDING';
  item.reviews.push({ author: VIEWER, state, body: input['body'] ?? '' });
  return {
    pullRequestReview: { __typename: 'PullRequestReview', state },
    pullRequest: viewItem(store, repo, item),
  };
}

/** Every mutation the fake performs; any other is an error (graphql.ts), never a success without an effect. */
export function mutations(store: GithubStore): Args {
  return {
    createIssue: ({ input }: Args) => {
      const repo = repoOf(store, input.repositoryId);
      return {
        issue: viewItem(
          store,
          repo,
          addItem(repo, newIssue(input.title, input.body ?? '', labelNames(input.labelIds))),
        ),
      };
    },
    createPullRequest: ({ input }: Args) => {
      const repo = repoOf(store, input.repositoryId);
      const head = String(input.headRefName).replace(/^[^:]*:/, '');
      const pull = newPull(input.title, input.body ?? '', head, input.baseRefName, input.draft === true);
      return { pullRequest: viewItem(store, repo, addItem(repo, pull)) };
    },
    addComment: ({ input }: Args) => {
      const { repo, item } = subjectOf(store, input.subjectId);
      const comment = addComment(repo, item, VIEWER, input.body);
      return {
        commentEdge: { node: viewComment(repo, item, comment) },
        subject: viewItem(store, repo, item),
      };
    },
    closeIssue: ({ input }: Args) => setState(store, input.issueId, 'CLOSED'),
    reopenIssue: ({ input }: Args) => setState(store, input.issueId, 'OPEN'),
    updateIssue: ({ input }: Args) => edit(store, input.id, input),
    closePullRequest: ({ input }: Args) => setState(store, input.pullRequestId, 'CLOSED'),
    reopenPullRequest: ({ input }: Args) => setState(store, input.pullRequestId, 'OPEN'),
    updatePullRequest: ({ input }: Args) => edit(store, input.pullRequestId, input),
    mergePullRequest: ({ input }: Args) => setState(store, input.pullRequestId, 'MERGED'),
    addLabelsToLabelable: ({ input }: Args) =>
      relabel(store, input, (old) => [...new Set([...old, ...labelNames(input.labelIds)])]),
    removeLabelsFromLabelable: ({ input }: Args) =>
      relabel(store, input, (old) => old.filter((name) => !labelNames(input.labelIds).includes(name))),
    addPullRequestReview: ({ input }: Args) => addReview(store, input),
    deleteIssue: ({ input }: Args) => {
      const { repo, item } = subjectOf(store, input.issueId);
      repo.items.delete(item.number);
      return { repository: viewRepo(store, repo) };
    },
  };
}
