import { describe, expect, test } from 'vitest';

import { readDatabases } from '../../../repeaters/db/databases.js';
import { resolveDb } from '../../../repeaters/db/resolve.js';
import { completeDatabases } from '../../../src/config/databases.js';
import { TurretError } from '../../../src/errors.js';
import { DB_SQL_BYTES_MAX } from '../../../src/protocol/limits.js';
import type { Json, Params } from '../../../src/protocol/messages.js';

const databases = readDatabases({
  config: {
    databases: completeDatabases({
      app: { sqlite: 'app.db' },
      jobs: { sqlite: '/srv/jobs.db', write: true },
      shop: { postgres: '127.0.0.1', database: 'shop', user: 'reader', secret: 'env:SHOP' },
    }) as unknown as Json,
    directory: '/home/me/conf',
  },
  env: { 'env:SHOP': 'a-password' },
});

function resolved(action: string, params: Params) {
  const result = resolveDb({ action, params }, { name: 'db', databases });
  if (!('capabilities' in result)) throw new Error('no capabilities');
  return { ...result.capabilities[0], needs: result.needs };
}
function problem(action: string, params: Params): TurretError {
  try {
    resolved(action, params);
  } catch (error) {
    if (error instanceof TurretError) return error;
  }
  throw new Error('it resolved');
}
const SQL = { sql: 'select 1' };

describe('what a statement is', () => {
  test('is its text and what goes beside it, and no more', () => {
    const { action, params, needs } = resolved('db.app.query', {
      sql: ' select ?\n',
      values: 'a',
      format: 'json',
      max_rows: 5,
    });
    expect(action).toBe('db.app.query');
    expect(params).toEqual({ sql: 'select ?', values: ['a'], max_rows: 5 });
    expect(needs).toEqual({ stdin: false, files: [] });
  });

  test('reads, or changes, by its action and not by its text', () => {
    expect(resolved('db.jobs.query', { sql: 'delete from a' }).annotations).toMatchObject({
      readOnly: true,
      destructive: false,
    });
    expect(resolved('db.jobs.execute', SQL).annotations).toMatchObject({
      readOnly: false,
      destructive: true,
      egress: true,
    });
  });

  test('leaves this machine when the database does', () => {
    expect(resolved('db.app.query', SQL).annotations?.openWorld).toBe(false);
    expect(resolved('db.shop.query', SQL).annotations?.openWorld).toBe(true);
  });
});

describe('what is no statement', () => {
  test('names the database that was probably meant', () => {
    expect(problem('db.sop.query', SQL)).toMatchObject({
      code: 'no_such_action',
      hints: ['did you mean "shop"?'],
    });
    expect(problem('db.query', SQL).hints[0]).toContain('db.app.query');
  });

  test('says that a database is only read', () => {
    expect(problem('db.app.execute', SQL).hints[0]).toContain('write: true');
    expect(problem('db.app.drop', SQL).hints).toEqual(['db.app.query']);
    expect(problem('db.app.query.more', SQL).code).toBe('no_such_action');
  });

  test.each<[string, Params]>([
    ['no sql', {}],
    ['nothing in it', { sql: ' \n' }],
    ['a number', { sql: 1 }],
    ['a NUL', { sql: 'select 1\0; drop table a' }],
    ['half a character', { sql: "select '\ud800'" }],
    ['too long', { sql: `select ${'1'.repeat(DB_SQL_BYTES_MAX)}` }],
    ['a NUL in a value', { ...SQL, values: ['a\0b'] }],
    ['a value that would be rounded', { ...SQL, values: [9_007_199_254_740_992] }],
    ['too many values', { ...SQL, values: Array.from({ length: 1_001 }, () => 1) }],
    ['another format', { ...SQL, format: 'xml' }],
    ['no rows', { ...SQL, max_rows: 0 }],
    ['rows as a text', { ...SQL, max_rows: '5' }],
    ['a param of its own', { ...SQL, database: 'shop' }],
  ])('%s', (_, params) => {
    expect(problem('db.app.query', params).code).toBe('invalid_params');
  });

  test('a command line', () => {
    expect(() => resolveDb({ tool: 'db', argv: [], cwd: '/' }, { name: 'db', databases })).toThrow(
      'no command lines',
    );
  });
});

test('a path begins where turret.yaml is', () => {
  expect(databases.get('app')).toMatchObject({
    file: '/home/me/conf/app.db',
    rows: 10_000,
    statementMs: 30_000,
  });
  expect(databases.get('jobs')).toMatchObject({ file: '/srv/jobs.db' });
});
