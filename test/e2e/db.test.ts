// SQLite files through `turret run`: a process for each statement, shut in, and files that other programs use meanwhile.

import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';

import { DatabaseSync } from '@photostructure/sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { SqliteProgram } from '../../repeaters/db/sqlite/program.js';
import type { Run } from '../../repeaters/sdk/types.js';
import { descendants, until } from '../helpers/processes.js';
import { type TestAgent, type TestHome, lastRecords, makeHome, startAgent } from '../helpers/turret.js';

const CONFIG = `version: 1
extends: [preset:db-readonly]
repeaters:
  db:
    sandbox: required
    databases:
      app: { sqlite: data/app.db }
      slow: { sqlite: data/app.db, timeout: 1.2 }
      live: { sqlite: data/live.db }
      locked: { sqlite: data/locked.db, timeout: 1 }
      jobs: { sqlite: ~/data/jobs.db, write: true, timeout: 1.5 }
      text: { sqlite: data/text.db }
      gone: { sqlite: data/gone.db }
      near: { sqlite: project/sub/near.db }
rules:
  - { id: jobs, allow: [db.jobs.execute], where: { sql: { prefix: insert } } }
`;
type Opened = InstanceType<typeof DatabaseSync>;
const ENDLESS = 'with recursive c(x) as (select 1 union all select x + 1 from c) select x from c';

let home: TestHome;
let data: string;
let agent: TestAgent;
let live: Opened;
let holder: Opened;
beforeAll(() => {
  home = makeHome();
  data = join(home.directory, 'data');
  mkdirSync(data);
  const made = (name: string, sql: string): Opened => {
    const database = new DatabaseSync(join(data, name));
    database.exec(sql);
    return database;
  };
  made(
    'app.db',
    "pragma journal_mode = wal; create table t (id integer primary key, name text); insert into t values (1, 'ann'), (2, 'bob')",
  ).close();
  made(
    'jobs.db',
    'create table jobs (id integer primary key, pay blob); insert into jobs(id) values (1)',
  ).close();
  live = made('live.db', 'pragma journal_mode = wal; create table t (a); insert into t values (1)');
  holder = made('locked.db', 'create table t (a); begin exclusive');
  mkdirSync(join(home.workspace, 'sub'));
  made('../project/sub/near.db', 'create table t (a); insert into t values (1)').close();
  writeFileSync(join(data, 'text.db'), 'this is no database, whatever it is called');
  agent = startAgent({ home, config: CONFIG, env: {} });
}, 60_000);
afterAll(async () => {
  await agent.close();
  live.close();
  holder.close();
  home.remove();
});

async function ask(action: string, sql: string, ...more: string[]) {
  const { code, stdout, stderr } = await agent.run(['turret', 'call', `db.${action}`, `sql=${sql}`, ...more]);
  return { code, out: stdout.toString(), err: stderr.toString() };
}

describe('a file', () => {
  test('that nobody has open is read without a trace', async () => {
    const before = readFileSync(join(data, 'app.db'));
    expect(await ask('app.query', 'select * from t where name = ?', 'values=ann')).toMatchObject({
      code: 0,
      out: '{"id":1,"name":"ann"}\n',
    });
    expect(await ask('app.query', 'select name from t', 'format=csv')).toMatchObject({
      out: 'name\nann\nbob\n',
    });
    expect(readdirSync(data).filter((name) => name.startsWith('app.db'))).toEqual(['app.db']);
    expect(readFileSync(join(data, 'app.db')).equals(before)).toBe(true);
  });

  test('that is written meanwhile is read with all that was committed', async () => {
    live.exec('begin; insert into t values (2)');
    expect(await ask('live.query', 'select count(*) as n from t')).toMatchObject({ out: '{"n":1}\n' });
    live.exec('commit');
    expect(await ask('live.query', 'select count(*) as n from t')).toMatchObject({ out: '{"n":2}\n' });
  });

  test('in the workspace cannot be made another one by the agent', async () => {
    for (const words of [
      'ln -sf ../../data/app.db sub/near.db',
      'mv sub sub2',
      'rm -r sub',
      'cp sub/near.db sub/near.db2 && mv sub/near.db2 sub/near.db',
    ])
      expect((await agent.run(['sh', '-c', words])).code).not.toBe(0);
    expect(await ask('near.query', 'select a from t')).toMatchObject({ out: '{"a":1}\n' });
  });

  test('in the workspace takes no journal of the agent for its own', async () => {
    expect((await agent.run(['sh', '-c', 'echo forged > sub/near.db-journal'])).code).toBe(0);
    expect((await ask('near.query', 'select a from t')).err).toMatch(
      /a journal lies beside the database "near"/,
    );
    await agent.run(['rm', 'sub/near.db-journal']);
    expect(await ask('near.query', 'select a from t')).toMatchObject({ out: '{"a":1}\n' });
  });

  test.each([
    ['locked', 'somebody else keeps the database "locked" locked'],
    ['text', 'the file of "text" is no SQLite database'],
    ['gone', 'the file of the database "gone" is not there'],
  ])('%s is told of in a sentence', async (alias, words) => {
    const { code, out, err } = await ask(`${alias}.query`, 'select 1');
    expect({ code, out }).toEqual({ code: 125, out: '' });
    expect(err).toContain(words);
    expect(err).not.toContain(data);
  });
});

describe('a statement', () => {
  test('that fails, or does what it may not, ends with 1 and why', async () => {
    expect(await ask('app.query', 'select nope from t')).toMatchObject({
      code: 1,
      err: 'app: no such column: nope\n',
    });
    expect(await ask('app.query', "attach '/etc/hostname' as x")).toMatchObject({
      code: 1,
      err: 'app: not allowed here: attach\n',
    });
    expect(await ask('jobs.query', 'delete from jobs')).toMatchObject({
      code: 1,
      err: 'jobs: not allowed here: delete\n',
    });
  });

  test('is decided by its text where a rule says so', async () => {
    expect((await ask('jobs.execute', 'delete from jobs')).code).toBe(126);
    expect(
      await ask('jobs.execute', 'insert into jobs(id) values (?) returning id', 'values:=2'),
    ).toMatchObject({ code: 0, out: '{"id":2}\n' });
    const decided = lastRecords(home).filter(({ type }) => type === 'call.decided');
    expect(JSON.stringify(decided.at(-1))).toContain('insert into jobs(id) values (?) returning id');
  });

  test('runs where there is no file but the database, and no network', async () => {
    const running = ask('slow.query', ENDLESS.replace('select x from', 'select count(*) from'));
    const { pid } = await until('the program runs', () =>
      descendants(agent.pid).find(({ command }) => /^\S*node \S+ \S+sqlite\/query\.js$/.test(command)),
    );
    const inside = readFileSync(`/proc/${pid}/mountinfo`, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
    const mounts = new Map(inside.map((line) => [line.split(' ')[4] ?? '', line]));
    expect(mounts.get('/')).toMatch(/ - tmpfs /);
    expect(mounts.get(join(data, 'app.db'))).toMatch(/^\S+ \S+ \S+ \S+ \S+ ro,/);
    const ofHome = [...mounts.keys()].filter((path) => path.startsWith(home.directory));
    expect(ofHome.filter((path) => !path.includes('/query-'))).toEqual([join(data, 'app.db')]);
    expect(readFileSync(`/proc/${pid}/net/dev`, 'utf8').match(/^ *\w+:/gm)).toEqual(['    lo:']);
    expect(await running).toMatchObject({
      code: 124,
      err: expect.stringContaining('took longer than 1.2 s'),
    });
  });

  test('that takes too long is ended, and what it wrote is undone for the next reader', async () => {
    const { code, err } = await ask(
      'jobs.execute',
      `insert into jobs(pay) ${ENDLESS.replace('select x from', 'select randomblob(2000) from')}`,
    );
    expect({ code, err }).toMatchObject({
      code: 124,
      err: expect.stringContaining('took longer than 1.5 s'),
    });
    expect(existsSync(join(data, 'jobs.db-journal'))).toBe(true);
    expect(await ask('jobs.query', 'select count(*) as n from jobs')).toMatchObject({
      code: 0,
      out: '{"n":2}\n',
    });
    await until(
      'it is gone',
      () => !descendants(agent.pid).some(({ command }) => command.includes('query.js')),
    );
  });
});

describe('a log beside a database in the workspace', () => {
  test.each(['-shm', '-wal'])('(%s) that becomes a link as it is opened leads to nothing', async (end) => {
    const place = join(home.directory, `exchanged${end}`);
    mkdirSync(place);
    const yours = join(place, 'yours');
    writeFileSync(yours, 'as it was');
    const file = join(place, 'app.db');
    const writer = new DatabaseSync(file);
    writer.exec('pragma journal_mode = wal; create table t (a); insert into t values (1)');
    const program = await SqliteProgram.prepare({ mode: 'required', directory: place, agentWrites: [place] });
    const out = new PassThrough().resume();
    const asked = program.run(
      {
        needs: { stdin: false, files: [] },
        ...{ signal: AbortSignal.timeout(20_000), stdin: new PassThrough(), stdout: out, stderr: out },
        onSignal: () => {},
      } as unknown as Run,
      { engine: 'sqlite', alias: 'app', file, write: false, statementMs: 10_000, rows: 9, bytes: 999 },
      {
        ...{ sql: 'select * from t', values: [], writes: false, format: 'json' },
        bounds: { asked: undefined, rows: 9, bytes: 999 },
      },
    );
    // It has been looked at, and no sandbox is made yet.
    symlinkSync(yours, join(place, 'link'));
    renameSync(join(place, 'link'), `${file}${end}`);
    await expect(asked).rejects.toThrow('the files of the database "app" were exchanged as it was opened');
    expect(readFileSync(yours, 'utf8')).toBe('as it was');
    writer.close();
  });
});
