import {
  assetSignature,
  invalid,
  json,
  members,
  notFoundReply,
  paged,
  type GithubReply,
  type GithubRequest,
} from './reply.js';
import type { RepoRoute } from './route.js';
import { restAsset, restRelease } from './rest-views.js';
import {
  findRepo,
  fullName,
  idFor,
  type AssetRecord,
  type GithubStore,
  type ReleaseRecord,
  type RepoRecord,
} from './store.js';

const oneRelease = (repo: RepoRecord, release: ReleaseRecord | undefined): GithubReply =>
  release === undefined ? notFoundReply() : json(200, restRelease(repo, release));

const redirect = (location: string): GithubReply => ({
  status: 302,
  headers: { location },
  bytes: Buffer.alloc(0),
});

interface Found {
  readonly release: ReleaseRecord;
  readonly asset: AssetRecord;
}

function findAsset(repo: RepoRecord, id: number): Found | undefined {
  return repo.releases
    .flatMap((release) => release.assets.map((asset) => ({ release, asset })))
    .find(({ asset }) => asset.id === id);
}

/** Asked for bytes, GitHub answers with a link to another host; asked for JSON, with the description. */
function getAsset(repo: RepoRecord, id: number, request: GithubRequest): GithubReply {
  const found = findAsset(repo, id);
  if (found === undefined) return notFoundReply();
  if (!request.accept.includes('application/octet-stream'))
    return json(200, restAsset(repo, found.release, found.asset));
  const { name } = found.asset;
  return redirect(
    `https://objects.githubusercontent.com/github-production-release-asset/${fullName(repo)}/${id}?X-Amz-Signature=${assetSignature(id)}&response-content-disposition=${encodeURIComponent(`attachment; filename=${name}`)}`,
  );
}

const archive = (repo: RepoRecord, kind: 'zip' | 'tar.gz', tag: string): GithubReply =>
  redirect(`https://codeload.github.com/${fullName(repo)}/legacy.${kind}/refs/tags/${tag}`);

function createRelease(repo: RepoRecord, request: GithubRequest): GithubReply {
  const { tag_name: tag, name, body, prerelease } = members(request);
  if (typeof tag !== 'string' || tag === '') return invalid('tag_name is missing');
  if (repo.releases.some((release) => release.tag === tag)) return invalid('tag_name already exists');
  const release: ReleaseRecord = {
    id: idFor(fullName(repo), tag),
    tag,
    name: typeof name === 'string' ? name : tag,
    body: typeof body === 'string' ? body : '',
    prerelease: prerelease === true,
    assets: [],
  };
  repo.releases.push(release);
  return json(201, restRelease(repo, release));
}

export const releaseRoutes: readonly RepoRoute[] = [
  [
    'GET',
    /^\/releases$/,
    ({ repo, request }) =>
      paged(
        request,
        repo.releases.toReversed().map((release) => restRelease(repo, release)),
      ),
  ],
  [
    'GET',
    /^\/releases\/latest$/,
    ({ repo }) =>
      oneRelease(
        repo,
        repo.releases.find(({ prerelease }) => !prerelease),
      ),
  ],
  [
    'GET',
    /^\/releases\/tags\/(.+)$/,
    ({ repo, match }) =>
      oneRelease(
        repo,
        repo.releases.find(({ tag }) => tag === decodeURIComponent(match[1] ?? '')),
      ),
  ],
  [
    'GET',
    /^\/releases\/(\d+)$/,
    ({ repo, match }) =>
      oneRelease(
        repo,
        repo.releases.find(({ id }) => id === Number(match[1])),
      ),
  ],
  [
    'DELETE',
    /^\/releases\/(\d+)$/,
    ({ repo, match }) => {
      const at = repo.releases.findIndex(({ id }) => id === Number(match[1]));
      if (at < 0) return notFoundReply();
      repo.releases.splice(at, 1);
      return { status: 204 };
    },
  ],
  [
    'GET',
    /^\/releases\/assets\/(\d+)$/,
    ({ repo, match, request }) => getAsset(repo, Number(match[1]), request),
  ],
  [
    'DELETE',
    /^\/releases\/assets\/(\d+)$/,
    ({ repo, match }) => {
      const found = findAsset(repo, Number(match[1]));
      if (found === undefined) return notFoundReply();
      found.release.assets.splice(found.release.assets.indexOf(found.asset), 1);
      return { status: 204 };
    },
  ],
  ['POST', /^\/releases$/, ({ repo, request }) => createRelease(repo, request)],
  ['GET', /^\/zipball\/(.+)$/, ({ repo, match }) => archive(repo, 'zip', match[1] ?? '')],
  ['GET', /^\/tarball\/(.+)$/, ({ repo, match }) => archive(repo, 'tar.gz', match[1] ?? '')],
];

/** uploads.github.com: the body is the asset. */
export function answerUpload(store: GithubStore, request: GithubRequest): GithubReply {
  const [, owner, name, id] = /^\/repos\/([^/]+)\/([^/]+)\/releases\/(\d+)\/assets$/.exec(request.path) ?? [];
  const repo = findRepo(store, owner ?? '', name ?? '');
  const release = repo?.releases.find((one) => one.id === Number(id));
  const file = request.query.get('name');
  if (request.method !== 'POST' || repo === undefined || release === undefined || file === null)
    return notFoundReply();
  if (release.assets.some((asset) => asset.name === file)) {
    return json(422, {
      message: 'Validation Failed',
      errors: [{ resource: 'ReleaseAsset', code: 'already_exists', field: 'name' }],
    });
  }
  const asset = {
    id: idFor(fullName(repo), release.tag, file),
    name: file,
    contentType: request.contentType || 'application/octet-stream',
    bytes: request.body,
  };
  release.assets.push(asset);
  return json(201, restAsset(repo, release, asset));
}

/** objects.githubusercontent.com: the signed link is the permission, no token is looked at. */
export function answerObject(store: GithubStore, request: GithubRequest): GithubReply {
  const [, owner, name, id] =
    /^\/github-production-release-asset\/([^/]+)\/([^/]+)\/(\d+)$/.exec(request.path) ?? [];
  const repo = findRepo(store, owner ?? '', name ?? '');
  const found = repo === undefined ? undefined : findAsset(repo, Number(id));
  if (found === undefined || request.query.get('X-Amz-Signature') !== assetSignature(Number(id))) {
    return {
      status: 403,
      headers: { 'content-type': 'application/xml' },
      bytes: Buffer.from('<Error><Code>AccessDenied</Code></Error>'),
    };
  }
  return { status: 200, headers: { 'content-type': found.asset.contentType }, bytes: found.asset.bytes };
}

/** codeload.github.com: an archive, small and always the same. */
export function answerArchive(store: GithubStore, request: GithubRequest): GithubReply {
  const [, owner, name, kind, tag] =
    /^\/([^/]+)\/([^/]+)\/(?:legacy\.)?(zip|tar\.gz)\/refs\/tags\/(.+)$/.exec(request.path) ?? [];
  const repo = findRepo(store, owner ?? '', name ?? '');
  if (repo === undefined || kind === undefined || !repo.releases.some((release) => release.tag === tag))
    return notFoundReply();
  // The end-of-central-directory record alone is a valid, empty zip; a tar of two zero blocks, a valid, empty tar.
  const empty = kind === 'zip' ? Buffer.from('504b0506' + '00'.repeat(18), 'hex') : Buffer.alloc(1024);
  return {
    status: 200,
    headers: {
      'content-type': kind === 'zip' ? 'application/zip' : 'application/x-tar',
      'content-disposition': `attachment; filename=${repo.owner}-${repo.name}-${tag}.${kind}`,
    },
    bytes: empty,
  };
}
