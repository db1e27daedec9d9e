// A connection to PostgreSQL for one statement. It is not used again: whatever a statement sets, prepares or locks for its
// session ends with it.
//
// Who is attacking: the agent, with the statement that will come; and whoever answers at that address.

import { Client, type ClientConfig, Connection, type Tls } from 'pg';

import { TurretError } from '../../../src/errors.js';
import { DB_CONNECT_MS_MAX, DB_LAST_WORDS_MS_MAX, DB_LOCK_MS_MAX } from '../../../src/protocol/limits.js';
import type { PostgresDatabase } from '../databases.js';
import { refuseLongMessages } from './long-messages.js';

/** Results come in the forms that PostgreSQL reads again exactly, whatever the role's own settings are. */
const FORMS = ['bytea_output=hex', 'datestyle=ISO', 'intervalstyle=postgres', 'extra_float_digits=3'];

/** Rejects with what pg, the system or the server says, or a TurretError. */
export async function connect(
  database: PostgresDatabase,
  { writes, signal }: { writes: boolean; signal: AbortSignal },
): Promise<Client> {
  signal.throwIfAborted();
  const asked = { inPlain: false };
  const client = new Client({ ...configOf(database, writes), password: () => passwordFor(database, asked) });
  const { connection } = client;
  const end = (): void => void connection.stream.destroy(signal.reason as Error);
  signal.addEventListener('abort', end, { once: true });
  // Whatever happens to a connection happens to the statement on it, which is told by itself.
  client.on('error', () => {});
  connection.prependListener('authenticationCleartextPassword', () => void (asked.inPlain = true));
  connection.on(database.tls === undefined ? 'connect' : 'sslconnect', () =>
    refuseLongMessages(connection.stream),
  );
  try {
    await client.connect();
    return client;
  } catch (error) {
    connection.stream.destroy();
    throw error;
  } finally {
    signal.removeEventListener('abort', end);
  }
}

/** Ends it politely, and surely. */
export function disconnect(client: Client): void {
  const { stream } = client.connection;
  setTimeout(() => stream.destroy(), DB_LAST_WORDS_MS_MAX).unref();
  client.end().catch(() => stream.destroy());
}

/**
 * Makes the server stop what it is doing for this connection, and closes it. Closing alone would not: a server that sends
 * nothing does not notice, and the limits of time it was given can be set by a statement.
 */
export function stop(client: Client, database: PostgresDatabase): void {
  const { processID, secretKey } = client;
  client.connection.stream.destroy();
  if (processID === null || secretKey === null) return;
  const other = new Connection({ ssl: tlsOf(database) });
  const timer = setTimeout(() => other.stream.destroy(), DB_CONNECT_MS_MAX);
  const cancel = (): void => {
    other.cancel(processID, secretKey);
    other.stream.end();
  };
  // It can only be tried.
  other.on('error', () => other.stream.destroy());
  other.on('end', () => clearTimeout(timer));
  other.on('connect', () => (database.tls === undefined ? cancel() : other.requestSsl()));
  other.on('sslconnect', cancel);
  if (database.host.startsWith('/')) other.connect(`${database.host}/.s.PGSQL.${database.port}`);
  else other.connect(database.port, database.host);
}

function configOf(database: PostgresDatabase, writes: boolean): Omit<ClientConfig, 'password'> {
  const { host, port, user, statementMs } = database;
  const settings = [...FORMS, `default_transaction_read_only=${writes ? 'off' : 'on'}`];
  return {
    host,
    port,
    user,
    database: database.database,
    ssl: tlsOf(database),
    application_name: 'turret',
    options: settings.map((setting) => `-c ${setting}`).join(' '),
    statement_timeout: Math.ceil(statementMs),
    lock_timeout: Math.min(DB_LOCK_MS_MAX, Math.ceil(statementMs)),
    idle_in_transaction_session_timeout: Math.ceil(statementMs),
    connectionTimeoutMillis: Math.min(DB_CONNECT_MS_MAX, Math.ceil(statementMs)),
    keepAlive: true,
  };
}

function tlsOf({ tls }: PostgresDatabase): Tls | false {
  if (tls === undefined) return false;
  return { rejectUnauthorized: true, ...(tls.ca === undefined ? {} : { ca: tls.ca }) };
}

// Whoever listens at a port of this machine while the server is away could ask for it.
function passwordFor(database: PostgresDatabase, asked: { inPlain: boolean }): string {
  if (asked.inPlain && database.tls === undefined)
    throw new TurretError(
      'repeater_error',
      `the server of the database "${database.alias}" wants the password itself, and there is no TLS`,
      { hints: ['let it ask for scram-sha-256 (pg_hba.conf)'] },
    );
  return database.password();
}
