// Users of this machine.

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
  let line = '';
  try {
    line = execFileSync('/usr/bin/getent', ['passwd', '--', wanted], {
      encoding: 'utf8',
      env: {},
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: PROBE_MS_MAX,
    });
  } catch {
    // Nobody of that name.
  }
  const [name = '', , uid = '', gid = '', , home = ''] = line.trim().split(':');
  if (!/^\d+$/.test(uid) || !/^\d+$/.test(gid)) return undefined;
  return { name, uid: Number(uid), gid: Number(gid), home: home || '/' };
}
