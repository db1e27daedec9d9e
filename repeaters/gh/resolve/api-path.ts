// The endpoint of `gh api`, normalised. gh sends what it is given: dot segments, escapes and all, so that a policy on
// the text could be walked around. Here a path has one spelling.

import { repoName } from './repo-name.js';
import { refusal } from './refusal.js';
import { checkWord } from './words.js';

export interface ApiPath {
  /** Starts with `/`; owner and name of a repository in lower case. */
  path: string;
  /** `k=v` as typed. */
  query: string[];
  /** `owner/name` for paths below /repos. */
  repo?: string;
  /** Segments, decoded. */
  segments: string[];
}

const PLAIN = /^(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+$/;
/** gh replaces these with facts of the checkout, in both spellings. */
export const PLACEHOLDER = /\{(?:owner|repo|branch)\}|:(?:owner|repo|branch)\b/;

/** @throws TurretError `unresolvable` for anything that is not a plain path on the API host */
export function parseApiPath(endpoint: string): ApiPath {
  const hint = 'type the path of the API, for example repos/OWNER/REPO/pulls';
  checkWord(endpoint, 'the endpoint');
  if (PLACEHOLDER.test(endpoint)) throw refusal('the endpoint has a placeholder', 'write owner and name out');
  if (/:\/\/|[#{}\\]/.test(endpoint))
    throw refusal(`${JSON.stringify(endpoint)} is not a path of the API`, hint);
  const [raw = '', ...rest] = endpoint.split('?');
  if (rest.length > 1 || !/^[\u0021-\u007e]*$/.test(rest[0] ?? ''))
    throw refusal('the query string is unusual', 'escape it');
  const segments = raw
    .replace(/^\//, '')
    .split('/')
    .map((segment) => decodeSegment(segment, endpoint));
  const [first, owner = '', name = ''] = segments;
  if (first === 'repositories')
    throw refusal('a repository by number cannot be told from another', 'use repos/OWNER/REPO');
  if (first === 'graphql' || (first === 'api' && owner === 'v3')) {
    throw refusal(`${JSON.stringify(endpoint)} is not a path of the API`, 'for GraphQL type gh api graphql');
  }
  const query = rest[0] === undefined || rest[0] === '' ? [] : rest[0].split('&');
  if (first !== 'repos') return { path: join(segments), query, segments };
  const repo = repoName(owner, name);
  if (repo === undefined) throw refusal('the path does not name a repository', 'use repos/OWNER/REPO');
  segments.splice(1, 2, ...repo.split('/'));
  return { path: join(segments), query, repo, segments };
}

function decodeSegment(segment: string, endpoint: string): string {
  const shown = JSON.stringify(endpoint);
  const hint = 'write the path without empty or dotted parts, and escape only what needs it';
  if (!PLAIN.test(segment)) throw refusal(`the path ${shown} is unusual`, hint);
  // A second decoding somewhere behind would see another path: escaped separators and escapes are refused.
  if (/%(?:2e|2f|5c|25|7f|[01][0-9a-f])/i.test(segment))
    throw refusal(`the path ${shown} hides a separator`, hint);
  let decoded: string;
  try {
    decoded = decodeURIComponent(segment);
  } catch {
    throw refusal(`the path ${shown} is not UTF-8`, hint);
  }
  checkWord(decoded, 'the path');
  if (decoded === '.' || decoded === '..') throw refusal(`the path ${shown} has dotted parts`, hint);
  return decoded;
}

function join(segments: readonly string[]): string {
  return segments
    .map(
      (segment) =>
        `/${encodeURIComponent(segment).replaceAll('%40', '@').replaceAll('%3A', ':').replaceAll('*', '%2A')}`,
    )
    .join('');
}
