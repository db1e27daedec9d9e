import type { RepoRoute } from './route.js';
import { actionRoutes } from './rest-actions.js';
import { itemRoutes } from './rest-items.js';
import { releaseRoutes } from './rest-releases.js';
import {
  DOCUMENTATION,
  invalid,
  json,
  members,
  notFoundReply,
  paged,
  type GithubReply,
  type GithubRequest,
} from './reply.js';
import { API, restCommit, restIssue, restLabel, restRepo, restUser } from './rest-views.js';
import { searchItems } from './search.js';
import { findRepo, fullName, shaOf, VIEWER, type GithubStore, type RepoRecord } from './store.js';

const contents = (repo: RepoRecord, path: string, text: string): unknown => ({
  type: 'file',
  encoding: 'base64',
  size: text.length,
  name: path,
  path,
  sha: shaOf(text),
  content: Buffer.from(text).toString('base64'),
  html_url: `https://github.com/${fullName(repo)}/blob/main/${path}`,
});

const REPO_ROUTES: readonly RepoRoute[] = [
  ['GET', /^$/, ({ repo }) => json(200, restRepo(repo))],
  [
    'DELETE',
    /^$/,
    ({ repo, store }) => {
      store.repos.delete(fullName(repo));
      return { status: 204 };
    },
  ],
  [
    'GET',
    /^\/(?:readme|contents\/README\.md)$/,
    ({ repo }) => json(200, contents(repo, 'README.md', repo.readme)),
  ],
  [
    'GET',
    /^\/commits$/,
    ({ repo, request }) => {
      const sha = request.query.get('sha') ?? 'main';
      if (!repo.branches.has(sha) && !repo.commits.some((commit) => commit.sha === sha))
        return notFoundReply();
      return paged(
        request,
        repo.commits.map((commit) => restCommit(repo, commit)),
      );
    },
  ],
  [
    'GET',
    /^\/commits\/([0-9a-f]{40})$/,
    ({ repo, match }) => {
      const commit = repo.commits.find(({ sha }) => sha === match[1]);
      return commit === undefined ? notFoundReply() : json(200, restCommit(repo, commit));
    },
  ],
  [
    'GET',
    /^\/branches$/,
    ({ repo, request }) =>
      paged(
        request,
        [...repo.branches].map((name) => ({
          name,
          commit: { sha: repo.commits[0]?.sha },
          protected: name === 'main',
        })),
      ),
  ],
  [
    'DELETE',
    /^\/git\/refs\/heads\/(.+)$/,
    ({ repo, match }) =>
      repo.branches.delete(decodeURIComponent(match[1] ?? ''))
        ? { status: 204 }
        : json(422, { message: 'Reference does not exist' }),
  ],
  [
    'GET',
    /^\/labels$/,
    ({ repo, request }) =>
      paged(
        request,
        repo.labels.map(({ name }) => restLabel(repo, name)),
      ),
  ],
  [
    'POST',
    /^\/labels$/,
    ({ repo, request }) => {
      const { name, color, description } = members(request);
      if (typeof name !== 'string' || name === '') return invalid('name is missing');
      if (repo.labels.some((label) => label.name === name)) {
        return json(422, {
          message: 'Validation Failed',
          errors: [{ resource: 'Label', code: 'already_exists', field: 'name' }],
        });
      }
      repo.labels.push({
        name,
        color: typeof color === 'string' ? color : 'ededed',
        description: typeof description === 'string' ? description : '',
      });
      return json(201, restLabel(repo, name));
    },
  ],
  ...itemRoutes,
  ...releaseRoutes,
  ...actionRoutes,
];

function searchIssues(store: GithubStore, request: GithubRequest): GithubReply {
  const hits = searchItems(store, request.query.get('q') ?? '');
  return paged(
    request,
    hits.map(({ repo, item }) => ({ ...restIssue(repo, item), score: 1 })),
    (items) => ({ total_count: hits.length, incomplete_results: false, items }),
  );
}

function plainRoute(store: GithubStore, request: GithubRequest): GithubReply {
  const repos = (owner: string | undefined): GithubReply =>
    paged(
      request,
      [...store.repos.values()].filter((repo) => owner === undefined || repo.owner === owner).map(restRepo),
    );
  if (request.method !== 'GET') return notFoundReply();
  const [, kind, login] = /^\/(orgs|users)\/([\w-]+)\/repos$/.exec(request.path) ?? [];
  if (kind !== undefined) return repos(login);
  // gh status asks for all of this at once, and complains of whatever fails first.
  if (/^\/(?:notifications|users\/[\w-]+\/received_events)$/.test(request.path)) return paged(request, []);
  switch (request.path) {
    case '/':
      return json(200, { current_user_url: `${API}/user`, rate_limit_url: `${API}/rate_limit` });
    case '/user':
      return json(200, { ...restUser(VIEWER), name: 'Octo Bot', email: 'octo@example.com' });
    case '/user/repos':
      return repos(undefined);
    case '/search/issues':
      return searchIssues(store, request);
    case '/rate_limit':
      return json(200, {
        rate: { limit: 5000, remaining: 4999, reset: 1_767_326_645, used: 1 },
        resources: {},
      });
    default:
      return json(404, { message: 'Not Found', documentation_url: DOCUMENTATION });
  }
}

/** Answers a REST request whose token has been checked. Unknown paths are GitHub's own 404. */
export function answerRest(store: GithubStore, request: GithubRequest): GithubReply {
  const [, owner, name, rest] = /^\/repos\/([^/]+)\/([^/]+)(\/.*)?$/.exec(request.path) ?? [];
  if (owner === undefined || name === undefined) return plainRoute(store, request);
  const repo = findRepo(store, owner, name);
  if (repo === undefined) return notFoundReply();
  for (const [method, pattern, answer] of REPO_ROUTES) {
    const match = method === request.method ? pattern.exec(rest ?? '') : null;
    if (match !== null) return answer({ repo, request, store, match });
  }
  return notFoundReply();
}
