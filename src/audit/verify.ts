// Is this log what was written? Fed line by line, remembers O(log n). What is fed may have been edited by anyone who
// could write the file, so nothing here throws on content: every oddity becomes a finding with a place.
// SPEC.md §Audit log gives the rules; scripts/verify-log.mjs is a second implementation of the same text.

import { AUDIT_FINDINGS_MAX } from '../protocol/limits.js';
import { verifyingKey, type VerifyingKey } from '../crypto/ed25519.js';
import type { JsonObject } from '../protocol/messages.js';
import { isCertified } from './certificate.js';
import { GENESIS, leafOf } from './chain.js';
import { originOf } from './checkpoint.js';
import { type SignedCheckpoint, verifyCheckpoint } from './checkpoint-read.js';
import type { Finding } from './finding.js';
import { CompactRange } from './merkle.js';
import { readLine, type ReadLine } from './read-line.js';

export interface Verdict {
  ok: boolean;
  /** Records that stand in an unbroken chain, as far as it goes. */
  records: number;
  findings: Finding[];
  /** Findings there were, also those past the bound. */
  found: number;
  /** Leaf of the last record, base64url. */
  head: string;
  /** Merkle root, base64. */
  root: string;
  /** The last record is session.end; otherwise it still runs or was killed. */
  closed: boolean;
  /** Records after the last good checkpoint: chained, not signed. */
  unsigned: number;
  /** Session id, hex, and the key that vouches for it, when the log says. */
  sid: string | undefined;
  hostKey: string | undefined;
  /** Allowed calls without an end: what they did is unknown. */
  unfinished: { call: string; action: string; seq: number }[];
}

const SID = /^[0-9a-f]{20}$/;

export interface VerifierOptions {
  /** Raw host key this log must be certified by; undefined when whoever verifies knows none. */
  hostKey: Uint8Array | undefined;
  /** The file of checkpoints; undefined when there is none. */
  checkpoints: readonly (SignedCheckpoint | undefined)[] | undefined;
}

/** Feed every line with line(), a last piece without LF with torn(), then ask finish(). */
export class LogVerifier {
  readonly #options: VerifierOptions;
  readonly #range = new CompactRange();
  readonly #findings: Finding[] = [];
  readonly #open = new Map<string, { action: string; seq: number }>();
  readonly #wanted: SignedCheckpoint[];
  #found = 0;
  #expected = 0;
  #prev: Buffer = GENESIS.prev;
  /** Unreadable lines since the last record: each may stand for one. */
  #unread = 0;
  #lineNumber = 0;
  #offset = 0;
  #last = { line: 0, offset: 0, flagged: false };
  #chainBroken = false;
  #lastLeaf: Buffer | undefined;
  #signed = 0;
  #closed = false;
  #sid: string | undefined;
  #hostKey: string | undefined;
  #key: VerifyingKey | undefined;

  constructor(options: VerifierOptions) {
    this.#options = options;
    this.#wanted = (options.checkpoints ?? []).filter((checkpoint) => checkpoint !== undefined);
  }

  /** One line, without its LF. `length` when the line was longer than what is kept of it. */
  line(bytes: Uint8Array, length = bytes.length): void {
    this.#lineNumber += 1;
    const place = { line: this.#lineNumber, offset: this.#offset };
    this.#offset += length + 1;
    const leaf = leafOf(bytes);
    const record = readLine(bytes);
    if (record === undefined) this.#unreadable(place);
    else if (this.#takes(record, leaf, place)) this.#accept(record, leaf);
    this.#lastLeaf = leaf;
  }

  /** The bytes after the last LF, when there are any. */
  torn(bytes: Uint8Array): void {
    this.#find({
      kind: 'torn',
      seq: this.#expected + this.#unread,
      line: this.#lineNumber + 1,
      offset: this.#offset,
    });
    this.#offset += bytes.length;
  }

  finish(): Verdict {
    this.#checkCheckpoints();
    return {
      ok: this.#found === 0,
      records: this.#range.size,
      findings: this.#findings.sort(byPlace),
      found: this.#found,
      head: this.#prev.toString('base64url'),
      root: this.#range.root().toString('base64'),
      closed: this.#closed,
      unsigned: Math.max(0, this.#expected - this.#signed),
      sid: this.#sid,
      hostKey: this.#hostKey,
      unfinished: [...this.#open].map(([call, { action, seq }]) => ({ call, action, seq })),
    };
  }

  #find(finding: Finding): void {
    this.#found += 1;
    if (this.#findings.length < AUDIT_FINDINGS_MAX) this.#findings.push(finding);
  }

  #unreadable(place: { line: number; offset: number }): void {
    this.#find({ kind: 'unreadable', seq: this.#expected + this.#unread, ...place });
    this.#unread += 1;
    this.#chainBroken = true;
  }

  /** Whether the record is next in the log; reports whatever is odd about its place. */
  #takes(record: ReadLine, leaf: Buffer, place: { line: number; offset: number }): boolean {
    const links = record.prev === this.#prev.toString('base64url');
    if (this.#unread > 0) {
      // The lines we could not read stood for some of the records before this one.
      if (record.seq < this.#expected) return this.#stray(record, leaf, place);
      const first = this.#expected + this.#unread;
      if (record.seq > first) this.#find({ kind: 'missing', seq: first, to: record.seq - 1, ...place });
      this.#expected = record.seq;
    } else if (links) {
      // The chain continues, so a wrong number means that the number itself was changed.
      if (record.seq !== this.#expected) this.#flag({ kind: 'altered', seq: this.#expected, ...place });
    } else if (record.seq < this.#expected) {
      return this.#stray(record, leaf, place);
    } else if (record.seq > this.#expected) {
      this.#find({ kind: 'missing', seq: this.#expected, to: record.seq - 1, ...place });
      this.#chainBroken = true;
      this.#expected = record.seq;
    } else if (!this.#last.flagged) {
      this.#find({ kind: 'altered', seq: Math.max(0, this.#expected - 1), ...this.#placeOfLast(place) });
      this.#chainBroken = true;
    }
    this.#last = { ...place, flagged: this.#last.flagged && this.#last.line === place.line };
    return true;
  }

  #flag(finding: Finding): void {
    this.#find(finding);
    this.#chainBroken = true;
    this.#last = { line: finding.line, offset: finding.offset ?? 0, flagged: true };
  }

  #placeOfLast(place: { line: number; offset: number }): { line: number; offset: number } {
    return this.#last.line === 0 ? place : { line: this.#last.line, offset: this.#last.offset };
  }

  /** A record that was numbered before its place: the chain goes on without it. */
  #stray(record: ReadLine, leaf: Buffer, place: { line: number; offset: number }): false {
    const kind = this.#lastLeaf?.equals(leaf) === true ? 'duplicate' : 'out_of_order';
    this.#find({ kind, seq: record.seq, ...place });
    return false;
  }

  #accept(record: ReadLine, leaf: Buffer): void {
    this.#unread = 0;
    this.#expected += 1;
    this.#prev = leaf;
    this.#range.append(leaf);
    if (this.#closed)
      this.#find({ kind: 'after_end', seq: record.seq, line: this.#last.line, offset: this.#last.offset });
    if (record.type === 'session.end') this.#closed = true;
    if (this.#expected === 1) this.#readStart(record.value);
    this.#followCall(record);
    this.#compareRoot();
  }

  #readStart(start: JsonObject): void {
    const { sid, key, host_key: hostKey, certificate } = start;
    if (typeof sid === 'string' && SID.test(sid)) this.#sid = sid;
    if (typeof hostKey === 'string') this.#hostKey = hostKey;
    const publicKey = Buffer.from(typeof key === 'string' ? key : '', 'base64url');
    try {
      this.#key = verifyingKey(publicKey);
    } catch {
      // No key, or none anyone honest has: the first checkpoint will be reported as bad.
      return;
    }
    const vouched = {
      hostKey: Buffer.from(this.#hostKey ?? '', 'base64url'),
      signature: Buffer.from(typeof certificate === 'string' ? certificate : '', 'base64url'),
    };
    const expected = this.#options.hostKey;
    const isOurs = expected === undefined || Buffer.from(expected).equals(vouched.hostKey);
    const claims = expected !== undefined || hostKey !== undefined;
    if (claims && !(isOurs && isCertified(vouched, Buffer.from(this.#sid ?? '', 'hex'), publicKey))) {
      this.#find({ kind: 'bad_certificate', seq: 0, line: 1, offset: 0 });
    }
  }

  #followCall({ type, seq, value }: ReadLine): void {
    const { call, effect, action } = value;
    if (typeof call !== 'string') return;
    if (type === 'call.finished') this.#open.delete(call);
    if (type !== 'call.decided' || effect !== 'allow' || this.#open.size >= AUDIT_FINDINGS_MAX) return;
    this.#open.set(call, { action: typeof action === 'string' ? action : '', seq });
  }

  #compareRoot(): void {
    for (
      let next = this.#wanted[0];
      next !== undefined && next.size <= this.#expected;
      next = this.#wanted[0]
    ) {
      this.#wanted.shift();
      // Behind damage every root differs; the damage is reported where it is.
      if (this.#chainBroken || next.size !== this.#range.size) continue;
      if (!next.root.equals(this.#range.root())) {
        this.#find({
          kind: 'resigned',
          seq: this.#signed,
          to: next.size - 1,
          line: this.#last.line,
          offset: this.#last.offset,
        });
        this.#chainBroken = true;
      } else if (this.#isSigned(next)) {
        this.#signed = next.size;
      }
    }
  }

  #isSigned(checkpoint: SignedCheckpoint): boolean {
    if (this.#key === undefined || this.#sid === undefined) return false;
    return checkpoint.origin === originOf(this.#sid) && verifyCheckpoint(checkpoint, this.#key);
  }

  #checkCheckpoints(): void {
    const { checkpoints } = this.#options;
    let size = 0;
    // Without the first record nobody can say which key should have signed; that it is gone is reported already.
    const keyIsLost = this.#key === undefined && this.#found > 0;
    for (const [index, checkpoint] of (checkpoints ?? []).entries()) {
      const isGood =
        checkpoint !== undefined && checkpoint.size > size && (keyIsLost || this.#isSigned(checkpoint));
      if (!isGood) this.#find({ kind: 'bad_checkpoint', seq: size, line: index + 1 });
      size = Math.max(size, checkpoint?.size ?? 0);
    }
    const end = this.#expected + this.#unread;
    if (size > end)
      this.#find({ kind: 'truncated', seq: end, to: size - 1, line: this.#lineNumber, offset: this.#offset });
    if (size === 0 || (this.#closed && size < end)) this.#find({ kind: 'no_checkpoint', seq: size, line: 0 });
  }
}

function byPlace(a: Finding, b: Finding): number {
  return a.line - b.line || a.seq - b.seq || (a.kind < b.kind ? -1 : 1);
}
