// What a repeater says on stdout and stderr, kept in the session's directory. A repeater may talk without end, for what it
// says is often an agent's doing; it must not fill the disk the audit log is on. The last words are what is wanted.

import { closeSync, openSync, renameSync, writeSync } from 'node:fs';
import type { Readable } from 'node:stream';

import { REPEATER_LOG_BYTES_MAX } from '../protocol/limits.js';

export class RepeaterLog {
  readonly #file: string;
  #fd: number;
  #bytes = 0;

  /** Throws what the system says when the file cannot be made. */
  constructor(file: string) {
    this.#file = file;
    this.#fd = openSync(file, 'a', 0o600);
  }

  /** Keeps what comes, in this file and the one before it (`.old`). */
  follow(stream: Readable): void {
    stream.on('data', (chunk: Buffer) => this.#write(chunk));
    stream.on('error', () => {}); // the repeater's end of it is gone
  }

  /** What we have to say of it. */
  note(line: string): void {
    this.#write(Buffer.from(`${line}\n`));
  }

  #write(chunk: Buffer): void {
    try {
      if (this.#bytes + chunk.length > REPEATER_LOG_BYTES_MAX / 2) this.#turnOver();
      this.#bytes += writeSync(this.#fd, chunk);
    } catch {
      // A full disk. What the repeater says is lost; whether calls are still recorded is the audit log's to know.
    }
  }

  #turnOver(): void {
    renameSync(this.#file, `${this.#file}.old`);
    closeSync(this.#fd);
    this.#fd = openSync(this.#file, 'a', 0o600);
    this.#bytes = 0;
  }
}
