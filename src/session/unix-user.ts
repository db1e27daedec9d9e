// Another Unix user for a repeater: what it holds is then out of reach for every process of yours, sandboxed or not.
// Only root can give a process another user, its descriptors and its end.

import { execFileSync } from 'node:child_process';

import type { Config } from '../config/config.js';
import { TurretError } from '../errors.js';
import { findAccount } from '../isolation/account.js';
import { SETPRIV, asUser } from '../isolation/die-with-parent.js';

export interface UnixUser {
  /** As the configuration calls it. */
  name: string;
  uid: number;
  gid: number;
  /** Undefined for a number that no account has. */
  home: string | undefined;
}

/** The users of those repeaters that have one. Throws TurretError config_invalid, so that a run does not start without them. */
export function repeaterUsers(
  { repeaters, agent_user: agent }: Pick<Config, 'repeaters' | 'agent_user'>,
  ownUid: number | undefined,
): Map<string, UnixUser> {
  const users = new Map<string, UnixUser>();
  for (const { name, user } of Object.values(repeaters)) {
    if (user === undefined) continue;
    const found = findUser(user, name);
    if (agent !== undefined && findAccount(agent)?.uid === found.uid) throw agentsOwn(name, found);
    if (found.uid === ownUid) continue;
    if (ownUid !== 0 || SETPRIV === undefined) throw notRoot(name, found);
    users.set(name, found);
  }
  return users;
}

/** Runs a system's program as this user, from a directory everybody may be in. Returns its stdout; throws when it fails. */
export function runAs(user: UnixUser, command: readonly string[]): string {
  const [file = '', ...args] = [...asUser(user), ...command];
  return execFileSync(file, args, {
    cwd: '/',
    env: {},
    stdio: ['ignore', 'pipe', 'ignore'],
    encoding: 'utf8',
  });
}

function findUser(wanted: string | number, repeater: string): UnixUser {
  const name = String(wanted);
  const found = findAccount(name);
  if (found === undefined && typeof wanted === 'number')
    return { name, uid: wanted, gid: wanted, home: undefined };
  if (found === undefined) {
    throw new TurretError(
      'config_invalid',
      `there is no user ${JSON.stringify(name)} for the repeater "${repeater}"`,
      { hints: [`useradd --system --create-home ${name}`] },
    );
  }
  if (found.uid === 0) {
    throw new TurretError('config_invalid', `the repeater "${repeater}" is to run as root`, {
      hints: ['give it a user of its own'],
    });
  }
  return { ...found, name };
}

function agentsOwn(repeater: string, user: UnixUser): TurretError {
  return new TurretError(
    'config_invalid',
    `the repeater "${repeater}" is to run as user ${user.name}, whom agent_user gives to the agent`,
    { hints: ['give the repeater a user of its own: the agent reads all that its own user holds'] },
  );
}

function notRoot(repeater: string, user: UnixUser): TurretError {
  if (SETPRIV === undefined)
    return new TurretError(
      'config_invalid',
      `the repeater "${repeater}" is to run as user ${user.name}, which takes setpriv of Linux`,
      { hints: ['apt-get install util-linux on Linux; elsewhere leave user: out'] },
    );
  return new TurretError(
    'config_invalid',
    `the repeater "${repeater}" is to run as user ${user.name}, and only root can start it as that`,
    {
      hints: [
        'start turret run as root, best with agent_user: for the agent, or leave user: out',
        'sudo -n is no way: it closes the descriptors that the secrets come on',
      ],
    },
  );
}
