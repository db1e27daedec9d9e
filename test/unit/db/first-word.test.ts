import { describe, expect, test } from 'vitest';

import { requireStatement } from '../../../repeaters/db/postgres/first-word.js';

const passes = (sql: string, verb: 'query' | 'execute' = 'query'): boolean => {
  try {
    requireStatement(sql, verb);
    return true;
  } catch {
    return false;
  }
};

describe('a statement that reads', () => {
  test.each([
    'select 1',
    'SELECT 1',
    '  \n\tselect 1',
    '-- why\nselect 1',
    '-- why\r\nselect 1',
    '/* why */ select 1',
    '/* one */ -- two\n /* three */ select 1',
    '(select 1) union (select 2)',
    '((select 1))',
    'with a as (select 1) select * from a',
    'values (1), (2)',
    'table orders',
    'show server_version',
    'explain select 1',
  ])('%j passes', (sql) => {
    expect(passes(sql)).toBe(true);
  });
});

describe('a statement that does not', () => {
  test.each([
    'commit',
    'end',
    'rollback',
    'begin',
    'prepare transaction $$x$$',
    'prepare a as select 1',
    'copy orders to stdout',
    "copy orders to program 'id'",
    "do 'begin end'",
    'set transaction read write',
    'set role boss',
    'reset all',
    'discard all',
    'listen a',
    'notify a',
    'lock orders',
    'vacuum',
    'declare c cursor for select 1',
    'fetch all from c',
    'insert into orders values (1)',
    'call p()',
    '',
    ';select 1',
    // Read in one way it is a comment and a select, in another a comment and a commit.
    '/* /* */ select */ commit',
    '--x\rcommit\nselect 1',
    '-- select 1',
    '/* select 1',
    '/*/ select 1',
    '\u00a0select 1',
    '\ufeffselect 1',
    'select\u00e9 1'.replace('select', 'selec'),
  ])('%j is refused', (sql) => {
    expect(passes(sql)).toBe(false);
  });
});

describe('a statement that changes', () => {
  test.each([
    'insert into a values (1)',
    'update a set b = 1',
    'delete from a',
    'create table a (b int)',
    'call p()',
  ])('%j is for execute only', (sql) => {
    expect([passes(sql, 'query'), passes(sql, 'execute')]).toEqual([false, true]);
  });

  test.each([
    'commit',
    'rollback',
    'prepare transaction $$x$$',
    'copy a from stdin',
    'set role boss',
    'vacuum',
  ])('%j is for neither', (sql) => {
    expect([passes(sql, 'query'), passes(sql, 'execute')]).toEqual([false, false]);
  });
});
