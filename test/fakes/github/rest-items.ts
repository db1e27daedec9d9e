import {
  invalid,
  json,
  members,
  notFoundReply,
  paged,
  type GithubReply,
  type GithubRequest,
} from './reply.js';
import type { RepoRoute } from './route.js';
import { restComment, restIssue, restPull } from './rest-views.js';
import {
  addComment,
  addItem,
  diffOf,
  newIssue,
  newPull,
  shaOf,
  VIEWER,
  type IssueRecord,
  type PullRecord,
  type RepoRecord,
} from './store.js';

function listed(repo: RepoRecord, request: GithubRequest): (IssueRecord | PullRecord)[] {
  const state = request.query.get('state') ?? 'open';
  const labels = (request.query.get('labels') ?? '').split(',').filter((name) => name !== '');
  return [...repo.items.values()]
    .filter((item) => state === 'all' || (item.state === 'OPEN') === (state === 'open'))
    .filter((item) => labels.every((name) => item.labels.includes(name)))
    .sort((left, right) => right.number - left.number);
}

const isPull = (item: IssueRecord | PullRecord | undefined): item is PullRecord => item?.kind === 'pull';
const string = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** The edits REST and GraphQL have in common: title, body, open or closed. */
function patch(
  repo: RepoRecord,
  item: IssueRecord | PullRecord | undefined,
  request: GithubRequest,
): GithubReply {
  if (item === undefined) return notFoundReply();
  const { title, body, state } = members(request);
  item.title = string(title) ?? item.title;
  item.body = string(body) ?? item.body;
  if (state === 'closed' || state === 'open') item.state = state === 'open' ? 'OPEN' : 'CLOSED';
  return json(200, isPull(item) ? restPull(repo, item) : restIssue(repo, item));
}

function createIssue(repo: RepoRecord, request: GithubRequest): GithubReply {
  const { title, body } = members(request);
  if (string(title) === undefined) return invalid('title is missing');
  return json(201, restIssue(repo, addItem(repo, newIssue(String(title), string(body) ?? ''))));
}

function createPull(repo: RepoRecord, request: GithubRequest): GithubReply {
  const { title, body, head, base, draft } = members(request);
  const branch = string(head)?.replace(/^[^:]*:/, '') ?? '';
  if (string(title) === undefined || !repo.branches.has(branch)) return invalid('title or head is missing');
  const pull = newPull(String(title), string(body) ?? '', branch, string(base) ?? 'main', draft === true);
  return json(201, restPull(repo, addItem(repo, pull)));
}

function onePull(repo: RepoRecord, number: string | undefined, request: GithubRequest): GithubReply {
  const item = repo.items.get(Number(number));
  if (!isPull(item)) return notFoundReply();
  if (/\.(?:diff|patch)\b/.test(request.accept)) {
    return {
      status: 200,
      headers: { 'content-type': 'application/vnd.github.v3.diff; charset=utf-8' },
      bytes: Buffer.from(diffOf(item)),
    };
  }
  return json(200, restPull(repo, item));
}

function merge(repo: RepoRecord, number: string | undefined): GithubReply {
  const item = repo.items.get(Number(number));
  if (!isPull(item)) return notFoundReply();
  if (item.state !== 'OPEN') return json(405, { message: 'Pull Request is not mergeable' });
  item.state = 'MERGED';
  return json(200, {
    sha: shaOf(`merge ${item.number}`),
    merged: true,
    message: 'Pull Request successfully merged',
  });
}

/** Issues and pull requests. An issue number may name a pull request, as on GitHub. */
export const itemRoutes: readonly RepoRoute[] = [
  [
    'GET',
    /^\/issues$/,
    ({ repo, request }) =>
      paged(
        request,
        listed(repo, request).map((item) => restIssue(repo, item)),
      ),
  ],
  ['POST', /^\/issues$/, ({ repo, request }) => createIssue(repo, request)],
  [
    'GET',
    /^\/issues\/(\d+)$/,
    ({ repo, match }) => {
      const item = repo.items.get(Number(match[1]));
      return item === undefined ? notFoundReply() : json(200, restIssue(repo, item));
    },
  ],
  [
    'PATCH',
    /^\/(?:issues|pulls)\/(\d+)$/,
    ({ repo, match, request }) => patch(repo, repo.items.get(Number(match[1])), request),
  ],
  [
    'GET',
    /^\/issues\/(\d+)\/comments$/,
    ({ repo, match, request }) => {
      const item = repo.items.get(Number(match[1]));
      if (item === undefined) return notFoundReply();
      return paged(
        request,
        item.comments.map((comment) => restComment(repo, item, comment)),
      );
    },
  ],
  [
    'POST',
    /^\/issues\/(\d+)\/comments$/,
    ({ repo, match, request }) => {
      const item = repo.items.get(Number(match[1]));
      const body = string(members(request)['body']);
      if (item === undefined) return notFoundReply();
      if (body === undefined) return invalid('body is missing');
      return json(201, restComment(repo, item, addComment(repo, item, VIEWER, body)));
    },
  ],
  [
    'GET',
    /^\/pulls$/,
    ({ repo, request }) =>
      paged(
        request,
        listed(repo, request)
          .filter(isPull)
          .map((item) => restPull(repo, item)),
      ),
  ],
  ['POST', /^\/pulls$/, ({ repo, request }) => createPull(repo, request)],
  ['GET', /^\/pulls\/(\d+)$/, ({ repo, match, request }) => onePull(repo, match[1], request)],
  ['PUT', /^\/pulls\/(\d+)\/merge$/, ({ repo, match }) => merge(repo, match[1])],
];
