// Finding calls in logs. Records are read, not verified: `turret audit verify` is the command for that.

import { isSignedByToken } from '../audit/call-proof.js';
import { textOf } from '../audit/summary.js';
import type { ReadLine } from '../audit/read-line.js';
import { TurretError } from '../errors.js';
import { readRecords } from './audit-read.js';
import { findSession, listSessions, type SessionEntry } from './sessions.js';

const UNITS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** `1h`, `30m`, `2d`, or a date: the moment it means, in milliseconds. Throws `usage`. */
export function parseSince(text: string, now: number): number {
  const span = /^(?<count>[0-9]{1,6})(?<unit>[smhdw])$/.exec(text)?.groups;
  if (span !== undefined) return now - Number(span['count']) * (UNITS[span['unit'] ?? ''] ?? 0);
  const date = /^[0-9]{4}-[0-9]{2}-[0-9]{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isFinite(date)) return date;
  throw new TurretError('usage', `${JSON.stringify(text.slice(0, 40))} is not a time`, {
    hints: ['write --since 90s, 30m, 1h, 2d, or a date such as 2026-11-23T08:00Z'],
  });
}

/** The session that was named, or all of them, oldest first. Throws `session_unknown`. */
export function sessionsToRead(state: string, selector: string | undefined): SessionEntry[] {
  return selector === undefined ? listSessions(state).toReversed() : [findSession(state, selector)];
}

export interface CallFilter {
  action: ((value: string) => boolean) | undefined;
  effect: 'allow' | 'deny' | undefined;
  /** Labels of the tokens on the way; those below count as well. */
  agent: string | undefined;
  /** Milliseconds. */
  since: number | undefined;
}

/** Decisions and refusals that pass the filter, in order. A refusal counts as a denial. */
export function* grepCalls(sessions: Iterable<SessionEntry>, filter: CallFilter): Generator<ReadLine> {
  for (const session of sessions) {
    for (const record of recordsOf(session)) if (matches(record, filter)) yield record;
  }
}

function matches({ type, value }: ReadLine, { action, effect, agent, since }: CallFilter): boolean {
  if (type !== 'call.decided' && type !== 'call.refused') return false;
  const verdict = type === 'call.refused' ? 'deny' : value['effect'];
  if (effect !== undefined && verdict !== effect) return false;
  if (agent !== undefined && !`${textOf(value['agent'])}/`.startsWith(`${agent}/`)) return false;
  // A time that cannot be read is not proof of being too old.
  if (since !== undefined && Date.parse(textOf(value['ts'])) < since) return false;
  return action === undefined || actionsOf(value).some(action);
}

function actionsOf(value: ReadLine['value']): string[] {
  const capabilities = Array.isArray(value['capabilities']) ? value['capabilities'] : [];
  const more = capabilities.map((item) =>
    typeof item === 'object' && item !== null && !Array.isArray(item) ? textOf(item['action']) : '',
  );
  return [textOf(value['action']), ...more].filter((name) => name !== '');
}

/** A log that is gone has no records; `verify` reports it. */
function* recordsOf(session: SessionEntry): Generator<ReadLine> {
  try {
    yield* readRecords(session.log);
  } catch (error) {
    if (!(error instanceof TurretError)) throw error;
  }
}

export interface FoundCall {
  session: SessionEntry;
  call: string;
  records: ReadLine[];
  /** Whether the request's signature is the session token's; undefined when none was recorded. */
  signed: boolean | undefined;
}

/** One call by its id, in the newest session that has it. Throws `usage`. */
export function findCall(state: string, call: string, selector: string | undefined): FoundCall {
  for (const session of sessionsToRead(state, selector).toReversed()) {
    const keys = new Map<string, string>();
    const records: ReadLine[] = [];
    for (const record of recordsOf(session)) {
      const { type, value } = record;
      if (type === 'token.issued' || type === 'token.attenuated')
        keys.set(textOf(value['kid']), textOf(value['key']));
      if (value['call'] === call) records.push(record);
    }
    if (records.length > 0) return { session, call, records, signed: isSigned(records, keys) };
  }
  throw new TurretError('usage', `no recorded call has the id ${JSON.stringify(call.slice(0, 64))}`, {
    hints: [
      'turret audit grep lists calls with their ids; call ids count from one in each session (--session picks one)',
    ],
  });
}

function isSigned(records: readonly ReadLine[], keys: ReadonlyMap<string, string>): boolean | undefined {
  for (const { value } of records) {
    const { sig, kid } = value;
    if (typeof sig !== 'object' || sig === null || Array.isArray(sig)) continue;
    return isSignedByToken(sig, keys.get(textOf(kid)) ?? '');
  }
  return undefined;
}
