// sessions.json: summaries of sessions that ended, so that `turret audit list` does not read every log each time. A cache
// of what the logs say, never evidence. Only readers write it; two at once write the same values, and a file that was
// lost or damaged is made again.

import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { ReadLine } from '../audit/read-line.js';
import { Summarizer } from '../audit/summary.js';
import { readRecords } from './audit-read.js';
import { JSONFileSync, LowSync } from './lowdb.js';
import { isRunning, listSessions, readMeta, type SessionEntry } from './sessions.js';

export interface ListedSession {
  session: string;
  name: string;
  started: string;
  state: 'running' | 'closed' | 'killed';
  label: string;
  command: string;
  ms: number;
  allowed: number;
  denied: number;
  exit: number | null;
}
interface Cached {
  /** Size and modification time of the log this was counted from. */
  stamp: string;
  listed: ListedSession;
}
interface Cache {
  v: 1;
  sessions: Record<string, Cached>;
}

/** All sessions with their counts, newest first. Not verified. */
export function listedSessions(stateDirectory: string): ListedSession[] {
  const entries = listSessions(stateDirectory);
  if (entries.length === 0) return [];
  const cache = openCache(stateDirectory);
  const kept: Record<string, Cached> = {};
  const listed = entries.map((entry) => {
    const stamp = stampOf(entry);
    const known = cache.data.sessions[entry.name];
    if (known !== undefined && known.stamp === stamp && known.listed.name === entry.name) {
      kept[entry.name] = known;
      return known.listed;
    }
    const counted = count(entry);
    if (counted.state !== 'running' && stamp !== '') kept[entry.name] = { stamp, listed: counted };
    return counted;
  });
  const isSame = JSON.stringify(cache.data.sessions) === JSON.stringify(kept);
  cache.data = { v: 1, sessions: kept };
  try {
    if (!isSame) cache.write();
  } catch {
    // A state directory one may only read: the next reader counts again.
  }
  return listed;
}

function openCache(stateDirectory: string): LowSync<Cache> {
  const empty: Cache = { v: 1, sessions: {} };
  const cache = new LowSync<Cache>(new JSONFileSync(join(stateDirectory, 'sessions.json')), empty);
  try {
    cache.read();
  } catch {
    // Not JSON: counted again.
    cache.data = empty;
  }
  if (!isCache(cache.data)) cache.data = empty;
  return cache;
}

function isCache(data: unknown): data is Cache {
  if (typeof data !== 'object' || data === null || !('sessions' in data) || !('v' in data) || data.v !== 1)
    return false;
  const { sessions } = data;
  if (typeof sessions !== 'object' || sessions === null) return false;
  return Object.values(sessions).every(
    (item: unknown) =>
      typeof item === 'object' &&
      item !== null &&
      'stamp' in item &&
      'listed' in item &&
      isListed(item.listed),
  );
}

function isListed(listed: unknown): listed is ListedSession {
  if (typeof listed !== 'object' || listed === null) return false;
  const fields = new Map<string, unknown>(Object.entries(listed));
  const texts = ['session', 'name', 'started', 'state', 'label', 'command'];
  const numbers = ['ms', 'allowed', 'denied'];
  return (
    texts.every((name) => typeof fields.get(name) === 'string') &&
    numbers.every((name) => typeof fields.get(name) === 'number')
  );
}

function stampOf(entry: SessionEntry): string {
  try {
    const { size, mtimeMs } = statSync(entry.log);
    return `${size} ${mtimeMs}`;
  } catch {
    // A directory without a log: its session died before the first record.
    return '';
  }
}

function* recordsOf(entry: SessionEntry): Generator<ReadLine> {
  if (stampOf(entry) !== '') yield* readRecords(entry.log);
}

function count(entry: SessionEntry): ListedSession {
  const summarizer = new Summarizer();
  let closed = false;
  for (const record of recordsOf(entry)) {
    summarizer.add(record);
    closed = record.type === 'session.end';
  }
  const { label, command, ms, calls, exit } = summarizer.finish();
  const meta = readMeta(entry);
  return {
    session: entry.sid,
    name: entry.name,
    started: entry.started,
    state: closed ? 'closed' : isRunning(entry) ? 'running' : 'killed',
    label: label || (meta?.label ?? ''),
    command: command || (meta?.command ?? ''),
    ms,
    allowed: calls.allowed,
    denied: calls.denied + calls.refused,
    exit,
  };
}
