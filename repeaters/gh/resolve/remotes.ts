// The repository that gh would take from the checkout. The text comes from the agent's own `git remote -v`: it is a
// claim, becomes an explicit param, and is decided on like one that was typed.

import { parseRemoteUrl, repoName } from './repo-name.js';
import { refusal } from './refusal.js';

export interface Remote {
  name: string;
  repo: string;
}

/** gh sorts remotes by these names before all others. */
const ORDER = ['upstream', 'github', 'origin'];

/** The remotes of `git remote -v` that are repositories on `host`, in gh's order. */
export function parseRemotes(text: string, host: string): Remote[] {
  const remotes: Remote[] = [];
  for (const line of text.split('\n')) {
    const match = /^([^\s]{1,200})\t(\S{1,1000}) \((fetch|push)\)(?: \[[^\]]*\])?\s*$/.exec(line);
    if (!match || match[3] !== 'fetch') continue;
    const [, name = '', url = ''] = match;
    const repo = parseRemoteUrl(url, host);
    if (repo !== undefined && !remotes.some((other) => other.name === name)) remotes.push({ name, repo });
  }
  const rank = ({ name }: Remote): number => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);
  return remotes.sort((a, b) => rank(a) - rank(b));
}

/**
 * The repository gh would choose without a prompt: the remote marked by `gh repo set-default`, else the first.
 * @param resolved lines of `git config --get-regexp '^remote\..*\.gh-resolved$'`
 * @throws TurretError `unresolvable` when no remote is on the host, or the mark is not simple
 */
export function chooseRepo({
  remotes,
  resolved,
  host,
}: {
  remotes: Remote[];
  resolved: string;
  host: string;
}): string {
  const hint = 'give the repository with -R OWNER/REPO';
  const [first] = remotes;
  if (!first) throw refusal(`no git remote here is a repository on ${host}`, hint);
  const marks = resolved.split('\n').filter((line) => line.trim() !== '');
  if (marks.length > 1) throw refusal('more than one git remote is marked as the default', hint);
  const mark = marks[0];
  if (mark === undefined) return first.repo;
  const match = /^remote\.(\S+)\.gh-resolved (\S+)$/.exec(mark.trim());
  const remote = match && remotes.find(({ name }) => name === match[1]);
  if (!match || !remote) throw refusal('the default repository of this checkout is not understood', hint);
  if (match[2] === 'base') return remote.repo;
  const [owner = '', name = '', ...rest] = (match[2] ?? '').split('/');
  const repo = rest.length === 0 ? repoName(owner, name) : undefined;
  if (repo === undefined) throw refusal('the default repository of this checkout is not understood', hint);
  return repo;
}
