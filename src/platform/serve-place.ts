// Where a server is met:
//
//   agent.sock                            its agents: 0600, or 0660 for a group of theirs
//   agent.sock.admin/                     0700: admin.sock, token, claim; repeaters/ for what must be a file
//
// Whoever may write the directory could put a socket of their own there: the token pins the server's key, so that they would
// learn nothing, but the agents would stand still.

import { lstatSync, realpathSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, isAbsolute, join, resolve } from 'node:path';

import { TurretError } from '../errors.js';
import { SOCKET_PATH_BYTES_MAX } from '../protocol/limits.js';
import { claim, release } from './claim.js';
import { makeDirectories } from './make-directories.js';
import { removeTree } from './remove-tree.js';
import { runtimeRoots } from './runtime-directory.js';

const OTHERS_WRITE = 0o002;
const STICKY = 0o1000;

export interface ServePlace {
  socket: string;
  directory: string;
  adminSocket: string;
  adminToken: string;
  claim: string;
}

/** The files that belong to a socket. Without one, the place of this user's server. */
export function servePlace(
  socket: string | undefined,
  env: { XDG_RUNTIME_DIR?: string | undefined },
  uid: number,
): ServePlace {
  const [root = ''] = runtimeRoots(env, uid);
  const path = socket === undefined ? join(root, 'serve', 'agent.sock') : resolve(socket);
  const directory = `${path}.admin`;
  return {
    socket: path,
    directory,
    adminSocket: join(directory, 'admin.sock'),
    adminToken: join(directory, 'token'),
    claim: join(directory, 'claim'),
  };
}

/** Makes the directories, takes the place, and removes what a server that was killed left there. Throws state_unwritable. */
export async function takeServePlace(place: ServePlace): Promise<void> {
  if (!isAbsolute(place.socket) || Buffer.byteLength(place.adminSocket) > SOCKET_PATH_BYTES_MAX)
    throw new TurretError(
      'socket_path_too_long',
      `the socket path is longer than ${SOCKET_PATH_BYTES_MAX - '.admin/admin.sock'.length} bytes`,
      {
        hints: ['choose a shorter one with --socket'],
      },
    );
  makeOurs(dirname(place.socket), 0o022, 'let nobody else write there: chmod go-w');
  requireOursAbove(dirname(place.socket));
  makeOurs(place.directory, 0o077, 'close it to others: chmod 700');
  claim(place.claim, place.socket);
  const found = lstatSync(place.socket, { throwIfNoEntry: false });
  if (found !== undefined && (!found.isSocket() || (await isHeard(place.socket)))) {
    release(place.claim);
    throw unusable(`${place.socket} belongs to another program`, 'choose another place with --socket');
  }
  for (const file of [place.socket, place.adminSocket, place.adminToken]) rmSync(file, { force: true });
}

export function leaveServePlace(place: ServePlace): void {
  rmSync(place.socket, { force: true });
  // Its repeaters' programs worked in there.
  removeTree(place.directory);
}

function makeOurs(directory: string, forbidden: number, hint: string): void {
  try {
    makeDirectories(directory);
  } catch (error) {
    throw unusable(
      `${directory} cannot be made (${(error as NodeJS.ErrnoException).code})`,
      'choose another place with --socket',
    );
  }
  const found = lstatSync(directory);
  const { uid, mode } = found;
  if (!found.isDirectory())
    throw unusable(`${directory} is not a directory`, 'choose another place with --socket');
  if (uid !== process.getuid?.())
    throw unusable(`${directory} belongs to another user`, 'choose another place with --socket');
  if ((mode & forbidden) !== 0) throw unusable(`${directory} is open to others`, `${hint} ${directory}`);
}

// Whoever has a directory above ours can put another in its place, and be given the token that is written there.
function requireOursAbove(directory: string): void {
  for (let above = dirname(realpathSync(directory)); ; above = dirname(above)) {
    const { uid, mode } = lstatSync(above);
    if (uid !== 0 && uid !== process.getuid?.())
      throw unusable(`${above} belongs to another user`, 'choose another place with --socket');
    const isOpen = (mode & OTHERS_WRITE) !== 0 && (mode & STICKY) === 0;
    if (isOpen)
      throw unusable(`${above} is open to others`, `let nobody else write there: chmod o-w ${above}`);
    if (above === '/') return;
  }
}

function isHeard(socket: string): Promise<boolean> {
  return new Promise((done) => {
    const probe = connect({ path: socket });
    probe.once('connect', () => done((probe.destroy(), true)));
    probe.once('error', () => done(false));
  });
}

function unusable(message: string, hint: string): TurretError {
  return new TurretError('state_unwritable', message, { hints: [hint] });
}
