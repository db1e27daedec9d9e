import { readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import { loadConfig } from '../../../src/config/load.js';
import { disk, problemsOf } from './texts.js';

const withDatabase = (block: string): string =>
  `version: 1\nrepeaters:\n  db:\n    databases:\n      ${block}\n`;
describe('a database', () => {
  test('is one of SQLite or of PostgreSQL, complete', async () => {
    const text = withDatabase(`app: { sqlite: app.db, write: true, timeout: 0.5, max_rows: 5, max_bytes: 9 }
      shop: { postgres: db.example.com, database: shop, user: reader, secret: "vault:shop" }
      here: { postgres: 127.0.0.1, database: shop, user: reader }
      socket: { postgres: /var/run/postgresql, port: 5433, database: shop, user: reader, allow_superuser: true }`);
    const { repeaters } = await loadConfig(disk({ '/project/x.yaml': text }, { configFile: 'x.yaml' }));
    expect(repeaters['db']).toMatchObject({ kind: 'db', directory: '/project' });
    expect(repeaters['db']?.databases).toEqual({
      app: { sqlite: 'app.db', write: true, timeout: 0.5, max_rows: 5, max_bytes: 9 },
      shop: {
        postgres: 'db.example.com',
        database: 'shop',
        user: 'reader',
        secret: 'vault:shop',
        tls: 'verify',
      },
      here: { postgres: '127.0.0.1', database: 'shop', user: 'reader', tls: 'off' },
      socket: {
        postgres: '/var/run/postgresql',
        port: 5433,
        database: 'shop',
        user: 'reader',
        allow_superuser: true,
        tls: 'off',
      },
    });
  });

  test.each([
    ['app: { sqlit: app.db }', '5:14 unknown key "sqlit" (did you mean "sqlite"?)'],
    ['app: {}', '5:12 a database is either sqlite: FILE or postgres: HOST'],
    ['app: { sqlite: a, postgres: b }', '5:12 a database is either sqlite: FILE or postgres: HOST'],
    ['app: { sqlite: a, port: 5 }', '5:25 port is for postgres'],
    ['app: { sqlite: a, secret: "env:A" }', '5:25 secret is for postgres'],
    ['app: { postgres: h, user: u }', '5:14 a postgres database needs a database'],
    ['app: { postgres: h, database: d }', '5:14 a postgres database needs a user'],
    [
      'App: { sqlite: a }',
      '5:7 "App" cannot be the alias of a database (it is a word of its actions: a-z, 0-9 and _, a letter first)',
    ],
    ['app: { sqlite: a, max_rows: 0 }', '5:35 must be at least 1'],
    [
      'app: { sqlite: a, write: "yes" }',
      '5:32 expected true or false, found a text (write true or false, without quotes)',
    ],
  ])('%s', (block, problem) => {
    expect(problemsOf(withDatabase(block))).toContain(problem);
  });

  test('is as docs/db.md has it', async () => {
    const [, example = ''] = /```yaml\n([^]*?)```/.exec(readFileSync('docs/db.md', 'utf8')) ?? [];
    const { repeaters } = await loadConfig(disk({ '/project/x.yaml': example }, { configFile: 'x.yaml' }));
    expect(Object.keys(repeaters['db']?.databases ?? {})).toEqual(['app', 'shop', 'jobs']);
  });

  test('says where its password is and never what it is', () => {
    const [problem, ...others] = problemsOf(
      withDatabase('app: { postgres: h, database: d, user: u, secret: hunter2-hunter2 }'),
    );
    expect(others).toEqual([]);
    expect(problem).toContain('this does not say where a secret is');
    expect(problem).not.toContain('hunter2');
  });

  test.each([
    ['db.example.com', 'tls: off', 'without TLS the password and the rows could be read on their way'],
    ['10.0.0.5', 'tls: off', 'without TLS the password'],
    ['127.0.0.1.example.com', 'tls: off', 'without TLS the password'],
    ['/var/run/postgresql', 'tls: verify', 'a Unix socket has no TLS'],
    ['127.0.0.1', 'ca: ca.pem', 'ca is for tls: verify'],
    ['db.example.com', 'tls: require', 'verify'],
  ])('%s with %s', (host, tls, problem) => {
    const found = problemsOf(withDatabase(`app: { postgres: ${host}, database: d, user: u, ${tls} }`));
    expect(found.join('\n')).toContain(problem);
  });

  test.each([
    ['db.example.com', 'ca: ca.pem'],
    ['127.0.0.1', 'tls: verify, ca: ca.pem'],
    ['localhost', 'tls: off'],
  ])('may be %s with %s', (host, tls) => {
    expect(problemsOf(withDatabase(`app: { postgres: ${host}, database: d, user: u, ${tls} }`))).toEqual([]);
  });
});
