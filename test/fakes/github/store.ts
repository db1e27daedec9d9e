import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** The one moment at which everything here was made. */
export const FIXED_TIME = '2026-01-02T03:04:05Z';
export const VIEWER = 'octo-bot';

export interface CommentRecord {
  readonly id: number;
  readonly author: string;
  readonly body: string;
}

export interface IssueRecord {
  readonly kind: 'issue';
  readonly number: number;
  title: string;
  body: string;
  state: 'OPEN' | 'CLOSED';
  readonly author: string;
  labels: readonly string[];
  readonly comments: CommentRecord[];
}

export interface PullRecord {
  readonly kind: 'pull';
  readonly number: number;
  title: string;
  body: string;
  state: 'OPEN' | 'CLOSED' | 'MERGED';
  readonly author: string;
  labels: readonly string[];
  readonly comments: CommentRecord[];
  readonly head: string;
  readonly base: string;
  readonly isDraft: boolean;
  readonly reviews: { readonly author: string; readonly state: string; readonly body: string }[];
  readonly checks: readonly { readonly name: string; readonly conclusion: 'SUCCESS' | 'FAILURE' }[];
}

export interface AssetRecord {
  readonly id: number;
  readonly name: string;
  readonly contentType: string;
  readonly bytes: Buffer;
}

export interface ReleaseRecord {
  readonly id: number;
  readonly tag: string;
  readonly name: string;
  readonly body: string;
  readonly prerelease: boolean;
  readonly assets: AssetRecord[];
}

export interface RunRecord {
  readonly id: number;
  readonly workflowId: number;
  readonly branch: string;
  readonly event: string;
  status: 'completed' | 'in_progress';
  conclusion: 'success' | 'failure' | null;
}

export interface RepoRecord {
  readonly id: number;
  readonly owner: string;
  readonly name: string;
  readonly isPrivate: boolean;
  readonly description: string;
  readonly readme: string;
  readonly items: Map<number, IssueRecord | PullRecord>;
  readonly labels: { readonly name: string; readonly color: string; readonly description: string }[];
  readonly releases: ReleaseRecord[];
  readonly workflows: readonly { readonly id: number; readonly name: string; readonly path: string }[];
  readonly runs: RunRecord[];
  readonly commits: readonly { readonly sha: string; readonly message: string; readonly author: string }[];
  readonly branches: Set<string>;
}

export interface GithubStore {
  readonly repos: Map<string, RepoRecord>;
}

export const shaOf = (text: string): string => createHash('sha1').update(text).digest('hex');
export const fullName = (repo: RepoRecord): string => `${repo.owner}/${repo.name}`;

/** Case-insensitive, as GitHub's names are. */
export function findRepo(store: GithubStore, owner: string, name: string): RepoRecord | undefined {
  return store.repos.get(`${owner}/${name}`.toLowerCase());
}

/** Ids come from content, not from a counter: the same command twice gives the same answer, and is one thing, not two. */
export const idFor = (...parts: readonly string[]): number => 100_000 + (crc32(parts.join('\0')) % 900_000);

export function addComment(
  repo: RepoRecord,
  item: IssueRecord | PullRecord,
  author: string,
  body: string,
): CommentRecord {
  const id = idFor(fullName(repo), String(item.number), author, body);
  const existing = item.comments.find((comment) => comment.id === id);
  if (existing !== undefined) return existing;
  const comment = { id, author, body };
  item.comments.push(comment);
  return comment;
}

/** Puts an issue or pull request in under a number made from its content. */
export function addItem<Item extends IssueRecord | PullRecord>(repo: RepoRecord, item: Item): Item {
  const head = item.kind === 'pull' ? item.head : '';
  const number = 1000 + (idFor(item.kind, item.title, item.body, head) % 9000);
  const made = { ...item, number };
  repo.items.set(number, made);
  return made;
}

export const newIssue = (title: string, body: string, labels: readonly string[] = []): IssueRecord => ({
  kind: 'issue',
  number: 0,
  title,
  body,
  state: 'OPEN',
  author: VIEWER,
  labels,
  comments: [],
});

export const newPull = (
  title: string,
  body: string,
  head: string,
  base: string,
  isDraft: boolean,
): PullRecord => ({
  ...newIssue(title, body),
  kind: 'pull',
  state: 'OPEN',
  head,
  base,
  isDraft,
  reviews: [],
  checks: [],
});

/** A unified diff that belongs to the pull request, the same every time. */
export function diffOf(pull: PullRecord): string {
  return [
    'diff --git a/src/login.ts b/src/login.ts',
    `index ${shaOf('before').slice(0, 7)}..${shaOf(pull.title).slice(0, 7)} 100644`,
    '--- a/src/login.ts',
    '+++ b/src/login.ts',
    '@@ -1,2 +1,2 @@',
    " import { check } from './check';",
    '-export const login = () => check();',
    `+export const login = () => check(${pull.number});`,
    '',
  ].join('\n');
}
