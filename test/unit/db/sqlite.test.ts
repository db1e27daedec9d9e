// What an agent's statement may do to an SQLite file, asked of SQLite itself: real files, in this process.

import { mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import * as library from '@photostructure/sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { ENDS, type Errand } from '../../../repeaters/db/sqlite/errand.js';
import { filesOf } from '../../../repeaters/db/sqlite/files.js';
import { performOnFile } from '../../../repeaters/db/sqlite/statement.js';

let place: string;
let file: string;
beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), 'turret-sqlite-'));
  file = join(place, 'app.db');
  const database = new library.DatabaseSync(file);
  database.exec(`create table t (id integer primary key, name text, amount real, data blob);
    insert into t values (1, 'a', 2.0, x'0102'), (2, null, 1e400, null), (9007199254740993, '', -0.5, x'');
    create view v as select id from t;
    create view hostile as select load_extension('/tmp/x.so');
    create virtual table words using fts5(word); insert into words values ('needle in hay')`);
  database.close();
});
afterAll(() => rmSync(place, { recursive: true, force: true }));

type Asked = Partial<Pick<Errand, 'values' | 'writes' | 'format' | 'immutable'>> & {
  rows?: number;
  asked?: number;
  at?: string;
};

function perform(
  sql: string,
  { rows = 100, asked, at = file, ...rest }: Asked = {},
): { end: number; out: string } {
  let out = '';
  const errand = {
    file: at,
    immutable: false,
    recovers: false,
    writes: false,
    lockMs: 100,
    values: [],
    format: 'json' as const,
    ...rest,
  };
  const end = performOnFile(
    { ...errand, sql, bounds: { asked, rows, bytes: 100_000 } },
    { library, write: (text) => void (out += text) },
  );
  return { end, out };
}
const rowsOf = (sql: string, asked?: Asked): unknown[] =>
  perform(sql, asked)
    .out.trim()
    .split('\n')
    .map((line) => JSON.parse(line));
const failure = (sql: string, asked?: Asked): string => {
  const before = readFileSync(file);
  try {
    perform(sql, asked);
  } catch (error) {
    expect(readFileSync(file).equals(before)).toBe(true);
    return (error as Error).message;
  }
  throw new Error('it was performed');
};

describe('a query', () => {
  test('gives each kind of value as it is', () => {
    expect(perform('select * from t').out.split('\n')).toEqual([
      '{"id":1,"name":"a","amount":2.0,"data":{"base64":"AQI="}}',
      '{"id":2,"name":null,"amount":"Infinity","data":null}',
      '{"id":"9007199254740993","name":"","amount":-0.5,"data":{"base64":""}}',
      '',
    ]);
  });

  test.each<[string, Errand['values'], unknown]>([
    ['select ? as a, ? as b', [1, 'x'], { a: 1, b: 'x' }],
    ['select ?2 as a, ?1 as b', [1, 'x'], { a: 'x', b: 1 }],
    ['select $2 as a, $1 as b, $2 as c', [1, 'x'], { a: 'x', b: 1, c: 'x' }],
    ['select typeof(?) as a, typeof(?) as b', [1, 1.5], { a: 'integer', b: 'real' }],
    ['select ? as a', [true], { a: 1 }],
    ['select name from t where name = ?', ["' or 1=1 --"], undefined],
  ])('%s takes values as values', (sql, values, row) => {
    expect(perform(sql, { values }).out).toBe(row === undefined ? '' : `${JSON.stringify(row)}\n`);
  });

  test('describes the schema', () => {
    expect(rowsOf('pragma table_info(t)')).toHaveLength(4);
    expect(rowsOf("select name from pragma_table_info('t') where pk")).toEqual([{ name: 'id' }]);
    expect(rowsOf("select name from sqlite_schema where name = 'v'")).toEqual([{ name: 'v' }]);
    expect(rowsOf("select word from words where words match 'needle'")).toEqual([{ word: 'needle in hay' }]);
    expect(rowsOf('explain query plan select * from t where id = 1')).toHaveLength(1);
  });

  test('stops at its bound, however much there is', () => {
    const endless = 'with recursive c(x) as (select 1 union all select x + 1 from c) select x from c';
    expect(perform(endless, { rows: 3 })).toEqual({ end: ENDS.rows, out: '{"x":1}\n{"x":2}\n{"x":3}\n' });
    expect(perform(endless, { asked: 1 })).toEqual({ end: ENDS.asked, out: '{"x":1}\n' });
    expect(perform('select hex(zeroblob(60000))').end).toBe(ENDS.bytes);
  });

  test('ends with a semicolon, or does not', () => {
    expect(perform('select 1 ; \n;').out).toBe('{"1":1}\n');
  });
});

describe('a query cannot', () => {
  test.each([
    ["insert into t(name) values ('x')", 'not allowed here: insert'],
    ['with a as (select 1) delete from t', 'not allowed here: delete'],
    ['update t set name = 1 returning id', 'not allowed here: update'],
    ['create table x (a)', 'not allowed here'],
    ['create temp table x (a)', 'not allowed here'],
    ['drop table t', 'not allowed here'],
    ["attach '/etc/passwd' as x", 'not allowed here: attach'],
    ["attach 'file:x.db?mode=memory' as x", 'not allowed here: attach'],
    ['detach main', 'not allowed here: detach'],
    ["vacuum into '/tmp/x.db'", 'not allowed here: attach'],
    ['begin', 'not allowed here: transaction'],
    ['savepoint a', 'not allowed here: savepoint'],
    ['pragma writable_schema = 1', 'not allowed here: pragma writable_schema'],
    ['pragma query_only = 0', 'not allowed here: pragma query_only'],
    ['pragma journal_mode = wal', 'not allowed here: pragma journal_mode'],
    ['pragma temp_store_directory', 'not allowed here: pragma temp_store_directory'],
    ['select file from pragma_database_list', 'not allowed here: pragma database_list'],
    ["select load_extension('/tmp/x.so')", 'not allowed here: function load_extension'],
    ['select * from hostile', 'unsafe use of load_extension'],
    ["select fts3_tokenizer('simple')", 'fts3_tokenizer'],
    ["select readfile('/etc/passwd')", 'no such function: readfile'],
    ["select writefile('/tmp/x', 'x')", 'no such function: writefile'],
    ["select edit('x')", 'no such function: edit'],
    ["create virtual table x using csv(filename='/etc/passwd')", 'not allowed here'],
    ['select length(zeroblob(20000000))', 'too big'],
    ['select 1; drop table t', 'something comes after the first statement'],
    ['select 1; -- that was it', 'something comes after the first statement'],
    ['select 1;;select 2', 'something comes after the first statement'],
    ['selec', 'syntax error'],
    ['', 'incomplete input'],
    ['-- nothing', 'incomplete input'],
  ])('%s', (sql, why) => {
    expect(failure(sql)).toContain(why);
  });

  test.each<[string, Errand['values'], string]>([
    ['select ?', [], 'places for 1 values, and 0'],
    ['select $1', [], 'places for 1 values, and 0'],
    ['select :name', [], 'places for 1 values, and 0'],
    ['select :name', ['x'], 'do not fit'],
    ['select ?', ['x', 'y'], 'do not fit'],
    ['select ?9', ['x'], 'places for 9 values, and 1'],
  ])('%s with the values %j', (sql, values, why) => {
    expect(failure(sql, { values })).toContain(why);
  });
});

describe('execute', () => {
  const copy = (): string => {
    const at = join(place, `copy-${Math.trunc(performance.now() * 1_000)}.db`);
    writeFileSync(at, readFileSync(file));
    return at;
  };

  test('changes what it is to change, and says how much', () => {
    const at = copy();
    expect(perform('update t set name = ? where id < 3', { at, writes: true, values: ['n'] }).out).toBe(
      '{"changes":2}\n',
    );
    expect(rowsOf('insert into t(name) values (1), (2) returning name', { at, writes: true })).toHaveLength(
      2,
    );
    expect(perform('create table more (a)', { at, writes: true }).out).toBe('{"changes":0}\n');
    expect(rowsOf('select count(*) as n from t', { at })).toEqual([{ n: 5 }]);
  });

  test('changes nothing when its result is cut', () => {
    const at = copy();
    expect(perform('delete from t returning id', { at, writes: true, rows: 2 }).end).toBe(ENDS.rows);
    expect(readdirSync(place).filter((name) => name.endsWith('-journal'))).toEqual([]);
    expect(rowsOf('select count(*) as n from t', { at })).toEqual([{ n: 3 }]);
  });

  test.each([
    'commit',
    'rollback',
    "attach '/tmp/x.db' as x",
    "vacuum into '/tmp/x.db'",
    'pragma writable_schema = 1',
    'vacuum',
    'begin',
  ])('does not %s', (sql) => {
    expect(failure(sql, { writes: true })).not.toBe('');
    expect(readdirSync(place).filter((name) => name.endsWith('-journal'))).toEqual([]);
  });
});

describe('the file', () => {
  const database = (at: string) =>
    ({ engine: 'sqlite', alias: 'app', file: at, write: false, statementMs: 1, rows: 1, bytes: 1 }) as const;
  const trouble = (at: string): string => {
    try {
      filesOf(database(at), { writes: false, agentWrites: [] });
      return 'none';
    } catch (error) {
      return (error as Error).message;
    }
  };

  test('is one, and is there', () => {
    writeFileSync(join(place, 'other'), 'SQLite format 2 and some more that makes it long enough');
    expect(trouble(file)).toBe('none');
    expect(trouble(join(place, 'other'))).toBe('the file of "app" is no SQLite database');
    expect(trouble('/dev/zero')).toBe('the file of "app" is no SQLite database');
    symlinkSync(file, join(place, 'link.db'));
    expect(trouble(join(place, 'link.db'))).toBe('the file of the database "app" is a link');
    expect(trouble(place)).toBe('the file of "app" is no SQLite database');
    expect(trouble(join(place, 'nothing'))).toBe('the file of the database "app" is not there');
  });

  test('is not taken along by links beside it', () => {
    const at = join(place, 'linked.db');
    writeFileSync(at, readFileSync(file));
    for (const end of ['-wal', '-shm', '-journal']) symlinkSync('/etc/passwd', `${at}${end}`);
    expect(filesOf(database(at), { writes: false, agentWrites: [] })).toMatchObject({
      readable: [at],
      writable: [],
    });
  });

  test('with a log that nobody has open is read as it is, and found out when it changes', () => {
    const at = join(place, 'wal.db');
    const writer = new library.DatabaseSync(at);
    writer.exec('pragma journal_mode = wal; create table t (a); insert into t values (1)');
    expect(filesOf(database(at), { writes: false, agentWrites: [] })).toMatchObject({
      immutable: false,
      readable: [at, `${at}-wal`],
      writable: [`${at}-shm`],
    });
    writer.close();
    const closed = filesOf(database(at), { writes: false, agentWrites: [] });
    expect(closed).toMatchObject({ immutable: true, readable: [at], writable: [] });
    expect(rowsOf('select a from t', { at, immutable: true })).toEqual([{ a: 1 }]);
    expect(readdirSync(place).filter((name) => name.startsWith('wal.db'))).toEqual(['wal.db']);
    closed.check();
    const again = new library.DatabaseSync(at);
    again.exec('insert into t values (2)');
    again.close();
    expect(() => closed.check()).toThrow('changed while it was read');
  });
});
