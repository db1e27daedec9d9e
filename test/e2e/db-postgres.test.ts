// The db repeater against a real PostgreSQL: what an agent's statement can do with the role that docs/db.md says to create,
// and with roles that are more than that.

import { execFileSync } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, type Server, createServer } from 'node:net';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { type Database, readDatabases } from '../../repeaters/db/databases.js';
import { performDb } from '../../repeaters/db/perform.js';
import { resolveDb } from '../../repeaters/db/resolve.js';
import type { Run } from '../../repeaters/sdk/types.js';
import type { DatabaseConfig } from '../../src/config/config.js';
import { completeDatabases } from '../../src/config/databases.js';
import type { TurretError } from '../../src/errors.js';
import type { Json, Params } from '../../src/protocol/messages.js';
import { type PostgresServer, startPostgres } from '../helpers/postgres.js';
import { makeHome, runTurret } from '../helpers/turret.js';

const DOCUMENTED = /```sql\n([^]*?)```/.exec(readFileSync('docs/db.md', 'utf8'))?.[1] ?? '';
const PASSWORD = 'CHANGE-ME';
const TABLES = `create database shop;
\\c shop
create table customers (id int primary key, name text);
create table orders (id int primary key, customer text, total numeric(12, 2), paid boolean, at timestamptz, extra jsonb, raw bytea, tags text[], big bigint, f float8);
create table secrets (word text);
insert into orders values (1, 'ann', 12.50, true, '2026-01-02 03:04:05+00', '{"a": [1, 12345678901234567890]}', '\\x0102', '{x,y}', 9007199254740993, 1e20), (2, null, null, false, null, null, null, null, 5, 'nan');
create sequence numbers;
create function wipe() returns int language sql as 'delete from orders returning 1';
create role boss login superuser password '${PASSWORD}';
create role reads_files login password '${PASSWORD}'; grant pg_read_server_files to reads_files;
create role becomes_boss login password '${PASSWORD}' noinherit; grant boss to becomes_boss;
create role makes_roles login password '${PASSWORD}' createrole;
create role owner login password '${PASSWORD}'; grant usage, create on schema public to owner;
create table owned (a int); insert into owned values (1); alter table owned owner to owner;
`;

let server: PostgresServer;
let tls: string;
let silent: Server;
let liar: Server;
let databases: Map<string, Database>;
const certificate = (name: string): void => {
  const words = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '2',
  ];
  const files = ['-keyout', join(tls, `${name}.key`), '-out', join(tls, `${name}.crt`)];
  execFileSync(
    'openssl',
    [...words, ...files, '-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1'],
    { stdio: 'pipe' },
  );
};
const listening = async (on: Server): Promise<number> => {
  await new Promise((resolve) => on.listen(0, '127.0.0.1', () => resolve(undefined)));
  return (on.address() as AddressInfo).port;
};

beforeAll(async () => {
  tls = mkdtempSync('/tmp/pg-tls-');
  certificate('server');
  certificate('other');
  server = await startPostgres({
    tls: { key: join(tls, 'server.key'), certificate: join(tls, 'server.crt') },
  });
  server.sql(`${TABLES}${DOCUMENTED}`);
  silent = createServer(() => {});
  // Asks for the password itself.
  liar = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3])));
    socket.on('data', (chunk: Buffer) => lies.push(chunk.toString('latin1')));
  });
  const shop = {
    postgres: '127.0.0.1',
    port: server.port,
    database: 'shop',
    user: 'agent_reader',
    secret: 'env:PASSWORD',
    timeout: 20,
  };
  const blocks: Record<string, DatabaseConfig> = {
    shop,
    socket: { ...shop, postgres: server.socket },
    tls: { ...shop, tls: 'verify', ca: join(tls, 'server.crt') },
    othertls: { ...shop, tls: 'verify', ca: join(tls, 'other.crt') },
    noca: { ...shop, tls: 'verify' },
    slow: { ...shop, timeout: 0.7 },
    large: { ...shop, max_rows: 10_000_000, max_bytes: 2_000_000_000, timeout: 60 },
    small: { ...shop, max_rows: 3, max_bytes: 3_000 },
    owner: { ...shop, user: 'owner', write: true, max_rows: 2 },
    boss: { ...shop, user: 'boss' },
    files: { ...shop, user: 'reads_files' },
    becomes: { ...shop, user: 'becomes_boss' },
    makes: { ...shop, user: 'makes_roles', write: true },
    allowed: { ...shop, user: 'boss', allow_superuser: true },
    wrong: { ...shop, secret: 'env:WRONG' },
    unset: { ...shop, secret: 'env:NOBODY' },
    keyless: { postgres: '127.0.0.1', port: server.port, database: 'shop', user: 'agent_reader' },
    nothere: { ...shop, database: 'nothere' },
    gone: { ...shop, port: 9 },
    nosocket: { ...shop, postgres: '/nowhere' },
    silent: { ...shop, port: await listening(silent), timeout: 0.3 },
    liar: { ...shop, port: await listening(liar), timeout: 2 },
  };
  databases = readDatabases({
    config: { databases: completeDatabases(blocks) as unknown as Json, directory: '/' },
    env: { 'env:PASSWORD': PASSWORD, 'env:WRONG': 'another-password-0123' },
  });
}, 60_000);
afterAll(async () => {
  silent.close();
  liar.close();
  await server.close();
  rmSync(tls, { recursive: true });
});
const lies: string[] = [];

interface Performed {
  exit: number;
  out: string;
  err: string;
}

async function perform(
  action: string,
  params: Params,
  io: { stdout?: Writable; signal?: AbortSignal } = {},
): Promise<Performed> {
  const resolved = resolveDb({ action: `db.${action}`, params }, { name: 'db', databases });
  if (!('capabilities' in resolved)) throw new Error('not resolved');
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  const stdout = io.stdout ?? new PassThrough().on('data', (chunk: Buffer) => out.push(chunk));
  const run = {
    call: 'c1',
    capabilities: resolved.capabilities,
    signal: io.signal ?? new AbortController().signal,
    stdout,
    stderr: new PassThrough().on('data', (chunk: Buffer) => err.push(chunk)),
  } as unknown as Run;
  const { exit } = await performDb(run, { databases, sqlite: undefined });
  return { exit, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() };
}
const query = (sql: string, alias = 'shop', params: Params = {}): Promise<Performed> =>
  perform(`${alias}.query`, { sql, ...params });
const trouble = async (sql: string, alias: string): Promise<TurretError> =>
  query(sql, alias).then(
    () => Promise.reject(new Error('it went well')),
    (error: unknown) => error as TurretError,
  );
/** Of the role, what is still there on the server. */
const sessions = (): string =>
  server.sql("select count(*) from pg_stat_activity where application_name = 'turret'");
const until = async (what: () => boolean): Promise<void> => {
  while (!what()) await new Promise((resolve) => setTimeout(resolve, 20));
};

describe('a query', () => {
  test('brings every value as it is', async () => {
    const { out, exit } = await query('select * from orders order by id');
    expect(exit).toBe(0);
    expect(out.split('\n')).toEqual([
      '{"id":1,"customer":"ann","total":"12.50","paid":true,"at":"2026-01-02 03:04:05+00","extra":{"a": [1, 12345678901234567890]},"raw":"\\\\x0102","tags":"{x,y}","big":"9007199254740993","f":1e+20}',
      '{"id":2,"customer":null,"total":null,"paid":false,"at":null,"extra":null,"raw":null,"tags":null,"big":5,"f":"NaN"}',
      '',
    ]);
    const csv = await query('select id, customer, raw, tags from orders order by id', 'shop', {
      format: 'csv',
    });
    expect(csv.out).toBe('id,customer,raw,tags\n1,ann,\\x0102,"{x,y}"\n2,,,\n');
  });

  test('takes values apart from its text', async () => {
    const values = ['ann', 2, true];
    const { out } = await query(
      'select id from orders where customer = $1 or id = $2 and $3 order by id',
      'shop',
      { values },
    );
    expect(out).toBe('{"id":1}\n{"id":2}\n');
    expect(
      (await query('select id from orders where customer = $1', 'shop', { values: "' or true --" })).out,
    ).toBe('');
    expect((await query('select $1::int', 'shop')).err).toContain('(08P01');
  });

  test.each(['shop', 'socket', 'tls'])('reaches the server as %s', async (alias) => {
    const { out } = await query('select ssl from pg_stat_ssl where pid = pg_backend_pid()', alias);
    expect(out).toBe(`{"ssl":${alias === 'tls'}}\n`);
  });

  test('is cut at its bounds, and says so', async () => {
    const endless = 'select generate_series(1, 1000000000000) as n';
    expect(await query(endless, 'small', { max_rows: 2 })).toMatchObject({
      exit: 0,
      out: '{"n":1}\n{"n":2}\n',
      err: expect.stringContaining('left out'),
    });
    expect(await trouble(endless, 'small')).toMatchObject({
      code: 'output_limit',
      message: 'the result has more than 3 rows',
    });
    expect(await trouble("select repeat('x', 3000)", 'small')).toMatchObject({
      message: 'the result has more than 3000 bytes',
    });
    expect(await trouble("select repeat('x', 20000000)", 'shop')).toMatchObject({
      message: expect.stringContaining('a row of the result is longer'),
    });
  });

  test('is not held while nobody takes it: the server waits', async () => {
    let taken = 0;
    const release = new EventEmitter();
    let isOpen = false;
    const stdout = new Writable({
      highWaterMark: 65_536,
      write(chunk: Buffer, _, done) {
        for (const byte of chunk) taken += byte === 10 ? 1 : 0;
        if (isOpen) done();
        else release.once('open', done);
      },
    });
    const sql = "select n, repeat('x', 300) as t from generate_series(1, 80000) as n";
    const running = perform('large.query', { sql }, { stdout });
    const doing = "select wait_event from pg_stat_activity where application_name = 'turret'";
    // While we ask we do not read either: between two questions there is time to.
    for (let seen = 0; seen < 5; seen += 1) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      await until(() => server.sql(doing) === 'ClientWrite');
    }
    expect(stdout.writableLength).toBeLessThan(200_000);
    isOpen = true;
    release.emit('open');
    await running;
    expect(taken).toBe(80_000);
  });
});

describe('a statement of an agent cannot', () => {
  test.each([
    ['with x as (insert into owned values (9) returning a) select * from x', '25006'],
    ['select wipe()', '25006'],
    ['select * from secrets', '42501'],
    ["select nextval('numbers')", '42501'],
    ['select 1; drop table orders', '42601'],
    ["select pg_read_file('/etc/passwd')", '42501'],
    ["select pg_ls_dir('/')", '42501'],
    ["select lo_import('/etc/passwd')", '42501'],
    ["select lo_export(1, '/tmp/x')", '42501'],
    ["select set_config('transaction_read_only', 'off', false)", '25001'],
    ["select set_config('role', 'boss', false)", '42501'],
    ["select set_config('session_authorization', 'boss', false)", '42501'],
    ['select pg_reload_conf()', '42501'],
    ["select pg_create_physical_replication_slot('x')", '42501'],
    ['select rolpassword from pg_authid', '42501'],
    ['explain analyze delete from orders', '25006'],
  ])('%s', async (sql, code) => {
    const { exit, out, err } = await query(sql, sql.includes('owned') ? 'owner' : 'shop');
    expect({ exit, out }).toEqual({ exit: 1, out: '' });
    expect(err).toContain(`(${code}`);
  });

  test('make the transaction write, or leave a setting for the next one', async () => {
    await query(
      "select set_config('default_transaction_read_only', 'off', false), set_config('statement_timeout', '0', false)",
      'owner',
    );
    const { out } = await query(
      "select current_setting('transaction_read_only') as a, current_setting('default_transaction_read_only') as b, current_setting('statement_timeout') as c",
      'owner',
    );
    expect(out).toBe('{"a":"on","b":"on","c":"20s"}\n');
    expect((await query('with x as (delete from owned returning a) select * from x', 'owner')).err).toContain(
      '(25006',
    );
    expect(server.sql('\\c shop\nselect count(*) from owned')).toBe('1');
  });

  test('leave a lock, a prepared statement or a notification behind', async () => {
    await query('select pg_advisory_lock(7)');
    const { out } = await query(
      'select pg_try_advisory_lock(7) as free, (select count(*) from pg_prepared_statements) as left',
    );
    expect(out).toBe('{"free":true,"left":0}\n');
    expect((await query("select pg_notify('a', 'b')")).exit).toBe(0);
  });

  const stubborn =
    "select set_config('statement_timeout', '0', false), set_config('client_connection_check_interval', '0', false), pg_sleep(100)";

  test('run on after its time, whatever it sets', async () => {
    for (const sql of ['select pg_sleep(100)', stubborn])
      expect(await trouble(sql, 'slow')).toMatchObject({
        code: 'deadline_exceeded',
        message: expect.stringContaining('0.7 s'),
      });
    await until(() => sessions() === '0');
  });

  test('run on when nobody waits for it any more, whatever it sets', async () => {
    const abort = new AbortController();
    const running = perform('shop.query', { sql: stubborn }, { signal: abort.signal });
    await until(() => sessions() === '1');
    const begun = performance.now();
    abort.abort();
    await expect(running).rejects.toThrow(/aborted|ended the connection/);
    await until(() => sessions() === '0');
    // Its own time would be over after 20 s.
    expect(performance.now() - begun).toBeLessThan(10_000);
  });
});

describe('execute', () => {
  const owned = (): string => server.sql('\\c shop\nselect coalesce(sum(a), 0) from owned');

  test('commits what it was to change', async () => {
    expect(
      (await perform('owner.execute', { sql: 'insert into owned values ($1) returning a', values: [5] })).out,
    ).toBe('{"a":5}\n');
    expect((await perform('owner.execute', { sql: 'update owned set a = a + 1' })).out).toBe(
      '{"changes":2}\n',
    );
    expect(owned()).toBe('8');
  });

  test('changes nothing when its result is cut, or it fails', async () => {
    await expect(
      perform('owner.execute', { sql: 'insert into owned values (1), (2), (3) returning a' }),
    ).rejects.toThrow('more than 2 rows');
    expect((await perform('owner.execute', { sql: 'insert into owned values (1), (1 / 0)' })).err).toContain(
      '(22012',
    );
    expect(
      (await perform('owner.execute', { sql: "do 'begin delete from owned; commit; end'" })).err,
    ).toContain('(2D000');
    expect((await perform('owner.execute', { sql: 'insert into orders values (3)' })).err).toContain(
      '(42501',
    );
    expect(owned()).toBe('8');
  });
});

describe('no statement is performed', () => {
  test.each([
    ['boss', 'no_credentials', 'pg_execute_server_program'],
    ['files', 'no_credentials', 'it has pg_read_server_files'],
    ['becomes', 'no_credentials', 'boss'],
    ['makes', 'no_credentials', 'it has makes_roles'],
    ['wrong', 'no_credentials', 'refuses the login (28P01)'],
    ['unset', 'no_credentials', 'there is no password'],
    ['keyless', 'no_credentials', 'asks for a password'],
    ['nothere', 'repeater_error', 'no such database'],
    ['gone', 'repeater_error', 'cannot be reached (ECONNREFUSED)'],
    ['nosocket', 'repeater_error', 'cannot be reached (ENOENT)'],
    ['othertls', 'repeater_error', 'does not hold'],
    ['noca', 'repeater_error', 'does not hold'],
    ['silent', 'deadline_exceeded', '0.3 s'],
    ['liar', 'repeater_error', 'wants the password itself'],
  ])('by %s', async (alias, code, words) => {
    const error = await trouble('select 1', alias);
    expect(error).toMatchObject({ code, message: expect.stringContaining(words) });
    expect(JSON.stringify([error.message, error.hints])).not.toMatch(
      /CHANGE-ME|another-password|127\.0\.0\.1/,
    );
    expect(lies.join('')).not.toContain(PASSWORD);
  });

  test('but by a superuser that turret.yaml allows', async () => {
    expect((await query('select 1 as a', 'allowed')).out).toBe('{"a":1}\n');
  });

  test('but with the password in the repeater only', async () => {
    const home = makeHome();
    writeFileSync(join(home.directory, 'shop.password'), `${PASSWORD}\n`, { mode: 0o600 });
    const outcome = await runTurret({
      home,
      config: `version: 1
extends: [preset:db-readonly]
repeaters: { db: { databases: { shop: { postgres: 127.0.0.1, port: ${server.port}, database: shop, user: agent_reader, secret: "file:shop.password" } } } }
`,
      env: {},
      command: [
        'sh',
        '-c',
        `turret call db.shop.query sql="select 'CHANGE' || '-ME' as word"; turret call db.shop.execute sql='drop table orders'; env`,
      ],
    });
    home.remove();
    expect(outcome.stdout.toString()).toContain('{"word":"[redacted by turret]"}');
    expect(outcome.stderr).toContain('the database "shop" is only read');
    expect(outcome.stdout.toString() + outcome.stderr + JSON.stringify(outcome.records)).not.toContain(
      PASSWORD,
    );
  });

  test('to its end by a server that dies', async () => {
    const running = trouble('select pg_sleep(100)', 'shop');
    await until(() => sessions() === '1');
    await server.kill();
    expect(await running).toMatchObject({
      code: 'repeater_error',
      message: expect.stringMatching(/cannot go on|ended the connection/),
    });
  });
});
