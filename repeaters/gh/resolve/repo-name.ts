// Which repository a word names. A repository is `owner/name` on the one configured host; anything that could name
// another host, or a path, is refused here and nowhere else.

import { refusal } from './refusal.js';

const OWNER = /^[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9_])?$/i;
const NAME = /^[a-z0-9._-]{1,100}$/i;

/** `owner/name` in lower case when both parts are such names, else undefined. */
export function repoName(owner: string, name: string): string | undefined {
  // Looked at before case is folded: the lower case of the Kelvin sign is a plain k.
  if (!OWNER.test(owner) || !NAME.test(name)) return undefined;
  const repo = `${owner}/${name}`.toLowerCase();
  return /\/\.{1,2}$|\.git$/.test(repo) ? undefined : repo;
}

/**
 * The value of `-R`, a repository positional or GH_REPO: `[HOST/]OWNER/REPO` or a web address.
 * @throws TurretError `unresolvable` when it is not one, or on another host
 */
export function parseRepo(word: string, host: string): string {
  const hint = 'type the repository as OWNER/REPO';
  if (/^(?:ssh:\/\/|git@)/.test(word)) {
    const repo = parseRemoteUrl(word, host);
    if (repo === undefined) throw refusal(`${JSON.stringify(word)} is not a repository on ${host}`, hint);
    return repo;
  }
  if (/^[a-z+.-]+:/i.test(word)) {
    const parts = webPath(word, host);
    const [owner = '', name = '', ...rest] = parts;
    const repo = rest.length === 0 ? repoName(owner, name.replace(/\.git$/i, '')) : undefined;
    if (repo === undefined) throw refusal(`${JSON.stringify(word)} is not the address of a repository`, hint);
    return repo;
  }
  const parts = word.split('/');
  const named = parts.length === 3 ? parts.shift() : undefined;
  if (named !== undefined) checkHost(named, host);
  const repo = parts.length === 2 ? repoName(parts[0] ?? '', parts[1] ?? '') : undefined;
  if (repo === undefined) throw refusal(`${JSON.stringify(word)} is not a repository`, hint);
  return repo;
}

/** @throws TurretError `unresolvable` for every host but the configured one */
export function checkHost(named: string, host: string): void {
  if (named.toLowerCase() !== host) {
    throw refusal(
      `${JSON.stringify(named)} is not the configured host`,
      `leave the host out, or use ${host}`,
    );
  }
}

/**
 * The path segments of a web address on the configured host.
 * @throws TurretError `unresolvable` for another scheme or host, a port, a user, or an escaped path
 */
export function webPath(address: string, host: string): string[] {
  const match = /^https?:\/\/([^/?#]*)(\/[^?#]*)?(?:[?#].*)?$/.exec(address);
  const authority = match?.[1]?.toLowerCase();
  if (!match || (authority !== host && authority !== `www.${host}`)) {
    throw refusal(
      `${JSON.stringify(address)} is not an address on ${host}`,
      'give -R OWNER/REPO and the number',
    );
  }
  const path = match[2] ?? '/';
  const parts = path.slice(1).replace(/\/$/, '').split('/');
  if (/[%\\]/.test(path) || parts.some((part) => part === '' || part === '.' || part === '..')) {
    throw refusal(`${JSON.stringify(address)} has an unusual path`, 'give -R OWNER/REPO and the number');
  }
  return parts;
}

/** `https://host/o/r[.git]`, `ssh://git@host/o/r.git`, `git@host:o/r.git`; undefined for anything else. */
export function parseRemoteUrl(url: string, host: string): string | undefined {
  const scp = /^(?:[A-Za-z0-9_-]+@)?([A-Za-z0-9.-]+):(?!\/)([^\s]+)$/.exec(url);
  const full =
    /^(?:https?|ssh|git|git\+ssh):\/\/(?:[^@/\s]*@)?([A-Za-z0-9.-]+)(?::(?:443|22))?\/([^\s]+)$/.exec(url);
  const match = full ?? scp;
  if (!match) return undefined;
  const found = (match[1] ?? '').toLowerCase().replace(/^(?:www|ssh)\./, '');
  const parts = (match[2] ?? '')
    .replace(/\/$/, '')
    .replace(/\.git$/i, '')
    .split('/');
  if (found !== host || parts.length !== 2) return undefined;
  return repoName(parts[0] ?? '', parts[1] ?? '');
}
