// The databases of one repeater, from its configuration, each with the secret that belongs to it and to no other. Where a
// statement goes is written here and nowhere else: an agent names an alias.

import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

import type { DatabaseConfig } from '../../src/config/config.js';
import { TurretError } from '../../src/errors.js';
import {
  DB_RESULT_BYTES_DEFAULT,
  DB_ROWS_DEFAULT,
  DB_STATEMENT_S_DEFAULT,
} from '../../src/protocol/limits.js';
import type { RepeaterSecrets } from '../sdk/types.js';

interface Common {
  alias: string;
  /** There is an action that changes it. */
  write: boolean;
  statementMs: number;
  rows: number;
  bytes: number;
}
export interface SqliteDatabase extends Common {
  engine: 'sqlite';
  /** Absolute path. */
  file: string;
}
export interface PostgresDatabase extends Common {
  engine: 'postgres';
  /** Of a host, or of the directory of its Unix socket. */
  host: string;
  port: number;
  database: string;
  user: string;
  tls: { ca: string | undefined } | undefined;
  allowSuperuser: boolean;
  /** Throws TurretError no_credentials. */
  password(): string;
}
export type Database = SqliteDatabase | PostgresDatabase;

const POSTGRES_PORT = 5432;

/** @param given the repeater's block and, by reference, the values of the secrets it names */
export function readDatabases({
  config,
  env,
}: Pick<RepeaterSecrets, 'config' | 'env'>): Map<string, Database> {
  // Checked by whoever read turret.yaml.
  const blocks = (config['databases'] ?? {}) as unknown as Record<string, DatabaseConfig>;
  const { directory = '/' } = config as { directory?: string };
  return new Map(
    Object.entries(blocks).map(([alias, block]) => {
      const common: Common = {
        alias,
        write: block.write === true,
        statementMs: (block.timeout ?? DB_STATEMENT_S_DEFAULT) * 1_000,
        rows: block.max_rows ?? DB_ROWS_DEFAULT,
        bytes: block.max_bytes ?? DB_RESULT_BYTES_DEFAULT,
      };
      const file = block.sqlite === undefined ? undefined : placeOf(directory, block.sqlite);
      const database: Database =
        file === undefined
          ? postgresOf(common, block, { directory, env })
          : { ...common, engine: 'sqlite', file };
      return [alias, database] as const;
    }),
  );
}

function postgresOf(
  common: Common,
  block: DatabaseConfig,
  { directory, env }: { directory: string; env: Record<string, string> },
): PostgresDatabase {
  const { postgres: host = '', port = POSTGRES_PORT, database = '', user = '', tls, ca } = block;
  const authority = ca === undefined ? undefined : authorityOf(common.alias, placeOf(directory, ca));
  return {
    ...common,
    engine: 'postgres',
    host,
    port,
    database,
    user,
    tls: tls === 'off' ? undefined : { ca: authority },
    allowSuperuser: block.allow_superuser === true,
    password: () => passwordOf(common.alias, block.secret, env),
  };
}

function authorityOf(alias: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    throw new TurretError('config_invalid', `ca: of the database "${alias}" cannot be read (${code})`, {
      cause,
    });
  }
}

function placeOf(directory: string, path: string): string {
  return path.startsWith('~/') ? join(homedir(), path.slice(2)) : resolve(directory, path);
}

function passwordOf(alias: string, reference: string | undefined, env: Record<string, string>): string {
  if (reference === undefined)
    throw new TurretError('no_credentials', `the server of the database "${alias}" asks for a password`, {
      hints: ['turret.yaml says no secret: for it'],
    });
  const secret = env[reference];
  if (secret !== undefined && secret !== '') return secret;
  throw new TurretError('no_credentials', `there is no password for the database "${alias}"`, {
    hints: [`turret.yaml says that it is in ${reference}; put it there and start again`],
  });
}
