// One session's log read once: verified, counted, and held against the index of sessions.

import { existsSync } from 'node:fs';

import { Summarizer, type SessionSummary } from '../audit/summary.js';
import type { Finding } from '../audit/finding.js';
import type { Verdict } from '../audit/verify.js';
import { TurretError } from '../errors.js';
import type { LogHead } from './audit-file.js';
import { verifyLog } from './audit-read.js';
import { hostPublicKey } from './host-key.js';
import { readIndex, type SessionIndex } from './session-index.js';
import { findSession, isRunning, listSessions, type SessionEntry } from './sessions.js';

/** `running`: its supervisor lives. `killed`: it does not, and the log has no end. */
export type SessionState = 'running' | 'closed' | 'killed';
/** What can be said beyond the log itself: the index does not know the session, or there is no log, or no directory. */
export type IndexFinding = Omit<Finding, 'kind'> & {
  kind: Finding['kind'] | 'unlisted' | 'no_log' | 'deleted' | 'bad_index';
  /** Directory of the session, with `deleted`. */
  session?: string;
};

export interface VerifyReport extends Omit<Verdict, 'findings' | 'sid' | 'hostKey'> {
  session: string;
  state: SessionState;
  findings: IndexFinding[];
}
export interface SessionReport {
  session: string;
  name: string;
  state: SessionState;
  summary: SessionSummary;
  verdict: VerifyReport;
}

const UNLISTED: IndexFinding = { kind: 'unlisted', seq: 0, line: 0 };

export function reportSession(stateDirectory: string, entry: SessionEntry): SessionReport {
  return reportWith({ hostKey: hostPublicKey(stateDirectory), index: readIndex(stateDirectory) }, entry);
}

function reportWith(
  known: { hostKey: Buffer | undefined; index: SessionIndex },
  entry: SessionEntry,
): SessionReport {
  const live = isRunning(entry);
  const summarizer = new Summarizer();
  const {
    sid,
    hostKey: _,
    ...verdict
  } = verifyLog({
    file: entry.log,
    hostKey: known.hostKey,
    live,
    take: (record) => summarizer.add(record),
  });
  const state = verdict.closed ? 'closed' : live ? 'running' : 'killed';
  const findings: IndexFinding[] = [...verdict.findings];
  if (sid !== undefined && sid !== entry.sid) findings.push({ ...UNLISTED, line: 1 });
  const summary = summarizer.finish();
  const { allowed, denied, refused } = summary.calls;
  // Killed when its log had just begun: no agent ran.
  const isListed = known.index.sessions.has(entry.name) || allowed + denied + refused === 0;
  findings.push(...(isListed ? againstIndex(known.index, entry, verdict) : [UNLISTED]));
  const added = findings.length - verdict.findings.length;
  return {
    session: entry.sid,
    name: entry.name,
    state,
    summary,
    verdict: {
      session: entry.sid,
      state,
      ...verdict,
      ok: verdict.ok && added === 0,
      findings,
      found: verdict.found + added,
    },
  };
}

/** A log that was cut back to a good end still verifies by itself; the index remembers where it ended. */
function againstIndex(
  index: SessionIndex,
  entry: SessionEntry,
  verdict: Omit<Verdict, 'sid' | 'hostKey'>,
): IndexFinding[] {
  const head: LogHead | undefined = index.sessions.get(entry.name);
  // What the log itself shows as damaged needs no second witness.
  if (head === undefined || !verdict.ok) return [];
  if (verdict.records < head.records) {
    return [{ kind: 'truncated', seq: verdict.records, to: head.records - 1, line: verdict.records }];
  }
  if (verdict.head !== head.head)
    return [{ kind: 'resigned', seq: 0, to: verdict.records - 1, line: verdict.records }];
  return [];
}

/** Its log had begun, the index says. The others are verified all the same. */
function withoutLog(entry: SessionEntry): VerifyReport {
  return {
    session: entry.sid,
    state: isRunning(entry) ? 'running' : 'killed',
    ok: false,
    records: 0,
    findings: [{ kind: 'no_log', seq: 0, line: 0 }],
    found: 1,
    head: '',
    root: '',
    closed: false,
    unsigned: 0,
    unfinished: [],
  };
}

/** Every session there is or was, newest first, and the chain of the index itself. */
export function verifyAll(stateDirectory: string): {
  ok: boolean;
  sessions: VerifyReport[];
  findings: IndexFinding[];
} {
  const known = { hostKey: hostPublicKey(stateDirectory), index: readIndex(stateDirectory) };
  const entries = listSessions(stateDirectory);
  const sessions = entries
    // One whose log has not begun: nothing ran.
    .filter(({ log, name }) => existsSync(log) || known.index.sessions.has(name))
    .map((entry) => (existsSync(entry.log) ? reportWith(known, entry).verdict : withoutLog(entry)));
  const present = new Set(entries.map(({ name }) => name));
  const findings: IndexFinding[] = [...known.index.sessions.keys()]
    .filter((name) => !present.has(name))
    .map((name) => ({ kind: 'deleted', seq: 0, line: 0, session: name }));
  if (known.index.brokenAt !== undefined)
    findings.unshift({ kind: 'bad_index', seq: 0, line: known.index.brokenAt });
  return { ok: findings.length === 0 && sessions.every(({ ok }) => ok), sessions, findings };
}

/** A session, or a log that was carried away from its machine. Throws `session_unknown`, `usage`. */
export function verifyTarget(
  stateDirectory: string,
  target: string,
  hostKey: string | undefined,
): VerifyReport {
  const isFile = target.includes('/') || target.endsWith('.jsonl');
  // Silence would be taken for: it vouches for this one.
  if (!isFile && hostKey !== undefined) throw onlyForFiles();
  if (!isFile) return reportSession(stateDirectory, findSession(stateDirectory, target)).verdict;
  const key = hostKey === undefined ? undefined : Buffer.from(hostKey, 'base64url');
  if (key !== undefined && key.length !== 32) {
    throw new TurretError('usage', 'a host key has 32 bytes', {
      hints: ['write it as 43 characters of base64url'],
    });
  }
  const { sid: _sid, hostKey: _hostKey, ...verdict } = verifyLog({ file: target, hostKey: key, live: false });
  return { session: target, state: verdict.closed ? 'closed' : 'killed', ...verdict };
}

/** For `--host-key` beside what is held to this machine's own. */
export function onlyForFiles(): TurretError {
  return new TurretError('usage', '--host-key is for a log that is named by its file', {
    hints: [
      'leave it out: sessions of this machine are held to its own host key; or name the file: turret audit verify ./audit.jsonl --host-key KEY',
    ],
  });
}
