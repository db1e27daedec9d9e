// One statement on one SQLite file. The database is trusted no more than the statement.

import type { DatabaseSyncInstance, StatementSyncInstance } from '@photostructure/sqlite';

import { type Cell, ResultText, changesText, wholeNumber } from '../result-text.js';
import { ENDS, type Errand } from './errand.js';
import { type Library, openSqlite } from './open.js';

const CHUNK_CHARACTERS = 32_768;

type Value = null | bigint | number | string | Uint8Array;

export interface Surroundings {
  library: Library;
  /** Returns when it has been taken. */
  write: (text: string) => void;
}

/** @returns one of ENDS. Throws what the library throws, and Error for what is wrong with the statement. */
export function performOnFile(
  { sql, values, writes, format, bounds, ...where }: Omit<Errand, 'library' | 'looked'>,
  { library, write }: Surroundings,
): number {
  const { database, refused } = openSqlite(library, { ...where, writes });
  try {
    const statement = database.prepare(sql);
    requireOne(database, sql);
    requireAll(database, sql, values.length);
    const bound = bindingOf(
      statement,
      values.map((value) => bindable(value)),
    );
    const columns = statement.columns().map(({ name }) => name);
    if (columns.length === 0) {
      const { changes } = statement.run(...bound);
      if (writes) commit(database);
      write(changesText(changes, format));
      return ENDS.done;
    }
    const text = new ResultText(columns, { format, bounds });
    putRows(statement.iterate(...bound) as Iterable<Value[]>, { text, write });
    const isWhole = text.cut === undefined || text.cut === 'asked';
    if (writes && isWhole) commit(database);
    return ENDS[text.cut ?? 'done'];
  } catch (error) {
    if (refused() === '') throw error;
    throw new Error(`not allowed here: ${refused()}`, { cause: error });
  } finally {
    leave(database);
  }
}

// Closing alone would leave what was begun to the next one who opens the file.
function leave(database: DatabaseSyncInstance): void {
  database.setAuthorizer(null);
  if (database.isTransaction) database.exec('ROLLBACK');
  database.close();
}

function commit(database: DatabaseSyncInstance): void {
  database.setAuthorizer(null);
  database.exec('COMMIT');
}

// The library would leave out, without a word, what comes after the first. What SQLite cannot read at all is an error behind
// one statement, and left out behind two.
function requireOne(database: DatabaseSyncInstance, sql: string): void {
  try {
    database.prepare(`${sql.replace(/[\s;]+$/, '')}\n\u0001`);
  } catch {
    return;
  }
  throw new Error('something comes after the first statement; ask for one at a time');
}

// SQLite takes NULL for a value that is missing. How many it will ask for is in the program it makes of the statement.
function requireAll(database: DatabaseSyncInstance, sql: string, given: number): void {
  if (/^\s*explain\b/i.test(sql)) return;
  const program = database.prepare(`explain ${sql}`).all() as [addr: bigint, opcode: string, p1: bigint][];
  const places = program.map(([, opcode, p1]) => (opcode === 'Variable' ? Number(p1) : 0));
  const most = Math.max(0, ...places);
  if (most > given) throw new Error(`the statement has places for ${most} values, and ${given} are given`);
}

/** What the library is given: values in order, or by name where the places are $1, $2 … A statement is only bound here, not begun. */
function bindingOf(statement: StatementSyncInstance, values: Value[]): unknown[] {
  const named = Object.fromEntries(values.map((value, index) => [`$${index + 1}`, value]));
  for (const binding of [values, [named]]) {
    try {
      statement.iterate(...binding);
      return binding;
    } catch {
      // The other one may fit.
    }
  }
  throw new Error(`the ${values.length} values do not fit; write ?, or $1, $2 and so on, for each`);
}

function bindable(value: string | number | boolean): Value {
  if (typeof value === 'boolean') return value ? 1n : 0n;
  // The library binds numbers as reals.
  return typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : value;
}

function putRows(
  rows: Iterable<Value[]>,
  { text, write }: { text: ResultText; write: (text: string) => void },
): void {
  let chunk = text.head();
  for (const row of rows) {
    const line = text.row(row.map(cellOf));
    if (line === undefined) break;
    chunk += line;
    if (chunk.length < CHUNK_CHARACTERS) continue;
    write(chunk);
    chunk = '';
  }
  write(chunk);
}

function cellOf(value: Value): Cell {
  if (value === null) return null;
  if (typeof value === 'string') return { text: value };
  if (typeof value === 'bigint') return wholeNumber(String(value));
  if (typeof value === 'number') return realNumber(value);
  return { bytes: value };
}

// 2.0 is another value than 2 where types are those of values.
function realNumber(value: number): Cell {
  if (!Number.isFinite(value)) return { text: String(value) };
  const digits = Object.is(value, -0) ? '-0' : String(value);
  return { json: /[.e]/.test(digits) ? digits : `${digits}.0` };
}
