// What we use of pg, which brings no types.

declare module 'pg' {
  import type { EventEmitter } from 'node:events';
  import type { Duplex } from 'node:stream';

  export interface Tls {
    rejectUnauthorized: true;
    ca?: string;
  }
  export interface ClientConfig {
    host: string;
    port: number;
    database: string;
    user: string;
    /** Called when the server asks. */
    password: () => string;
    ssl: Tls | false;
    application_name: string;
    /** Of the startup message, `-c name=value …`. */
    options: string;
    statement_timeout: number;
    lock_timeout: number;
    idle_in_transaction_session_timeout: number;
    /** Until the server is ready for the first statement. */
    connectionTimeoutMillis: number;
    keepAlive: boolean;
  }

  export class Connection extends EventEmitter {
    constructor(config: { ssl: Tls | false });
    /** Another one once TLS has begun (`sslconnect`). */
    stream: Duplex;
    connect(port: number | string, host?: string): void;
    requestSsl(): void;
    cancel(processID: number, secretKey: number): void;
    parse(query: { text: string; name: string }): void;
    bind(to: { portal: string; statement: string; values: readonly (string | null)[] }): void;
    describe(what: { type: 'P'; name: string }): void;
    execute(what: { portal: string; rows: number }): void;
    sync(): void;
  }

  export interface Field {
    name: string;
    dataTypeID: number;
  }
  /** An ErrorResponse of the server. */
  export interface DatabaseError extends Error {
    /** SQLSTATE. */
    code?: string;
    detail?: string;
    hint?: string;
    /** Characters into the statement, from 1. */
    position?: string;
  }

  /** What a client calls for the messages that answer one query. */
  export interface Submittable {
    submit(connection: Connection): Error | null;
    handleRowDescription(message: { fields: Field[] }): void;
    handleDataRow(message: { fields: (string | null)[] }): void;
    handlePortalSuspended(connection: Connection): void;
    handleCommandComplete(message: { text: string }, connection: Connection): void;
    handleEmptyQuery(connection: Connection): void;
    handleCopyInResponse(connection: Connection): void;
    handleCopyData(message: object, connection: Connection): void;
    handleError(error: Error, connection: Connection): void;
    handleReadyForQuery(connection: Connection): void;
  }

  export class Client extends EventEmitter {
    constructor(config: ClientConfig);
    readonly connection: Connection;
    readonly processID: number | null;
    readonly secretKey: number | null;
    connect(): Promise<unknown>;
    query(text: string): Promise<{ rows: Record<string, string>[] }>;
    query(query: Submittable): void;
    end(): Promise<void>;
  }
}
