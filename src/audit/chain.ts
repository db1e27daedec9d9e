// One line of the log and how it is tied to the one before. SPEC.md §Audit log.
//   line = JSON of {v, seq, prev, ts, mono_us?, sid?, type, …}, UTF-8, no white space, then LF (not part of the hash)
//   leaf = SHA-256(0x00 ‖ line)          prev = base64url(leaf of the previous line), 32 zero bytes for the first

import { sha256 } from '../crypto/hash.js';
import type { JsonObject } from '../protocol/messages.js';
import { escapeJson } from './escape.js';

export const SCHEMA_VERSION = 1;
const LEAF_PREFIX = Buffer.from([0]);

/** Where the next record goes. */
export interface ChainHead {
  readonly seq: number;
  readonly prev: Buffer;
}
export const GENESIS: ChainHead = { seq: 0, prev: Buffer.alloc(32) };

export interface Stamp {
  /** Wall clock, ISO 8601 with milliseconds, UTC. */
  ts: string;
  /** Microseconds of the monotonic clock since the session began. */
  mono_us?: number;
  /** Session id, hex. */
  sid?: string;
}

/**
 * The bytes of one record without the LF. Key order is the order of insertion and never changes. Somebody may look at the
 * file with `cat`: what a terminal obeys, or nobody sees, is written as an escape.
 */
export function encodeLine(head: ChainHead, stamp: Stamp, type: string, body: JsonObject): Buffer {
  const line: JsonObject = {
    v: SCHEMA_VERSION,
    seq: head.seq,
    prev: head.prev.toString('base64url'),
    ts: stamp.ts,
  };
  if (stamp.mono_us !== undefined) line['mono_us'] = stamp.mono_us;
  if (stamp.sid !== undefined) line['sid'] = stamp.sid;
  line['type'] = type;
  return Buffer.from(escapeJson(JSON.stringify(Object.assign(line, body))));
}

/** RFC 6962 leaf hash of a line (without LF). */
export function leafOf(line: Uint8Array): Buffer {
  return sha256(LEAF_PREFIX, line);
}

/** The head after a line with this leaf. */
export function advance(head: ChainHead, leaf: Buffer): ChainHead {
  return { seq: head.seq + 1, prev: leaf };
}
