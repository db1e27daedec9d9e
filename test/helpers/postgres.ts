// A PostgreSQL server of Debian's, in a directory of its own: on a port of loopback and a Unix socket, and gone at the end.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';

const INSTALLED = '/usr/lib/postgresql';
const ADMIN_PASSWORD = 'the-password-of-the-administrator';
/** It refuses to run as root; `nobody` is on every machine. */
const NOBODY = 65_534;
const READY = 'ready to accept connections';

/** The server waits for its clients' disks: nothing here has to outlive a crash. */
const SETTINGS = `fsync = off
shared_buffers = 16MB
max_connections = 20
max_prepared_transactions = 2
log_min_messages = log
`;

export interface PostgresServer {
  port: number;
  /** Directory of the Unix socket. */
  socket: string;
  /** As the administrator, in the database `postgres`; what psql prints, unaligned. */
  sql(text: string): string;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
  close(): Promise<void>;
}

export interface PostgresOptions {
  /** PEM files of a certificate for 127.0.0.1; without them there is no TLS. */
  tls?: { key: string; certificate: string };
}

export async function startPostgres({ tls }: PostgresOptions = {}): Promise<PostgresServer> {
  const programs = programsHere();
  const isRoot = process.getuid?.() === 0;
  const place = mkdtempSync('/tmp/pg-');
  const at = (name: string): string => join(place, name);
  mkdirSync(at('socket'));
  writeFileSync(at('password'), ADMIN_PASSWORD);
  if (isRoot) for (const path of [place, at('socket'), at('password')]) chownSync(path, NOBODY, NOBODY);
  const as = isRoot ? { uid: NOBODY, gid: NOBODY } : {};
  const options = { ...as, cwd: place, env: { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8' } } as const;
  const port = await freePort();
  const initdb = [
    ...['-D', at('data'), '-U', 'admin', `--pwfile=${at('password')}`, '--auth=scram-sha-256'],
    ...['--no-sync', '--encoding=UTF8', '--locale=C.UTF-8', '--no-instructions'],
  ];
  execFileSync(join(programs, 'initdb'), initdb, { ...options, stdio: 'pipe' });
  writeFileSync(
    join(at('data'), 'postgresql.auto.conf'),
    SETTINGS + (tls === undefined ? '' : tlsSettings(at('data'), tls, as)),
  );
  const words = ['-D', at('data'), '-h', '127.0.0.1', '-p', String(port), '-k', at('socket')];
  const server = spawn(join(programs, 'postgres'), words, {
    ...options,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = new Promise<void>((resolve) => void server.once('exit', () => resolve()));
  await said(server, READY);
  const connection = {
    PGPASSWORD: ADMIN_PASSWORD,
    PGHOST: at('socket'),
    PGPORT: String(port),
    PGUSER: 'admin',
  };
  const end = async (signal: 'SIGQUIT' | 'SIGKILL'): Promise<void> => {
    server.kill(signal);
    await ended;
  };
  return {
    port,
    socket: at('socket'),
    sql: (text) =>
      execFileSync(join(programs, 'psql'), ['-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', 'postgres'], {
        input: text,
        env: { ...options.env, ...connection },
        encoding: 'utf8',
      }).trim(),
    kill: () => end('SIGKILL'),
    close: async () => {
      await end('SIGQUIT');
      rmSync(place, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    },
  };
}

function programsHere(): string {
  const [newest] = readdirSync(INSTALLED).sort((left, right) => Number(right) - Number(left));
  if (newest === undefined) throw new Error('apt-get install postgresql');
  return join(INSTALLED, newest, 'bin');
}

function tlsSettings(
  data: string,
  { key, certificate }: { key: string; certificate: string },
  { uid }: { uid?: number },
): string {
  for (const [from, name] of [
    [key, 'server.key'],
    [certificate, 'server.crt'],
  ] as const) {
    copyFileSync(from, join(data, name));
    chmodSync(join(data, name), 0o600);
    if (uid !== undefined) chownSync(join(data, name), uid, uid);
  }
  return 'ssl = on\n';
}

function said(server: ChildProcess, words: string): Promise<void> {
  let text = '';
  return new Promise((resolve, reject) => {
    server.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (text.includes(words)) resolve();
    });
    server.once('exit', () => reject(new Error(`postgres did not start: ${text}`)));
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
