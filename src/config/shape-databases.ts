// The `databases` of a db repeater.

import { DB_RESULT_BYTES_MAX, DB_ROWS_MAX, DB_STATEMENT_S_MAX } from '../protocol/limits.js';
import { HOST, NOT_EMPTY, REFERENCE, aliasComplaint, matching } from './checks.js';
import { isLocal, isSocket } from './databases.js';
import type { Field, FieldsShape, TableShape, TextShape } from './shape.js';
import type { MapNode, Place } from './yaml.js';

const DATABASES_MAX = 64;

/** A host, or the directory of a Unix socket. */
const SERVER: TextShape = {
  is: 'text',
  what: 'a host',
  check: (text) => (isSocket(text) ? undefined : HOST.check?.(text)),
};
/** What PostgreSQL takes as it is; a connection string would bring more than a name. */
const NAME = matching('a name', String.raw`^[^\x00-\x1f\x7f]{1,63}$`);

const OF_POSTGRES: Record<string, Field> = {
  port: { shape: { is: 'number', integer: true, minimum: 1, maximum: 65_535 }, about: 'Its port; 5432.' },
  database: { shape: NAME, about: 'Name of the database on that server.' },
  user: { shape: NAME, about: 'Role to log in as. It is what holds: docs/db.md has the one to create.' },
  secret: { shape: REFERENCE, about: 'Where its password is; never the password itself.' },
  tls: {
    shape: { is: 'word', words: ['verify', 'off'] },
    about:
      'verify: with a certificate that holds. off, the default there, is for servers of this machine only.',
  },
  ca: { shape: NOT_EMPTY, about: 'File with the authority that certificate is from.' },
  allow_superuser: {
    shape: { is: 'flag' },
    about: 'Use a role that may read files, start programs or end sessions of the server all the same.',
  },
};

const DATABASE: FieldsShape = {
  is: 'fields',
  fields: {
    sqlite: { shape: NOT_EMPTY, about: "Its file: absolute, ~/…, or from this file's directory." },
    postgres: { shape: SERVER, about: 'Host of its server, or the directory of the Unix socket.' },
    ...OF_POSTGRES,
    write: { shape: { is: 'flag' }, about: 'There is an action that changes it, execute.' },
    timeout: {
      shape: { is: 'number', integer: false, minimum: 0.1, maximum: DB_STATEMENT_S_MAX },
      about: 'Seconds a statement may take, until its last row is taken; 30.',
    },
    max_rows: {
      shape: { is: 'number', integer: true, minimum: 1, maximum: DB_ROWS_MAX },
      about: 'Rows one result may have; 10000.',
    },
    max_bytes: {
      shape: { is: 'number', integer: true, minimum: 1, maximum: DB_RESULT_BYTES_MAX },
      about: 'Bytes one result may have; 16777216.',
    },
  },
  check: databaseComplaints,
};

export const DATABASES: TableShape = {
  is: 'table',
  of: DATABASE,
  max: DATABASES_MAX,
  checkKey: (alias) => aliasComplaint(alias, 'a database'),
};

type Complaints = (Place & { message: string; hint?: string })[];

function databaseComplaints(node: MapNode): Complaints {
  const at = (key: string): Place | undefined => node.entries.get(key)?.key;
  const text = (key: string): string | undefined => {
    const value = node.entries.get(key)?.value;
    return value?.is === 'scalar' && typeof value.value === 'string' ? value.value : undefined;
  };
  const host = text('postgres');
  if ((at('sqlite') === undefined) === (at('postgres') === undefined))
    return [
      {
        line: node.line,
        column: node.column,
        message: 'a database is either sqlite: FILE or postgres: HOST',
      },
    ];
  if (at('sqlite') !== undefined)
    return Object.keys(OF_POSTGRES).flatMap((key) => {
      const place = at(key);
      return place === undefined ? [] : [{ ...place, message: `${key} is for postgres` }];
    });
  const here = at('postgres') as Place;
  const missing = ['database', 'user'].filter((key) => at(key) === undefined);
  return [
    ...missing.map((key) => ({ ...here, message: `a postgres database needs a ${key}` })),
    ...tlsComplaints(host ?? '', { tls: text('tls'), place: at('tls') ?? here, ca: at('ca') }),
  ];
}

function tlsComplaints(
  host: string,
  { tls, place, ca }: { tls: string | undefined; place: Place; ca: Place | undefined },
): Complaints {
  if (tls === 'off' && !isLocal(host))
    return [
      {
        ...place,
        message: 'without TLS the password and the rows could be read on their way',
        hint: 'tls: off is for 127.0.0.1 and Unix sockets; ca: names an authority of your own',
      },
    ];
  if (tls === 'verify' && isSocket(host)) return [{ ...place, message: 'a Unix socket has no TLS' }];
  const isOff = tls === undefined ? isLocal(host) : tls === 'off';
  return ca !== undefined && isOff ? [{ ...ca, message: 'ca is for tls: verify' }] : [];
}
