// A network with nothing in it but one door, for CLIs that reach their injector by TCP. The namespace is made by
// bubblewrap and kept by a process that waits for our end; a short-lived node inside it opens a listening socket and
// hands that to us. We accept connections from there in this process, and nothing is in between: a CLI in the namespace
// finds 127.0.0.1, this port, and no other address, name service or datagram that goes anywhere.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { Server, type Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { TurretError } from '../../../src/errors.js';
import { explain } from '../../../src/isolation/probe.js';
import { CLI_NETWORK_MS_MAX } from '../../../src/protocol/limits.js';
import { firstProcess } from './inside.js';

const NSENTER = ['/usr/bin/nsenter', '/bin/nsenter'].find((path) => existsSync(path));
/** Ends when its input does, which is when this process does. What it is told it says back, and then the namespaces are made. */
const WAITER = ['/usr/bin/cat', '/bin/cat'].find((path) => existsSync(path)) ?? 'cat';

// It is ended by us when the socket has come; when we were killed meanwhile, nobody else would end it.
const LISTENER = `
const server = require('node:net').createServer();
server.on('error', () => process.exit(1));
process.on('disconnect', () => setTimeout(() => process.exit(), 2000));
server.listen({ host: '127.0.0.1', port: Number(process.argv[1]) }, () => process.send({}, server, () => process.disconnect()));`;

export interface CliNetwork {
  /** Listens on a loopback address of that network. Rejects with TurretError `isolation_unavailable`. */
  readonly door: Promise<Server>;
  /** Words that start what follows in it. */
  readonly enter: readonly string[];
  /** Nothing can be started in it any more, because somebody killed what keeps it. Never after `close`. */
  readonly lost: Promise<void>;
  close(): void;
}

/**
 * @param bubblewrap absolute path
 * @throws TurretError `isolation_unavailable` when this machine cannot
 */
export async function openCliNetwork(bubblewrap: string): Promise<CliNetwork> {
  if (NSENTER === undefined) throw unavailable('nsenter is not installed', 'apt-get install util-linux');
  const words = [
    '--die-with-parent',
    '--unshare-user',
    '--unshare-net',
    '--cap-drop',
    'ALL',
    '--ro-bind',
    '/',
    '/',
  ];
  const keeper = spawn(bubblewrap, [...words, '--info-fd', '3', '--', WAITER], {
    env: {},
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
  });
  try {
    keeper.stdin.on('error', () => {}).write('.');
    const runs = once(keeper.stdout, 'data');
    runs.catch(() => {});
    const pid = await inTime(firstProcess(keeper.stdio[3] as Readable), keeper);
    // It is named before its user is mapped, and who enters without a user can make no namespace in there.
    await inTime(runs, keeper);
    const namespaces = [`--user=/proc/${pid}/ns/user`, `--net=/proc/${pid}/ns/net`];
    const enter = [NSENTER, '--preserve-credentials', ...namespaces, '--'];
    const door = openDoor(enter, 0);
    door.catch(() => {}); // Whoever needs it waits for it later.
    const lost = new Promise<void>((resolve) => keeper.once('exit', () => resolve()));
    // Nothing of it keeps this process from ending.
    keeper.unref();
    for (const stream of keeper.stdio) (stream as Socket | null)?.unref();
    const close = (): void => {
      keeper.removeAllListeners('exit');
      keeper.kill('SIGKILL');
      // A socket that listens keeps this process from ending.
      door.then(
        (server) => server.close(),
        () => {},
      );
    };
    return { door, enter, lost, close };
  } catch (error) {
    keeper.kill('SIGKILL');
    throw error;
  }
}

/** One more door, at this port. Rejects with TurretError `isolation_unavailable`. */
export async function doorAt({ enter }: CliNetwork, port: number): Promise<Server> {
  const server = await openDoor(enter, port);
  server.unref();
  return server;
}

async function openDoor(enter: readonly string[], port: number): Promise<Server> {
  const [file = '', ...words] = enter;
  const listener = spawn(file, [...words, process.execPath, '-e', LISTENER, String(port)], {
    env: {},
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const opened = new Promise<Server>((resolve, reject) => {
    listener.once('message', (_message, handle) => {
      if (handle instanceof Server) resolve(handle);
      else reject(unavailable('no socket came out of the network of the CLIs', 'report this'));
    });
  });
  try {
    return await inTime(opened, listener);
  } finally {
    listener.kill('SIGKILL');
  }
}

function inTime<T>(wanted: Promise<T>, child: ChildProcess): Promise<T> {
  let said = '';
  child.stderr?.on('data', (bytes: Buffer) => {
    said += bytes.toString('latin1');
  });
  return new Promise((resolve, reject) => {
    const fail = (): void => {
      clearTimeout(timer);
      const { message, hint } = explain(said);
      reject(unavailable(message, hint));
    };
    const timer = setTimeout(fail, CLI_NETWORK_MS_MAX);
    child.once('error', fail);
    child.once('close', fail);
    wanted.then(
      (value) => {
        clearTimeout(timer);
        child.off('error', fail).off('close', fail);
        child.on('error', () => {}); // Its end is told by 'close', where that matters.
        resolve(value);
      },
      () => {}, // The end of the process follows, with what it said.
    );
  });
}

function unavailable(message: string, hint: string): TurretError {
  return new TurretError('isolation_unavailable', message, { hints: [hint] });
}
