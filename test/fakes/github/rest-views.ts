import {
  FIXED_TIME,
  fullName,
  shaOf,
  type AssetRecord,
  type CommentRecord,
  type IssueRecord,
  type PullRecord,
  type ReleaseRecord,
  type RepoRecord,
  type RunRecord,
} from './store.js';
import { commentUrl, itemUrl } from './views.js';

export type Rest = { readonly [field: string]: unknown };

export const API = 'https://api.github.com';
const apiUrl = (repo: RepoRecord, rest: string): string => `${API}/repos/${fullName(repo)}${rest}`;
const webUrl = (repo: RepoRecord, rest: string): string => `https://github.com/${fullName(repo)}${rest}`;

export const restUser = (login: string): Rest => ({
  login,
  id: 7,
  node_id: `U_${login}`,
  type: login === 'acme' ? 'Organization' : 'User',
  url: `${API}/users/${login}`,
  html_url: `https://github.com/${login}`,
  site_admin: false,
});

export const restRepo = (repo: RepoRecord): Rest => ({
  id: repo.id,
  node_id: `R_${repo.id}`,
  name: repo.name,
  full_name: fullName(repo),
  private: repo.isPrivate,
  owner: restUser(repo.owner),
  html_url: webUrl(repo, ''),
  description: repo.description,
  fork: false,
  url: apiUrl(repo, ''),
  default_branch: 'main',
  has_issues: true,
  visibility: repo.isPrivate ? 'private' : 'public',
  created_at: FIXED_TIME,
  updated_at: FIXED_TIME,
  pushed_at: FIXED_TIME,
  permissions: { admin: true, push: true, pull: true },
});

export const restLabel = (repo: RepoRecord, name: string): Rest => {
  const known = repo.labels.find((label) => label.name === name);
  return {
    id: repo.id * 10 + repo.labels.findIndex((label) => label.name === name),
    node_id: `LA_${repo.id}_${name}`,
    url: apiUrl(repo, `/labels/${name}`),
    name,
    color: known?.color ?? 'ededed',
    default: false,
    description: known?.description ?? null,
  };
};

export const restIssue = (repo: RepoRecord, item: IssueRecord | PullRecord): Rest => ({
  url: apiUrl(repo, `/issues/${item.number}`),
  repository_url: apiUrl(repo, ''),
  html_url: itemUrl(repo, item),
  id: repo.id * 100_000 + item.number,
  node_id: `${item.kind === 'pull' ? 'PR' : 'I'}_${repo.id}_${item.number}`,
  number: item.number,
  title: item.title,
  user: restUser(item.author),
  labels: item.labels.map((name) => restLabel(repo, name)),
  state: item.state === 'OPEN' ? 'open' : 'closed',
  locked: false,
  assignees: [],
  comments: item.comments.length,
  created_at: FIXED_TIME,
  updated_at: FIXED_TIME,
  closed_at: item.state === 'OPEN' ? null : FIXED_TIME,
  author_association: 'MEMBER',
  body: item.body,
  ...(item.kind === 'pull'
    ? {
        draft: item.isDraft,
        pull_request: { url: apiUrl(repo, `/pulls/${item.number}`), html_url: itemUrl(repo, item) },
      }
    : {}),
});

export const restPull = (repo: RepoRecord, pull: PullRecord): Rest => {
  const { pull_request: _link, repository_url: _repo, ...common } = restIssue(repo, pull);
  const end = (branch: string, sha: string): Rest => ({
    label: `${repo.owner}:${branch}`,
    ref: branch,
    sha,
    user: restUser(repo.owner),
    repo: restRepo(repo),
  });
  return {
    ...common,
    url: apiUrl(repo, `/pulls/${pull.number}`),
    diff_url: `${itemUrl(repo, pull)}.diff`,
    merged_at: pull.state === 'MERGED' ? FIXED_TIME : null,
    merged: pull.state === 'MERGED',
    head: end(pull.head, shaOf(`${fullName(repo)}#${pull.number}`)),
    base: end(pull.base, repo.commits[0]?.sha ?? ''),
  };
};

export const restComment = (
  repo: RepoRecord,
  item: IssueRecord | PullRecord,
  comment: CommentRecord,
): Rest => ({
  id: comment.id,
  node_id: `IC_${comment.id}`,
  url: apiUrl(repo, `/issues/comments/${comment.id}`),
  html_url: commentUrl(repo, item, comment),
  user: restUser(comment.author),
  created_at: FIXED_TIME,
  updated_at: FIXED_TIME,
  body: comment.body,
});

export const restAsset = (repo: RepoRecord, release: ReleaseRecord, asset: AssetRecord): Rest => ({
  url: apiUrl(repo, `/releases/assets/${asset.id}`),
  id: asset.id,
  name: asset.name,
  label: '',
  content_type: asset.contentType,
  state: 'uploaded',
  size: asset.bytes.length,
  download_count: 0,
  created_at: FIXED_TIME,
  updated_at: FIXED_TIME,
  browser_download_url: webUrl(repo, `/releases/download/${release.tag}/${asset.name}`),
});

export const restRelease = (repo: RepoRecord, release: ReleaseRecord): Rest => ({
  url: apiUrl(repo, `/releases/${release.id}`),
  assets_url: apiUrl(repo, `/releases/${release.id}/assets`),
  upload_url: `https://uploads.github.com/repos/${fullName(repo)}/releases/${release.id}/assets{?name,label}`,
  html_url: webUrl(repo, `/releases/tag/${release.tag}`),
  id: release.id,
  author: restUser('ada'),
  tag_name: release.tag,
  target_commitish: 'main',
  name: release.name,
  draft: false,
  prerelease: release.prerelease,
  created_at: FIXED_TIME,
  published_at: FIXED_TIME,
  assets: release.assets.map((asset) => restAsset(repo, release, asset)),
  tarball_url: apiUrl(repo, `/tarball/${release.tag}`),
  zipball_url: apiUrl(repo, `/zipball/${release.tag}`),
  body: release.body,
});

export const restWorkflow = (repo: RepoRecord, flow: RepoRecord['workflows'][number]): Rest => ({
  id: flow.id,
  node_id: `W_${flow.id}`,
  name: flow.name,
  path: flow.path,
  state: 'active',
  created_at: FIXED_TIME,
  updated_at: FIXED_TIME,
  url: apiUrl(repo, `/actions/workflows/${flow.id}`),
  html_url: webUrl(repo, `/blob/main/${flow.path}`),
});

export const restRun = (repo: RepoRecord, run: RunRecord): Rest => {
  const url = apiUrl(repo, `/actions/runs/${run.id}`);
  const flow = repo.workflows.find(({ id }) => id === run.workflowId);
  return {
    id: run.id,
    name: flow?.name,
    display_title: repo.commits[0]?.message,
    head_branch: run.branch,
    head_sha: repo.commits[0]?.sha,
    path: flow?.path,
    run_number: run.id,
    run_attempt: 1,
    event: run.event,
    status: run.status,
    conclusion: run.conclusion,
    workflow_id: run.workflowId,
    check_suite_id: run.id,
    url,
    html_url: webUrl(repo, `/actions/runs/${run.id}`),
    created_at: FIXED_TIME,
    updated_at: '2026-01-02T03:05:35Z',
    run_started_at: FIXED_TIME,
    jobs_url: `${url}/jobs`,
    logs_url: `${url}/logs`,
    workflow_url: apiUrl(repo, `/actions/workflows/${run.workflowId}`),
    head_commit: { id: repo.commits[0]?.sha, message: repo.commits[0]?.message },
    repository: restRepo(repo),
    head_repository: restRepo(repo),
    pull_requests: [],
  };
};

export const restJob = (repo: RepoRecord, run: RunRecord): Rest => ({
  id: run.id * 10 + 1,
  run_id: run.id,
  name: 'build',
  status: run.status,
  conclusion: run.conclusion,
  started_at: FIXED_TIME,
  completed_at: '2026-01-02T03:05:35Z',
  url: apiUrl(repo, `/actions/jobs/${run.id * 10 + 1}`),
  html_url: webUrl(repo, `/actions/runs/${run.id}/job/${run.id * 10 + 1}`),
  steps: [{ name: 'Run make', status: run.status, conclusion: run.conclusion, number: 1 }],
});

export const restCommit = (repo: RepoRecord, commit: RepoRecord['commits'][number]): Rest => {
  const person = { name: commit.author, email: `${commit.author}@example.com`, date: FIXED_TIME };
  return {
    sha: commit.sha,
    node_id: `C_${commit.sha}`,
    commit: { author: person, committer: person, message: commit.message },
    url: apiUrl(repo, `/commits/${commit.sha}`),
    html_url: webUrl(repo, `/commit/${commit.sha}`),
    author: restUser(commit.author),
    committer: restUser(commit.author),
    parents: [],
  };
};
