// The statement of the agent on its connection, in the extended protocol: one statement, its values apart from its text,
// and no more rows than were asked for. Rows are passed on as they come; while nobody takes them the server is not read.

import type { Writable } from 'node:stream';
import type { Client, Connection, Field, Submittable } from 'pg';

import { TurretError } from '../../../src/errors.js';
import type { Statement } from '../perform.js';
import { type Cut, ResultText, changesText, rowsMax } from '../result-text.js';
import { cellOf } from './cells.js';

const CHUNK_CHARACTERS = 32_768;

/** Resolves when the last row has been written; rejects with what the server or the connection says. */
export function performOn(client: Client, statement: Statement, stdout: Writable): Promise<Cut | undefined> {
  return new Promise((resolve, reject) => {
    client.query(new Passing(statement, { stdout, resolve, reject }));
  });
}

interface Ends {
  stdout: Writable;
  resolve: (cut: Cut | undefined) => void;
  reject: (error: Error) => void;
}

class Passing implements Submittable {
  readonly #statement: Statement;
  readonly #ends: Ends;
  #connection: Connection | undefined;
  #fields: Field[] = [];
  #text: ResultText | undefined;
  #chunk = '';

  constructor(statement: Statement, ends: Ends) {
    this.#statement = statement;
    this.#ends = ends;
  }

  submit(connection: Connection): null {
    const { sql, values, bounds } = this.#statement;
    this.#connection = connection;
    const { stream } = connection;
    stream.cork();
    connection.parse({ text: sql, name: '' });
    connection.bind({ portal: '', statement: '', values: values.map(String) });
    connection.describe({ type: 'P', name: '' });
    // One more, to know that there are more.
    connection.execute({ portal: '', rows: rowsMax(bounds) + 1 });
    connection.sync();
    stream.uncork();
    return null;
  }

  handleRowDescription({ fields }: { fields: Field[] }): void {
    const { format, bounds } = this.#statement;
    this.#fields = fields;
    this.#text = new ResultText(
      fields.map(({ name }) => name),
      { format, bounds },
    );
    this.#chunk = this.#text.head();
  }

  handleDataRow({ fields }: { fields: (string | null)[] }): void {
    const cells = fields.map((value, index) => cellOf(value, this.#fields[index]?.dataTypeID ?? 0));
    this.#chunk += this.#text?.row(cells) ?? '';
    // Of the rows there may be any number to come.
    if (this.#text?.cut === 'bytes') return this.#over();
    if (this.#chunk.length >= CHUNK_CHARACTERS) this.#pass();
  }

  handleCommandComplete({ text }: { text: string }): void {
    if (this.#text !== undefined) return;
    const [changes = '0'] = /\d+$/.exec(text) ?? [];
    this.#chunk = changesText(BigInt(changes), this.#statement.format);
  }

  handlePortalSuspended(): void {}

  handleEmptyQuery(): void {}

  // first-word.ts keeps COPY away; a server that begins one is out of step.
  handleCopyInResponse(): void {
    this.#ends.reject(new TurretError('repeater_error', 'the server wants to be sent data'));
  }

  handleCopyData(): void {
    this.handleCopyInResponse();
  }

  handleError(error: Error): void {
    this.#ends.reject(error);
  }

  handleReadyForQuery(): void {
    this.#over();
  }

  #over(): void {
    this.#pass();
    this.#ends.resolve(this.#text?.cut);
  }

  #pass(): void {
    const chunk = this.#chunk;
    this.#chunk = '';
    const { stdout } = this.#ends;
    if (chunk === '' || stdout.write(chunk)) return;
    const stream = this.#connection?.stream;
    stream?.pause();
    stdout.once('drain', () => stream?.resume());
  }
}
