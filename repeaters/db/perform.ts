// One approved statement, from capability to the last row. Neither its text nor what the database answers is trusted: it
// may be slow, endless, or made to find out how much it can hold on to.

import { TurretError } from '../../src/errors.js';
import type { Params, ParamScalar } from '../../src/protocol/messages.js';
import type { Run, RunResult } from '../sdk/types.js';
import type { Database } from './databases.js';
import type { Verb } from './resolve.js';
import type { Cut, Format, ResultBounds } from './result-text.js';
import type { SqliteProgram } from './sqlite/program.js';

/** What is to be done, with all its bounds. */
export interface Statement {
  sql: string;
  values: readonly ParamScalar[];
  writes: boolean;
  format: Format;
  bounds: ResultBounds;
}

/** How it went: `failed` is what the database says of the statement. */
export type Outcome = { failed: string } | { cut: Cut | undefined };

export interface DbRuntime {
  databases: ReadonlyMap<string, Database>;
  /** There when a database is a file. */
  sqlite: SqliteProgram | undefined;
}

/** @throws TurretError for what Turret could not do, or the database did not */
export async function performDb(run: Run, { databases, sqlite }: DbRuntime): Promise<RunResult> {
  const [capability, ...others] = run.capabilities;
  const [, alias = '', verb = ''] = capability?.action.split('.') ?? [];
  const database = databases.get(alias);
  if (capability === undefined || others.length > 0 || database === undefined)
    throw new TurretError('no_such_action', 'that was never resolved');
  const statement = statementOf(capability.params, verb as Verb, database);
  const late = AbortSignal.timeout(database.statementMs);
  const signal = AbortSignal.any([run.signal, late]);
  try {
    const outcome = await perform({ ...run, signal }, { database, statement, sqlite });
    return told(run, outcome, { database, statement });
  } catch (error) {
    if (!late.aborted || run.signal.aborted) throw error;
    throw tooLate(database, statement);
  }
}

async function perform(
  run: Run,
  {
    database,
    statement,
    sqlite,
  }: { database: Database; statement: Statement; sqlite: SqliteProgram | undefined },
): Promise<Outcome> {
  if (database.engine === 'postgres') {
    const { runOnPostgres } = await import('./postgres/run.js');
    return runOnPostgres(run, database, statement);
  }
  if (sqlite === undefined) throw new TypeError('there is a file and nothing to read it with');
  return sqlite.run(run, database, statement);
}

function statementOf(params: Params, verb: Verb, database: Database): Statement {
  const { sql, values = [], format = 'json', max_rows: asked } = params;
  const writes = verb === 'execute';
  if (writes && !database.write) throw new TurretError('no_such_action', 'that was never resolved');
  return {
    sql: String(sql),
    values: [values].flat(),
    writes,
    format: format as Format,
    bounds: { asked: asked as number | undefined, rows: database.rows, bytes: database.bytes },
  };
}

function told(
  { stderr }: Run,
  outcome: Outcome,
  { database, statement }: { database: Database; statement: Statement },
): RunResult {
  if ('failed' in outcome) {
    stderr.write(`${database.alias}: ${printable(outcome.failed)}\n`);
    return { exit: 1 };
  }
  if (outcome.cut === 'asked')
    stderr.write(`turret: more than ${statement.bounds.asked} rows; the rest was left out\n`);
  else if (outcome.cut !== undefined) throw tooMuch(outcome.cut, { database, statement });
  return { exit: 0 };
}

// It may be anything that somebody put into a table, and ends at a terminal.
function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- those are what is taken out
  return text.replaceAll(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, ' ').trimEnd();
}

function tooMuch(
  cut: Cut,
  { database, statement }: { database: Database; statement: Statement },
): TurretError {
  const { rows, bytes } = statement.bounds;
  const bound = cut === 'rows' ? `${rows} rows` : `${bytes} bytes`;
  return new TurretError('output_limit', `the result has more than ${bound}`, {
    hints: [
      `${statement.writes ? 'nothing was changed; ' : ''}ask for less (where, limit, count), or let turret.yaml say ${
        cut === 'rows' ? 'max_rows' : 'max_bytes'
      } for the database "${database.alias}"`,
    ],
  });
}

function tooLate({ alias, statementMs }: Database, { writes }: Statement): TurretError {
  return new TurretError(
    'deadline_exceeded',
    `the database "${alias}" took longer than ${statementMs / 1_000} s`,
    {
      hints: [
        `${writes ? 'look whether it took effect before you repeat it; ' : ''}timeout: of the database in turret.yaml is how long it has`,
      ],
    },
  );
}
