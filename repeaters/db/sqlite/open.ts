// An SQLite file, opened for one statement of an agent's. What a statement may do is asked of SQLite itself, which knows
// what it has read (the authorizer), and not guessed from its text.
//
// Who is attacking: the agent, with a statement; and whoever made the file, whose views and triggers run in it.

import { pathToFileURL } from 'node:url';
import type { DatabaseSyncInstance, DatabaseSyncOptions } from '@photostructure/sqlite';

import { DB_ROW_BYTES_MAX, DB_SQL_BYTES_MAX } from '../../../src/protocol/limits.js';
import type { Errand } from './errand.js';

export type Library = typeof import('@photostructure/sqlite');

export interface OpenDatabase {
  database: DatabaseSyncInstance;
  /** What of a statement was not let through, in words; empty when it was nothing. */
  refused: () => string;
}

const OPTIONS = {
  allowExtension: false,
  defensive: true,
  readBigInts: true,
  returnArrays: true,
  limits: {
    length: DB_ROW_BYTES_MAX,
    sqlLength: DB_SQL_BYTES_MAX + 16,
    // No other file, whatever asks for it; VACUUM would too.
    attach: 0,
    triggerDepth: 100,
    likePatternLength: 1_000,
    exprDepth: 500,
    compoundSelect: 200,
  },
} satisfies DatabaseSyncOptions;

/** Temporary tables stay in memory; what the schema of a stranger calls has to be harmless; broken pages are found. */
const SETTINGS = 'PRAGMA temp_store = 2; PRAGMA trusted_schema = 0; PRAGMA cell_size_check = 1;';
/** Of PRAGMA, what describes the schema, and what full text search asks for itself. */
const DESCRIBING = new Set([
  'table_info', 'table_xinfo', 'table_list', 'index_list', 'index_info', 'index_xinfo', 'foreign_key_list', 'user_version',
  'data_version',
]); // prettier-ignore
/** They load code, or take pointers for numbers. */
const FUNCTIONS_REFUSED = new Set(['load_extension', 'fts3_tokenizer']);

/** Throws what the library throws. */
export function openSqlite(
  library: Library,
  {
    file,
    immutable,
    lockMs,
    recovers,
    writes,
  }: Pick<Errand, 'file' | 'immutable' | 'lockMs' | 'recovers' | 'writes'>,
): OpenDatabase {
  const url = pathToFileURL(file);
  if (immutable) url.searchParams.set('immutable', '1');
  const database = new library.DatabaseSync(url, {
    ...OPTIONS,
    timeout: lockMs,
    readOnly: !writes && !recovers,
  });
  database.exec(SETTINGS);
  if (writes) database.exec('BEGIN IMMEDIATE');
  else database.exec('PRAGMA query_only = 1');
  const refused = new Set<string>();
  database.setAuthorizer(authorizer(library, { writes, refused }));
  return { database, refused: () => [...refused].join(', ') };
}

function authorizer(
  { constants }: Library,
  { writes, refused }: { writes: boolean; refused: Set<string> },
): (action: number, first: string | null, second: string | null) => number {
  const {
    SQLITE_OK,
    SQLITE_DENY,
    SQLITE_SELECT,
    SQLITE_READ,
    SQLITE_RECURSIVE,
    SQLITE_FUNCTION,
    SQLITE_PRAGMA,
  } = constants;
  const allowed = new Set([SQLITE_SELECT, SQLITE_READ, SQLITE_RECURSIVE]);
  if (writes) for (const action of changes(constants)) allowed.add(action);
  const names = new Map(
    Object.entries(constants).flatMap(([name, code]) =>
      ACTION.test(name) ? [[code, name.slice('SQLITE_'.length).toLowerCase().replaceAll('_', ' ')]] : [],
    ) as [number, string][],
  );
  return (action, first, second) => {
    if (allowed.has(action)) return SQLITE_OK;
    if (action === SQLITE_FUNCTION && !FUNCTIONS_REFUSED.has((second ?? '').toLowerCase())) return SQLITE_OK;
    if (action === SQLITE_PRAGMA && DESCRIBING.has((first ?? '').toLowerCase())) return SQLITE_OK;
    const what = action === SQLITE_FUNCTION ? second : action === SQLITE_PRAGMA ? first : '';
    refused.add(`${names.get(action) ?? 'that'}${what ? ` ${what}` : ''}`);
    return SQLITE_DENY;
  };
}

/** Which constants of the library are actions; results, flags and the like have the same numbers. */
const ACTION =
  /^SQLITE_(?:(?:CREATE|DROP)_\w+|ALTER_TABLE|(?:AT|DE)TACH|ANALYZE|DELETE|FUNCTION|INSERT|PRAGMA|REINDEX|SAVEPOINT|TRANSACTION|UPDATE)$/;

function changes(constants: Library['constants']): number[] {
  return [
    constants.SQLITE_INSERT, constants.SQLITE_UPDATE, constants.SQLITE_DELETE,
    constants.SQLITE_CREATE_TABLE, constants.SQLITE_DROP_TABLE, constants.SQLITE_ALTER_TABLE,
    constants.SQLITE_CREATE_INDEX, constants.SQLITE_DROP_INDEX, constants.SQLITE_REINDEX, constants.SQLITE_ANALYZE,
    constants.SQLITE_CREATE_VIEW, constants.SQLITE_DROP_VIEW,
    constants.SQLITE_CREATE_TRIGGER, constants.SQLITE_DROP_TRIGGER,
  ]; // prettier-ignore
}
