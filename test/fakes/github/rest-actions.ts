import { json, members, notFoundReply, paged, type GithubReply } from './reply.js';
import type { RepoRoute } from './route.js';
import { restJob, restRun, restWorkflow } from './rest-views.js';
import type { RepoRecord, RunRecord } from './store.js';

const findRun = (repo: RepoRecord, id: string | undefined): RunRecord | undefined =>
  repo.runs.find((run) => run.id === Number(id));

/** A workflow by number or by file name, as the API takes both. */
const findWorkflow = (
  repo: RepoRecord,
  id: string | undefined,
): RepoRecord['workflows'][number] | undefined =>
  repo.workflows.find((flow) => String(flow.id) === id || flow.path.endsWith(`/${id}`));

function changeRun(repo: RepoRecord, id: string | undefined, change: string | undefined): GithubReply {
  const run = findRun(repo, id);
  if (run === undefined) return notFoundReply();
  if (change !== 'cancel') return json(201, {});
  run.status = 'completed';
  return json(202, {});
}

export const actionRoutes: readonly RepoRoute[] = [
  [
    'GET',
    /^\/actions\/(?:workflows\/([^/]+)\/)?runs$/,
    ({ repo, request, match }) => {
      const branch = request.query.get('branch');
      const flow = match[1] === undefined ? undefined : findWorkflow(repo, match[1]);
      const found = repo.runs
        .filter((run) => match[1] === undefined || run.workflowId === flow?.id)
        .filter((run) => branch === null || run.branch === branch);
      return paged(
        request,
        found.map((run) => restRun(repo, run)),
        (runs) => ({ total_count: found.length, workflow_runs: runs }),
      );
    },
  ],
  [
    'GET',
    /^\/actions\/runs\/(\d+)$/,
    ({ repo, match }) => {
      const run = findRun(repo, match[1]);
      return run === undefined ? notFoundReply() : json(200, restRun(repo, run));
    },
  ],
  [
    'GET',
    /^\/actions\/runs\/(\d+)\/(?:attempts\/\d+\/)?jobs$/,
    ({ repo, match, request }) => {
      const run = findRun(repo, match[1]);
      if (run === undefined) return notFoundReply();
      return paged(request, [restJob(repo, run)], (jobs) => ({ total_count: 1, jobs }));
    },
  ],
  [
    'GET',
    /^\/actions\/runs\/(\d+)\/artifacts$/,
    ({ repo, match }) =>
      findRun(repo, match[1]) === undefined ? notFoundReply() : json(200, { total_count: 0, artifacts: [] }),
  ],
  [
    'POST',
    /^\/actions\/runs\/(\d+)\/(rerun|rerun-failed-jobs|cancel)$/,
    ({ repo, match }) => changeRun(repo, match[1], match[2]),
  ],
  ['GET', /^\/check-runs\/\d+\/annotations$/, () => json(200, [])],
  [
    'GET',
    /^\/actions\/workflows$/,
    ({ repo, request }) =>
      paged(
        request,
        repo.workflows.map((flow) => restWorkflow(repo, flow)),
        (workflows) => ({ total_count: repo.workflows.length, workflows }),
      ),
  ],
  [
    'GET',
    /^\/actions\/workflows\/([^/]+)$/,
    ({ repo, match }) => {
      const flow = findWorkflow(repo, match[1]);
      return flow === undefined ? notFoundReply() : json(200, restWorkflow(repo, flow));
    },
  ],
  [
    'POST',
    /^\/actions\/workflows\/([^/]+)\/dispatches$/,
    ({ repo, match, request }) => {
      const known = findWorkflow(repo, match[1]) !== undefined;
      if (!known) return notFoundReply();
      return typeof members(request)['ref'] === 'string'
        ? { status: 204 }
        : json(422, { message: 'ref is missing' });
    },
  ],
  [
    'GET',
    /^\/actions\/secrets$/,
    () =>
      json(200, {
        total_count: 1,
        secrets: [
          { name: 'DEPLOY_KEY', created_at: '2026-01-02T03:04:05Z', updated_at: '2026-01-02T03:04:05Z' },
        ],
      }),
  ],
];
