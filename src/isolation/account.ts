// Users and groups of this machine.

import { execFileSync } from 'node:child_process';

import { PROBE_MS_MAX } from '../protocol/limits.js';

export interface Account {
  name: string;
  uid: number;
  gid: number;
  home: string;
}

/** By name or number, from wherever getent(1) knows it: files, LDAP, systemd. Undefined when there is none. */
export function findAccount(wanted: string): Account | undefined {
  const [name = '', , uid = '', gid = '', , home = ''] = entryOf('passwd', wanted);
  if (!/^\d+$/.test(uid) || !/^\d+$/.test(gid)) return undefined;
  return { name, uid: Number(uid), gid: Number(gid), home: home || '/' };
}

/** Number of a group, from the same places; a number needs no name. */
export function findGroup(wanted: string): number | undefined {
  const [, , gid = /^\d{1,9}$/.test(wanted) ? wanted : ''] = entryOf('group', wanted);
  return /^\d+$/.test(gid) ? Number(gid) : undefined;
}

function entryOf(database: 'passwd' | 'group', wanted: string): string[] {
  try {
    const line = execFileSync('/usr/bin/getent', [database, '--', wanted], {
      encoding: 'utf8',
      env: {},
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: PROBE_MS_MAX,
    });
    return line.trim().split(':');
  } catch {
    // Nobody of that name.
    return [];
  }
}
