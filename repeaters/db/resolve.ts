// A statement by action and params to the one capability it is. What comes in is the agent's word; what goes out is what
// policy sees, what the log keeps and, later, all that is known of the statement. Nobody reads SQL here to find out what it
// does: a role, a transaction and a file that is open for reading do not depend on that.

import { nearestHint } from '../../src/config/nearest.js';
import { TurretError } from '../../src/errors.js';
import { DB_ROWS_MAX, DB_SQL_BYTES_MAX, DB_VALUES_MAX } from '../../src/protocol/limits.js';
import type {
  AgentCall,
  Annotations,
  Json,
  JsonObject,
  Params,
  ParamScalar,
  ParamValue,
  ResolveResult,
} from '../../src/protocol/messages.js';
import type { Database } from './databases.js';
import { requireStatement } from './postgres/first-word.js';

export type Verb = 'query' | 'execute';

/** Params of every action, as registered. */
export const PARAMS: JsonObject = {
  type: 'object',
  properties: {
    sql: { type: 'string', description: 'One statement, with a place ($1, or ? in SQLite) for each value.' },
    values: { type: 'array', items: {}, description: 'What goes into those places.' },
    format: { type: 'string', enum: ['json', 'csv'], description: 'JSON lines, or CSV.' },
    max_rows: { type: 'integer', minimum: 1, description: 'More rows are left out.' },
  },
  required: ['sql'],
  additionalProperties: false,
} satisfies { [key: string]: Json };

export function verbsOf({ write }: Database): Verb[] {
  return write ? ['query', 'execute'] : ['query'];
}

export function annotationsOf(verb: Verb, { engine }: Database): Annotations {
  const readOnly = verb === 'query';
  return {
    readOnly,
    destructive: !readOnly,
    idempotent: readOnly,
    openWorld: engine === 'postgres',
    egress: !readOnly,
    untrustedOutput: true,
    secretOutput: false,
  };
}

/** @throws TurretError `unresolvable`, `no_such_action`, `invalid_params` */
export function resolveDb(
  call: AgentCall,
  { name, databases }: { name: string; databases: ReadonlyMap<string, Database> },
): ResolveResult {
  if ('tool' in call) throw new TurretError('unresolvable', 'a db repeater has no command lines');
  const [, alias = '', verb = ''] = call.action.split('.');
  const database = databases.get(alias);
  if (database === undefined) throw unknownAlias(alias, { name, known: [...databases.keys()] });
  const known = verbsOf(database).find((each) => call.action === `${name}.${alias}.${each}`);
  if (known === undefined) throw unknownVerb(call.action, { name, database, verb });
  const params = paramsOf(call.params);
  if (database.engine === 'postgres') requireStatement(String(params['sql']), known);
  const annotations = annotationsOf(known, database);
  return {
    capabilities: [{ action: call.action, params, annotations }],
    needs: { stdin: false, files: [] },
  };
}

function paramsOf(given: Params): Params {
  for (const key of Object.keys(given))
    if (!Object.hasOwn(PARAMS['properties'] as object, key))
      throw wrong(`${key} is not a param of this action`);
  const { sql, values, format, max_rows } = given;
  return {
    sql: statementOf(sql),
    ...(values === undefined ? {} : { values: valuesOf(values) }),
    ...(format === undefined || format === 'json' ? {} : { format: formatOf(format) }),
    ...(max_rows === undefined ? {} : { max_rows: rowsOf(max_rows) }),
  };
}

function statementOf(sql: ParamValue | undefined): string {
  if (typeof sql !== 'string' || sql.trim() === '') throw wrong('sql is missing, or no text');
  if (Buffer.byteLength(sql) > DB_SQL_BYTES_MAX)
    throw wrong(`sql is longer than ${DB_SQL_BYTES_MAX} bytes`, 'put what is long into values');
  // Where a text in C ends, the rest of the statement would not have been decided on.
  if (!sql.isWellFormed() || sql.includes('\0')) throw wrong('sql is no plain text');
  return sql.trim();
}

function valuesOf(values: ParamValue): ParamScalar[] {
  const list = Array.isArray(values) ? values : [values];
  if (list.length > DB_VALUES_MAX) throw wrong(`more than ${DB_VALUES_MAX} values`);
  for (const value of list) {
    if (typeof value === 'string' && (value.includes('\0') || !value.isWellFormed()))
      throw wrong('a value is no plain text');
    if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value))
      throw wrong('a number among the values is too large to be exact', 'write it as a text');
  }
  return list;
}

function formatOf(format: ParamValue): string {
  if (format === 'csv') return format;
  throw wrong('format is neither json nor csv');
}

function rowsOf(rows: ParamValue): number {
  if (typeof rows === 'number' && Number.isSafeInteger(rows) && rows >= 1 && rows <= DB_ROWS_MAX) return rows;
  throw wrong(`max_rows is no whole number from 1 to ${DB_ROWS_MAX}`, 'write max_rows:=10');
}

function unknownAlias(alias: string, { name, known }: { name: string; known: string[] }): TurretError {
  const isVerb = alias === 'query' || alias === 'execute';
  const hint = isVerb ? undefined : nearestHint(alias, known);
  return new TurretError('no_such_action', `there is no database ${JSON.stringify(alias)}`, {
    hints: [
      hint ?? `this repeater has: ${known.map((each) => `${name}.${each}.query`).join(', ') || 'none'}`,
    ],
  });
}

function unknownVerb(
  action: string,
  { name, database, verb }: { name: string; database: Database; verb: string },
): TurretError {
  const { alias } = database;
  return new TurretError('no_such_action', `there is no action "${action}"`, {
    hints: [
      verb === 'execute'
        ? `the database "${alias}" is only read; write: true under it in turret.yaml changes that`
        : verbsOf(database)
            .map((each) => `${name}.${alias}.${each}`)
            .join(', '),
    ],
  });
}

function wrong(message: string, hint?: string): TurretError {
  const known = Object.keys(PARAMS['properties'] as object).join(', ');
  return new TurretError('invalid_params', message, { hints: [hint ?? `params: ${known}`] });
}
