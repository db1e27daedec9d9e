// The transaction a statement runs in, and whether the role may log in here at all. The role is the boundary; one that
// reaches further than the database would be none.

import type { Client } from 'pg';

import { TurretError } from '../../../src/errors.js';
import type { PostgresDatabase } from '../databases.js';

/** Rights that reading rows does not need and that a read-only transaction does not take away. */
const RIGHTS = [
  'pg_read_server_files',
  'pg_write_server_files',
  'pg_execute_server_program',
  'pg_signal_backend',
];

/** A server looks now and then whether we are still there (PostgreSQL 14). */
const STILL_THERE = `case when current_setting('server_version_num')::int >= 140000
  then set_config('client_connection_check_interval', '1000', false) end`;

// Who may make roles gives itself any of these (PostgreSQL before 16), and uses it in the same statement.
// After the first statement that reads, a transaction cannot be made to write any more; this is it.
const WHO = `select ${STILL_THERE},
  array(select rolname from pg_catalog.pg_roles
    where pg_catalog.pg_has_role(session_user, oid, 'MEMBER')
      and (rolsuper or rolreplication or rolcreaterole or rolname in (${RIGHTS.map((name) => `'${name}'`).join(', ')}))
    order by rolname)::text as powers`;

/** @throws TurretError `no_credentials` when the role is more than one for reading and writing rows */
export async function begin(client: Client, database: PostgresDatabase, writes: boolean): Promise<void> {
  await client.query(`begin transaction read ${writes ? 'write' : 'only'}`);
  const { rows } = await client.query(WHO);
  const powers = rows[0]?.['powers'] ?? '';
  if (powers === '{}' || database.allowSuperuser) return;
  throw new TurretError(
    'no_credentials',
    `the role "${database.user}" of the database "${database.alias}" may do more than read and write rows: it has ${powers.slice(1, -1)}`,
    { hints: ['docs/db.md has the role to create; allow_superuser: true takes this one all the same'] },
  );
}
