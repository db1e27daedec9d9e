// What goes wrong with a PostgreSQL server, in our own words where it concerns the connection: what pg and the system say
// names addresses and users. What the server says of a statement is the agent's to read.

import type { DatabaseError } from 'pg';

import { TurretError } from '../../../src/errors.js';
import type { PostgresDatabase } from '../databases.js';

const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
  'EACCES',
]);
const CERTIFICATE = /CERT|TLS|SSL|SIGNED|ALTNAME/;
/** SQLSTATE: invalid authorization. */
const LOGIN_REFUSED = /^28/;
const NO_DATABASE = '3D000';
const TOO_MANY = '53300';
const READ_ONLY = '25006';
const CANCELLED = '57014';
/** Administrator's shutdown, crash, not yet started, database dropped; out of memory, disk or connections. */
const SERVER_ENDED = /^57P0/;
const SERVER_FULL = /^53/;

/** Nothing has been asked yet. */
export function loginTrouble(error: unknown, database: PostgresDatabase): unknown {
  const { code = '', message = '', name } = error as { code?: string; message?: string; name?: string };
  if (error instanceof TurretError || name === 'AbortError' || name === 'TimeoutError') return error;
  const what = `the server of the database "${database.alias}"`;
  if (LOGIN_REFUSED.test(code))
    return new TurretError('no_credentials', `${what} refuses the login (${code})`, {
      hints: ['user: and secret: of the database in turret.yaml, and pg_hba.conf of the server'],
    });
  if (code === NO_DATABASE)
    return new TurretError('repeater_error', `${what} has no such database (${code})`, {
      hints: ['database: in turret.yaml is its name there'],
    });
  if (code === TOO_MANY)
    return new TurretError('repeater_error', `${what} takes no more connections (${code})`);
  if (UNREACHABLE.has(code))
    return new TurretError('repeater_error', `${what} cannot be reached (${code})`, {
      hints: ['postgres: and port: of the database in turret.yaml are where it is looked for'],
    });
  if (message === 'timeout expired') return new TurretError('deadline_exceeded', `${what} does not answer`);
  if (message === 'The server does not support SSL connections')
    return new TurretError('repeater_error', `${what} has no TLS`, {
      hints: ['tls: off is for servers of this machine'],
    });
  if (CERTIFICATE.test(code))
    return new TurretError(
      'repeater_error',
      `the certificate of the database "${database.alias}" does not hold (${code})`,
      {
        hints: ['ca: of the database in turret.yaml names an authority of your own'],
      },
    );
  return new TurretError(
    'repeater_error',
    `${what} does not let us in (${code || 'it ended the connection'})`,
  );
}

/** What is no answer to the statement; an error of the statement itself stays what it is. */
export function serverTrouble(error: unknown, { alias, statementMs }: PostgresDatabase): unknown {
  const { code = '', name } = error as { code?: string; name?: string };
  if (error instanceof TurretError || name === 'AbortError' || name === 'TimeoutError') return error;
  const what = `the server of the database "${alias}"`;
  if (code === CANCELLED)
    return new TurretError(
      'deadline_exceeded',
      `the database "${alias}" took longer than ${statementMs / 1_000} s`,
      {
        hints: ['nothing was changed; timeout: of the database in turret.yaml is how long it has'],
      },
    );
  if (SERVER_ENDED.test(code) || SERVER_FULL.test(code))
    return new TurretError('repeater_error', `${what} cannot go on (${code})`, {
      hints: ['nothing was changed; ask again later'],
    });
  if ('severity' in (error as object)) return error;
  return new TurretError('repeater_error', `${what} ended the connection`, {
    hints: ['what was to be written may have been; look before you repeat it'],
  });
}

/** A sentence of the server's, with what helps to mend the statement. */
export function saysServer({ message, code, detail, hint, position }: DatabaseError): string {
  const at = position === undefined ? '' : `, at character ${position}`;
  const readOnly =
    code === READ_ONLY
      ? 'the action query only reads; execute is there where turret.yaml says write: true'
      : undefined;
  const lines = [`${message} (${code ?? 'no code'}${at})`, detail, hint, readOnly];
  return lines.filter((line) => line !== undefined).join('\n');
}
