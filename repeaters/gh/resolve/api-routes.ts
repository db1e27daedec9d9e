// Reads of the REST API that are what a subcommand does: one capability, whichever way it is typed.

import type { Annotations, Params } from '../../../src/protocol/messages.js';
import type { ApiPath } from './api-path.js';

export interface ApiRoute {
  /** Action without the repeater's name. */
  action: string;
  params: Params;
  annotations?: Partial<Annotations>;
}

const NUMBER = /^[1-9]\d{0,14}$/;
/** `*` is one segment; `:name` too, as a param; `#name` is one that must be a number. */
const ROUTES: readonly (readonly [pattern: string, action: string])[] = [
  ['', 'repo.view'],
  ['pulls', 'pr.list'],
  ['pulls/#number', 'pr.view'],
  ['pulls/#number/files', 'pr.diff'],
  ['issues', 'issue.list'],
  ['issues/#number', 'issue.view'],
  ['releases', 'release.list'],
  ['releases/latest', 'release.view'],
  ['releases/#id', 'release.view'],
  ['releases/tags/:tag', 'release.view'],
  ['labels', 'label.list'],
  ['labels/:label', 'label.list'],
  ['actions/runs', 'run.list'],
  ['actions/runs/#run_id', 'run.view'],
  ['actions/runs/#run_id/jobs', 'run.view'],
  ['actions/workflows', 'workflow.list'],
  ['actions/workflows/:workflow', 'workflow.view'],
  ['actions/caches', 'cache.list'],
  ['actions/secrets', 'secret.list'],
  ['actions/secrets/:secret', 'secret.list'],
  ['actions/organization-secrets', 'secret.list'],
  ['dependabot/secrets', 'secret.list'],
  ['dependabot/secrets/:secret', 'secret.list'],
  ['codespaces/secrets', 'secret.list'],
  ['codespaces/secrets/:secret', 'secret.list'],
  ['environments/:environment/secrets', 'secret.list'],
  ['environments/:environment/secrets/:secret', 'secret.list'],
  ['actions/variables', 'variable.list'],
  ['actions/variables/:variable', 'variable.get'],
  ['environments/:environment/variables', 'variable.list'],
  ['environments/:environment/variables/:variable', 'variable.get'],
  ['keys', 'repo.deploy_key.list'],
  ['keys/#key_id', 'repo.deploy_key.list'],
];
const SEARCHES: Record<string, string> = {
  code: 'search.code',
  commits: 'search.commits',
  issues: 'search.issues',
  repositories: 'search.repos',
};
/** Names of files that hold secrets by custom. Reading one is not an ordinary read. */
const SECRET_FILE =
  /^\.|^(?:id_(?:rsa|dsa|ecdsa|ed25519)|credentials?(?:\..*)?|secrets?(?:\..*)?|.*\.(?:pem|key|p12|pfx|keystore|jks|kdbx|tfstate|env))$/i;

/** The subcommand that this GET is, or undefined for one that is only `api.get`. */
export function routeOf({ segments, repo }: ApiPath): ApiRoute | undefined {
  if (repo === undefined) return globalRoute(segments);
  const rest = segments.slice(3);
  if (rest[0] === ALERTS) return { ...alertRoute(), params: { repo } };
  for (const [pattern, action] of ROUTES) {
    const params = matchRoute(pattern, rest);
    if (params) return { action, params: { repo, ...params } };
  }
  return contentRoute(rest, repo);
}

/** What GitHub has found leaked, with the secrets themselves in it. */
const ALERTS = 'secret-scanning';
const alertRoute = (): ApiRoute => ({
  action: 'repo.read_secret_alerts',
  params: {},
  annotations: { secretOutput: true },
});

/** A comparison may name a branch of another repository: `main...OWNER:REPO:BRANCH`. */
export function reachesAnother({ segments }: ApiPath): boolean {
  return segments[3] === 'compare' && segments.slice(4).some((part) => part.includes(':'));
}

function globalRoute(segments: readonly string[]): ApiRoute | undefined {
  const [first, second = '', ...more] = segments;
  if (first === 'search' && more.length === 0 && Object.hasOwn(SEARCHES, second)) {
    return { action: SEARCHES[second] ?? '', params: {} };
  }
  if (segments.includes(ALERTS)) return alertRoute();
  const secrets = segments.includes('secrets') && (first === 'orgs' || first === 'user');
  return secrets ? { action: 'secret.list', params: {} } : undefined;
}

function matchRoute(pattern: string, rest: readonly string[]): Params | undefined {
  const parts = pattern === '' ? [] : pattern.split('/');
  if (parts.length !== rest.length) return undefined;
  const params: Params = {};
  for (const [i, part] of parts.entries()) {
    const value = rest[i] ?? '';
    if (part.startsWith('#')) {
      if (!NUMBER.test(value)) return undefined;
      params[part.slice(1)] = Number(value);
    } else if (part.startsWith(':')) {
      params[part.slice(1)] = value;
    } else if (part !== value) {
      return undefined;
    }
  }
  return params;
}

/** File contents: ordinary ones are `api.get`, secret-looking ones and whole trees are actions of their own. */
function contentRoute(rest: readonly string[], repo: string): ApiRoute | undefined {
  const [first = '', second = ''] = rest;
  if (first === 'contents' && rest.slice(1).some((part) => SECRET_FILE.test(part))) {
    const file = rest.slice(1).join('/');
    return { action: 'repo.read_secret_file', params: { repo, file }, annotations: { secretOutput: true } };
  }
  const blob = first === 'tarball' || first === 'zipball' || (first === 'git' && second === 'blobs');
  // Any file of the repository can be in it, so it is as secret as the most secret one.
  return blob
    ? { action: 'repo.read_blob', params: { repo }, annotations: { secretOutput: true } }
    : undefined;
}

/** Writes whose answer is a credential. */
export function mintsCredential({ path }: ApiPath): boolean {
  return /\/(?:registration-token|remove-token|access_tokens|generate-jitconfig|token(?:\/scoped)?)$/.test(
    path,
  );
}
