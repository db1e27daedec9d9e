// The writer of one session's log. A record is in the kernel before append() returns, so a crash of the broker loses
// nothing; sync() puts it on the disk, so a crash of the machine loses nothing either. When a record cannot be written,
// append() throws and the caller's answer is no. A line is in the file whole or not at all.

import { closeSync, constants, fdatasync, fdatasyncSync, fstatSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { type AuditCertificate } from '../audit/certificate.js';
import { advance, type ChainHead, encodeLine, GENESIS, leafOf, type Stamp } from '../audit/chain.js';
import { originOf, signCheckpoint } from '../audit/checkpoint.js';
import { CompactRange } from '../audit/merkle.js';
import { fitBody, prepareBody } from '../audit/prepare.js';
import type { AuditRecord } from '../audit/record.js';
import { signingKey, type SigningKey } from '../crypto/ed25519.js';
import { TurretError } from '../errors.js';
import {
  AUDIT_GROUP_COMMIT_MS,
  AUDIT_LINE_BYTES_MAX,
  CHECKPOINT_MS,
  CHECKPOINT_RECORDS,
} from '../protocol/limits.js';
import type { recoverLog, RecoveredLog } from './audit-recover.js';
import { makeDirectories } from './make-directories.js';
import { truncateTo, writeWhole } from './whole-write.js';

export const LOG_FILE = 'audit.jsonl';
export const CHECKPOINTS_FILE = 'checkpoints';

const LF = Buffer.from('\n');
const APPEND = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;

export interface AuditWriterOptions {
  /** The session's directory; made 0700 when it is missing. */
  directory: string;
  sid: Uint8Array;
  /** Seed of the session's checkpoint key. Zero-filled by close(). */
  auditSeed: Uint8Array;
  /** What the host key says about that key; absent only in tests and one-off logs. */
  certificate: AuditCertificate | undefined;
  /** Wall clock in milliseconds. */
  now: () => number;
  /** Monotonic clock in microseconds since the session began. */
  monotonic: () => number;
  /** How to go on with a log that is there (audit-recover.ts). A session of its own starts its own log and passes none. */
  recover?: typeof recoverLog;
}

/** Where a log ends: what the index remembers of a closed session. */
export interface LogHead {
  records: number;
  /** Leaf of the last record, base64url. */
  head: string;
  /** Merkle root over all records, base64. */
  root: string;
}

/** Appends records to one session's log. One writer per directory. */
export class AuditWriter {
  readonly #options: AuditWriterOptions;
  readonly #fd: number;
  readonly #checkpointsFd: number;
  readonly #range: CompactRange;
  readonly #sid: string;
  #chain: ChainHead;
  #size: number;
  #checkpointsSize: number;
  #key: SigningKey | undefined;
  #failure: Error | undefined;
  #signed = 0;
  /** Bytes of the log that are known to be on the disk. */
  #durable = 0;
  #commit: NodeJS.Timeout | undefined;
  #checkpoint: NodeJS.Timeout | undefined;

  private constructor(options: AuditWriterOptions) {
    this.#options = options;
    this.#sid = Buffer.from(options.sid).toString('hex');
    this.#key = signingKey(options.auditSeed);
    this.#fd = openSync(join(options.directory, LOG_FILE), APPEND, 0o600);
    this.#checkpointsFd = openSync(join(options.directory, CHECKPOINTS_FILE), APPEND, 0o600);
    const recovered = this.#recover();
    this.#chain = recovered.chain;
    this.#range = recovered.range;
    this.#size = fstatSync(this.#fd).size;
    this.#checkpointsSize = fstatSync(this.#checkpointsFd).size;
    if (recovered.torn !== undefined) this.append({ type: 'log.recovered', ...recovered.torn });
  }

  /**
   * Creates the log, or with `recover` goes on with one: an incomplete last line moves to `audit.torn` and is recorded.
   * Throws `audit_unavailable` when the files cannot be opened, `audit_damaged` when one is there that cannot be continued.
   */
  static open(options: AuditWriterOptions): AuditWriter {
    try {
      makeDirectories(options.directory);
      return new AuditWriter(options);
    } catch (error) {
      if (error instanceof TurretError) throw error;
      throw unavailable('the audit log cannot be opened', error);
    }
  }

  get records(): number {
    return this.#chain.seq;
  }

  /** Public key of this session's checkpoints. */
  get publicKey(): Buffer {
    if (this.#key === undefined) throw new TypeError('the audit log is closed');
    return this.#key.publicKey;
  }

  /**
   * Writes one record; it is in the file when this returns. Throws `audit_unavailable` when it is not: deny the call.
   * Secrets are taken out and over-long values cut before the line is hashed.
   */
  append(record: AuditRecord): { seq: number } {
    this.#refuseWhenFailed();
    const line = this.#encode(record);
    const leaf = leafOf(line.subarray(0, -1));
    this.#write(line);
    const { seq } = this.#chain;
    this.#chain = advance(this.#chain, leaf);
    this.#range.append(leaf);
    this.#commit ??= later(AUDIT_GROUP_COMMIT_MS, () => this.#commitGroup());
    if (seq === 0 || this.#chain.seq - this.#signed >= 2 * CHECKPOINT_RECORDS) this.#writeCheckpoint();
    else this.#checkpoint ??= later(CHECKPOINT_MS, () => this.#writeCheckpoint());
    return { seq };
  }

  /** Waits until every record is on the disk. For whatever changes the world. Throws `audit_unavailable`. */
  sync(): void {
    this.#refuseWhenFailed();
    if (this.#durable === this.#size) return;
    try {
      fdatasyncSync(this.#fd);
      this.#durable = this.#size;
    } catch (error) {
      // After a failed fdatasync the kernel may have dropped the pages and will not say so again.
      this.#failure = unavailable('the audit log cannot be synced to disk', error);
      throw this.#failure;
    }
  }

  /** Final checkpoint, files closed, key erased. The log cannot be extended under this key afterwards. */
  close(): LogHead {
    clearTimeout(this.#commit);
    clearTimeout(this.#checkpoint);
    try {
      if (this.#failure === undefined && this.#key !== undefined) {
        this.sync();
        this.#writeCheckpoint();
        fdatasyncSync(this.#checkpointsFd);
      }
      return this.head();
    } finally {
      if (this.#key !== undefined) {
        closeSync(this.#fd);
        closeSync(this.#checkpointsFd);
      }
      this.#key = undefined;
      this.#options.auditSeed.fill(0);
      this.#failure ??= new TurretError('audit_unavailable', 'the audit log is closed');
    }
  }

  head(): LogHead {
    return {
      records: this.#chain.seq,
      head: this.#chain.prev.toString('base64url'),
      root: this.#range.root().toString('base64'),
    };
  }

  #recover(): RecoveredLog {
    const { directory, recover } = this.#options;
    if (fstatSync(this.#fd).size === 0) return { chain: GENESIS, range: new CompactRange(), torn: undefined };
    if (recover === undefined)
      throw new TurretError('audit_damaged', 'there is a log of this session already');
    return recover({ directory, logFd: this.#fd, checkpointsFd: this.#checkpointsFd });
  }

  #encode(record: AuditRecord): Buffer {
    const stamp: Stamp = {
      ts: new Date(this.#options.now()).toISOString(),
      mono_us: Math.round(this.#options.monotonic()),
      sid: this.#sid,
    };
    const line = fitBody(prepareBody(this.#withKey(record)), (body) => {
      const encoded = encodeLine(this.#chain, stamp, record.type, body);
      return encoded.length < AUDIT_LINE_BYTES_MAX ? encoded : undefined;
    });
    return Buffer.concat([line, LF]);
  }

  #withKey(record: AuditRecord): AuditRecord {
    if (record.type !== 'session.start') return record;
    const { certificate } = this.#options;
    const key = { key: this.publicKey.toString('base64url') };
    if (certificate === undefined) return { ...record, ...key };
    return {
      ...record,
      ...key,
      host_key: certificate.hostKey.toString('base64url'),
      certificate: certificate.signature.toString('base64url'),
    };
  }

  #write(line: Buffer): void {
    try {
      writeWhole(this.#fd, line);
      this.#size += line.length;
    } catch (error) {
      const failure = unavailable('the audit log cannot be written', error);
      // Half a line must not stay. If it cannot be taken back, no later line may follow it.
      if (!truncateTo(this.#fd, this.#size)) this.#failure = failure;
      throw failure;
    }
  }

  #writeCheckpoint(): void {
    this.#checkpoint = undefined;
    try {
      this.sync();
      this.#sign(this.#chain.seq, this.#range.root());
    } catch {
      // The record itself is written. What failed is remembered in #failure and refuses the next append.
    }
  }

  /** A checkpoint must not outlive the records it speaks of, or a power cut looks like a cut log: they are on the disk. */
  #sign(size: number, root: Buffer): void {
    if (this.#key === undefined || this.#failure !== undefined || size <= this.#signed) return;
    const note = Buffer.from(signCheckpoint({ origin: originOf(this.#sid), size, root }, this.#key));
    try {
      writeWhole(this.#checkpointsFd, note);
      this.#checkpointsSize += note.length;
      this.#signed = size;
    } catch (error) {
      // On a full disk it is tried again after the next record.
      if (!truncateTo(this.#checkpointsFd, this.#checkpointsSize))
        this.#failure = unavailable('a checkpoint cannot be written', error);
    }
  }

  // Nobody waits for this, but for the checkpoint of a disk that cannot keep up.
  #commitGroup(): void {
    this.#commit = undefined;
    const [written, { seq }, root] = [this.#size, this.#chain, this.#range.root()];
    const isDue = seq - this.#signed >= CHECKPOINT_RECORDS;
    if (this.#key === undefined || this.#failure !== undefined || (this.#durable === written && !isDue))
      return;
    fdatasync(this.#fd, (error) => {
      if (error === null) {
        this.#durable = Math.max(this.#durable, written);
        if (isDue) this.#sign(seq, root);
      } else if (this.#key !== undefined) {
        this.#failure = unavailable('the audit log cannot be synced to disk', error);
      }
    });
  }

  #refuseWhenFailed(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}

/** A timer that does not keep the process alive. */
function later(ms: number, run: () => void): NodeJS.Timeout {
  const timer = setTimeout(run, ms);
  timer.unref();
  return timer;
}

function unavailable(message: string, cause: unknown): TurretError {
  const why = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
  return new TurretError('audit_unavailable', `${message}${why}`, {
    cause,
    hints: ['free disk space or make the state directory writable: nothing runs that cannot be recorded'],
  });
}
