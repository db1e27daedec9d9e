import {
  fullName,
  VIEWER,
  type GithubStore,
  type IssueRecord,
  type PullRecord,
  type RepoRecord,
} from './store.js';

export interface Hit {
  readonly repo: RepoRecord;
  readonly item: IssueRecord | PullRecord;
}

/** Words and `name:value` qualifiers of a search, quotes taken off. */
function readQuery(query: string): { words: string[]; qualifiers: [string, string][] } {
  const words: string[] = [];
  const qualifiers: [string, string][] = [];
  for (const [piece] of query.matchAll(/(?:[^\s"]|"[^"]*")+/g)) {
    const [, name, value] = /^([a-z-]+):(.+)$/.exec(piece) ?? [];
    if (name === undefined || value === undefined) words.push(piece.replaceAll('"', '').toLowerCase());
    else qualifiers.push([name, value.replaceAll('"', '')]);
  }
  return { words, qualifiers };
}

function meets({ repo, item }: Hit, name: string, value: string): boolean {
  const states = new Map([
    ['open', item.state === 'OPEN'],
    ['closed', item.state !== 'OPEN'],
    ['merged', item.state === 'MERGED'],
  ]);
  switch (name) {
    case 'repo':
      return fullName(repo) === value.toLowerCase();
    case 'user':
    case 'org':
      return repo.owner === value.toLowerCase();
    case 'is':
    case 'type':
    case 'state':
      if (value === 'issue') return item.kind === 'issue';
      if (value === 'pr') return item.kind === 'pull';
      return states.get(value) === true;
    case 'label':
      return item.labels.includes(value);
    case 'author':
      return item.author === (value === '@me' ? VIEWER : value);
    case 'head':
      return item.kind === 'pull' && item.head === value;
    case 'base':
      return item.kind === 'pull' && item.base === value;
    case 'draft':
      return item.kind === 'pull' && String(item.isDraft) === value;
    case 'sort':
    case 'in':
    case 'archived':
      return true;
    default:
      // Nobody is asked for a review, assigned or mentioned in the seeded world, so such a condition meets nothing.
      return false;
  }
}

/** Issues and pull requests that meet every word and qualifier, newest number first. */
export function searchItems(store: GithubStore, query: string): Hit[] {
  const { words, qualifiers } = readQuery(query);
  return [...store.repos.values()]
    .flatMap((repo) => [...repo.items.values()].map((item) => ({ repo, item })))
    .filter((hit) => qualifiers.every(([name, value]) => meets(hit, name, value)))
    .filter(({ item }) => words.every((word) => `${item.title}\n${item.body}`.toLowerCase().includes(word)))
    .sort((left, right) => right.item.number - left.item.number || left.repo.id - right.repo.id);
}
