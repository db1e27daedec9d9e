// What `gh auth login` left in hosts.yml: the hosts, and whether a token lies there in plain. Newer gh keeps tokens in
// the system's keyring, and the file then has names only.

import { join } from 'node:path';

import type { Environment } from './environment.js';
import { readText } from './read-text.js';

export interface GhHost {
  host: string;
  /** A token is in the file itself. */
  plain: boolean;
}

/** Where the file is: as gh looks for it. Undefined without a HOME. */
export function ghHostsFile(env: Environment): string | undefined {
  const { GH_CONFIG_DIR: own, XDG_CONFIG_HOME: xdg, HOME: home } = env;
  if (own !== undefined && own !== '') return join(own, 'hosts.yml');
  if (xdg !== undefined && xdg !== '') return join(xdg, 'gh', 'hosts.yml');
  return home === undefined ? undefined : join(home, '.config', 'gh', 'hosts.yml');
}

export function readGhHosts(env: Environment): GhHost[] {
  const file = ghHostsFile(env);
  return file === undefined ? [] : parseGhHosts(readText(file) ?? '');
}

/** Hosts are the keys at the beginning of a line. Read without a YAML parser: its complaints quote what they do not like. */
export function parseGhHosts(text: string): GhHost[] {
  const hosts: GhHost[] = [];
  for (const line of text.split(/\r?\n/)) {
    const host = /^["']?([A-Za-z0-9][A-Za-z0-9.-]{0,252})["']?:\s*$/.exec(line)?.[1];
    if (host !== undefined) hosts.push({ host: host.toLowerCase(), plain: false });
    const last = hosts.at(-1);
    if (last !== undefined && /^\s+oauth_token:\s*\S/.test(line)) last.plain = true;
  }
  return hosts;
}
