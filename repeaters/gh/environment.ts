// The world that gh runs in: made from nothing, in a private directory that is removed afterwards.

import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeTreeSoon } from '../../src/platform/remove-tree.js';
import type { Tty } from '../../src/protocol/messages.js';
import { CLI_DATA_BYTES_MAX, SOCKET_PATH_BYTES_MAX } from '../../src/protocol/limits.js';

export interface Place {
  root: string;
  /** Working directory of gh: copies of the caller's files, and downloads. */
  work: string;
  socket: string;
  /** What the only program on PATH needs besides itself. */
  programs: readonly string[];
  remove(): Promise<void>;
}

const SOCKET_NAME = 's';
/** Width of a terminal that does not say how wide it is. */
const COLUMNS_DEFAULT = 80;

/** Whether the places of calls lie there; elsewhere the system's directory for such things is taken. */
export const takesPlaces = (parent: string): boolean =>
  Buffer.byteLength(join(parent, 'g-XXXXXX', SOCKET_NAME)) <= SOCKET_PATH_BYTES_MAX;

/**
 * A private directory for one call.
 * @param parent preferred; a path too long for a socket makes it a directory of its own in the system's place
 * @param branch what `git symbolic-ref HEAD` answers; every other question to git fails
 */
export async function makePlace({
  parent,
  branch,
}: {
  parent: string;
  branch: string | undefined;
}): Promise<Place> {
  const root = await mkdtemp(join(takesPlaces(parent) ? parent : tmpdir(), 'g-'));
  await chmod(root, 0o700);
  const socket = join(root, SOCKET_NAME);
  for (const name of ['bin', 'config', 'home', 'tmp', 'work']) await mkdir(join(root, name), { mode: 0o700 });
  await writeFile(
    join(root, 'config', 'config.yml'),
    `http_unix_socket: ${JSON.stringify(socket)}\nprompt: disabled\n`,
    { mode: 0o400 },
  );
  const git = join(root, 'bin', 'git');
  // gh runs git for the branch, the remotes and the changes of a checkout. There is none here.
  if (branch === undefined) await symlink(FALSE, git);
  else await writeFile(git, gitScript(branch), { mode: 0o500 });
  const programs = [branch === undefined ? FALSE : '/bin/sh'];
  const remove = (): Promise<void> => removeTreeSoon(root);
  return { root, work: join(root, 'work'), socket, programs, remove };
}

const FALSE = ['/usr/bin/false', '/bin/false'].find((path) => existsSync(path)) ?? '/bin/false';

function gitScript(branch: string): string {
  const quoted = `'refs/heads/${branch.replaceAll("'", String.raw`'\''`)}'`;
  return `#!/bin/sh\n[ "$*" = 'symbolic-ref --quiet HEAD' ] && printf '%s\\n' ${quoted}\n`;
}

export interface GhEnvironment {
  place: Place;
  host: string;
  dummy: string;
  tty: Tty | undefined;
  /** From the plan. */
  env: Record<string, string>;
}

/**
 * Go collects garbage first at 4 MB, which is in the middle of every start of gh: a tenth of a short call. Later here, and
 * as often as ever long before the kernel's bound of its memory.
 */
const COLLECTOR = { GOGC: '400', GOMEMLIMIT: String(CLI_DATA_BYTES_MAX / 4) };

/** Everything gh sees. Nothing of the agent's or the user's environment is in it. */
export function ghEnvironment({ place, host, dummy, tty, env }: GhEnvironment): Record<string, string> {
  const { root } = place;
  const identity: Record<string, string> =
    host === 'github.com' ? { GH_TOKEN: dummy } : { GH_ENTERPRISE_TOKEN: dummy, GH_HOST: host };
  const terminal: Record<string, string> =
    tty?.stdout === true ? { GH_FORCE_TTY: String(tty.cols || COLUMNS_DEFAULT) } : {};
  const color: Record<string, string> =
    tty?.color === true ? { CLICOLOR: '1', TERM: 'xterm-256color' } : { NO_COLOR: '1' };
  return {
    PATH: join(root, 'bin'),
    HOME: join(root, 'home'),
    TMPDIR: join(root, 'tmp'),
    GH_CONFIG_DIR: join(root, 'config'),
    XDG_CONFIG_HOME: join(root, 'home'),
    XDG_CACHE_HOME: join(root, 'tmp'),
    XDG_DATA_HOME: join(root, 'home'),
    XDG_STATE_HOME: join(root, 'home'),
    GH_PROMPT_DISABLED: '1',
    GH_NO_UPDATE_NOTIFIER: '1',
    GH_PAGER: 'cat',
    PAGER: 'cat',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    LC_ALL: 'C.UTF-8',
    ...COLLECTOR,
    ...color,
    ...terminal,
    ...identity,
    ...env,
  };
}
