// One statement on PostgreSQL: log in, begin, perform, commit what was to be written, and leave.

import type { DatabaseError } from 'pg';

import { TurretError } from '../../../src/errors.js';
import type { Run } from '../../sdk/types.js';
import type { PostgresDatabase } from '../databases.js';
import type { Outcome, Statement } from '../perform.js';
import { connect, disconnect, stop } from './connect.js';
import { begin } from './role.js';
import { performOn } from './statement.js';
import { loginTrouble, saysServer, serverTrouble } from './trouble.js';

/** @throws TurretError, or what the signal was aborted with */
export async function runOnPostgres(
  { stdout, signal }: Run,
  database: PostgresDatabase,
  statement: Statement,
): Promise<Outcome> {
  const { writes } = statement;
  const client = await connect(database, { writes, signal }).catch((error: unknown) => {
    throw loginTrouble(error, database);
  });
  const abort = (): void => stop(client, database);
  signal.addEventListener('abort', abort, { once: true });
  try {
    await begin(client, database, writes);
    const cut = await performOn(client, statement, stdout);
    if (cut === 'bytes') stop(client, database);
    else if (writes && cut !== 'rows') await client.query('commit');
    return { cut };
  } catch (error) {
    if (isOfServer(error)) return failureOf(error, database);
    throw serverTrouble(error, database);
  } finally {
    signal.removeEventListener('abort', abort);
    // What was not committed never was.
    disconnect(client);
  }
}

function isOfServer(error: unknown): error is DatabaseError {
  return error instanceof Error && !(error instanceof TurretError) && 'severity' in error;
}

function failureOf(error: DatabaseError, database: PostgresDatabase): Outcome {
  const trouble = serverTrouble(error, database);
  if (trouble instanceof TurretError) throw trouble;
  return { failed: saysServer(error) };
}
