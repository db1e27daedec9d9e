// What a server remembers over a restart: the key its tokens pin, and its agents, the revoked ones among them. One file, so
// that whoever loses it loses the key as well: every token is dead then, and no revoked one comes back.
//
// Written whole, synced and renamed before anything is answered. A file that is there and is not as it was written is
// never taken for an empty one. An older copy put in its place cannot be told.

import { randomBytes } from 'node:crypto';
import { closeSync, constants, fstatSync, fsyncSync, openSync, readFileSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { SEED_BYTES } from '../crypto/ed25519.js';
import { sha256 } from '../crypto/hash.js';
import { TurretError } from '../errors.js';
import type { AgentChange, StoredAgent } from '../protocol/control.js';
import { LowSync, type SyncAdapter } from './lowdb.js';
import { makeDirectories } from './make-directories.js';
import { writeWhole } from './whole-write.js';

/** Time a token that has expired is still known by name. */
const REMEMBERED_MS = 7 * 86_400_000;

interface Content {
  v: 1;
  /** Seed of the server's key, base64url. */
  identity: string;
  agents: StoredAgent[];
}

export class AgentStore {
  readonly #store: LowSync<Content>;

  private constructor(store: LowSync<Content>) {
    this.#store = store;
  }

  /** The store of this directory, made when there is none. Throws TurretError state_damaged or state_unwritable. */
  static open(directory: string): AgentStore {
    const file = join(directory, 'agents.json');
    const identity = randomBytes(SEED_BYTES).toString('base64url');
    const store = new LowSync<Content>(new DurableFile(file), { v: 1, identity, agents: [] });
    store.read();
    const opened = new AgentStore(store);
    if (store.data.identity === identity) opened.#write(store.data);
    return opened;
  }

  /** Seed of the server's key, base64url. */
  get identity(): string {
    return this.#store.data.identity;
  }

  get agents(): readonly StoredAgent[] {
    return this.#store.data.agents;
  }

  /** On the disk when this returns. Throws TurretError state_unwritable; then nothing has changed. */
  apply(change: AgentChange, now: number): void {
    const { agents } = this.#store.data;
    this.#write({ ...this.#store.data, agents: applied(agents, change, now) });
  }

  #write(data: Content): void {
    const before = this.#store.data;
    try {
      this.#store.data = data;
      this.#store.write();
    } catch (cause) {
      this.#store.data = before;
      throw cause;
    }
  }
}

function applied(agents: StoredAgent[], change: AgentChange, now: number): StoredAgent[] {
  const kept = agents.filter(({ not_after }) => now < not_after + REMEMBERED_MS);
  if ('add' in change)
    return [...kept.filter(({ public_key }) => public_key !== change.add.public_key), change.add];
  const { revoke, reason } = change;
  return kept.map((agent) =>
    revoke.includes(agent.public_key) ? { ...agent, revoked: agent.revoked ?? { at: now, reason } } : agent,
  );
}

/** lowdb's own adapter does not sync. */
class DurableFile implements SyncAdapter<Content> {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  read(): Content | null {
    let fd: number;
    try {
      fd = openSync(this.#file, constants.O_RDONLY | constants.O_NOFOLLOW);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw this.#damaged('it cannot be opened', error);
    }
    try {
      const { mode, uid } = fstatSync(fd);
      if ((mode & 0o077) !== 0 || uid !== process.getuid?.())
        throw this.#damaged('others can read it, or it is not yours');
      return this.#decode(readFileSync(fd, 'utf8'));
    } finally {
      closeSync(fd);
    }
  }

  write(content: Content): void {
    const temporary = `${this.#file}.new`;
    try {
      makeDirectories(dirname(this.#file));
      const fd = openSync(temporary, 'w', 0o600);
      try {
        writeWhole(fd, Buffer.from(`${JSON.stringify({ ...content, sum: sumOf(content) })}\n`));
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
      renameSync(temporary, this.#file);
      syncDirectory(dirname(this.#file));
    } catch (cause) {
      const why = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
      throw new TurretError('state_unwritable', `the list of agents cannot be written (${why})`, {
        cause,
        hints: [`make room and make it writable: ${dirname(this.#file)}`],
      });
    }
  }

  #decode(text: string): Content {
    try {
      const { sum, ...content } = JSON.parse(text) as Content & { sum: string };
      if (content.v === 1 && sum === sumOf(content)) return content;
    } catch {
      // Said below.
    }
    throw this.#damaged('it is not as it was written');
  }

  #damaged(what: string, cause?: unknown): TurretError {
    return new TurretError('state_damaged', `the list of agents cannot be trusted: ${what}`, {
      cause,
      hints: [
        `put back a copy of ${this.#file}`,
        'or move it away: every token of this server is dead then, and its agents need new ones',
      ],
    });
  }
}

function sumOf({ v, identity, agents }: Content): string {
  return sha256(Buffer.from(JSON.stringify([v, identity, agents]))).toString('hex');
}

function syncDirectory(directory: string): void {
  const fd = openSync(directory, constants.O_RDONLY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
