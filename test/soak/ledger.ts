// What the agents say they asked and were told, and what the logs say: both keyed by the words of the call, which hold an id
// that no other call has.

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import type { World } from '../helpers/turret-world.js';

export interface Asked {
  id: string;
  kind: string;
  asked: string;
  /** How it ends when nobody disturbs it. */
  wanted: number;
  /** In a session whose broker is never killed. */
  isSteady?: boolean;
  answer?: Answer;
}
export interface Answer {
  code: number;
  /** The output, when there is any to compare, was the right one. */
  right: boolean;
  ms: number;
  told: string;
}

export interface Recorded {
  asked: string;
  fate: 'allow' | 'deny' | 'refused';
  /** Of an allowed one. None: its outcome is unknown. */
  finished?: { outcome: string; exit?: number };
  /** The log has its last record: the broker was not killed. */
  isClosed: boolean;
}

interface LogLine {
  type: string;
  call: string;
  tool?: string;
  argv?: string[];
  action?: string;
  params?: unknown;
  capabilities?: { params: unknown }[];
  effect?: 'allow' | 'deny';
  outcome: string;
  exit?: number;
}

export function readAsked(world: World): Asked[] {
  const agents = readdirSync(world.workspace).filter((name) => name.startsWith('agent-'));
  return agents.flatMap((name) => {
    const calls = new Map<string, Asked>();
    for (const line of linesOf(join(world.workspace, name, 'calls.jsonl'))) {
      const entry = JSON.parse(line) as Asked & Answer;
      const asked = calls.get(entry.id);
      if (asked === undefined) calls.set(entry.id, entry);
      else asked.answer = entry;
    }
    return [...calls.values()];
  });
}

/** Of all sessions of a world. */
export function readRecorded(world: World): Recorded[] {
  return world.sessions().flatMap((session) => {
    const lines = linesOf(join(session, 'audit.jsonl')).map((line) => JSON.parse(line) as LogLine);
    const isClosed = lines.at(-1)?.type === 'session.end';
    const calls = new Map<string, Recorded>();
    for (const line of lines) {
      const record = calls.get(line.call);
      if (line.type === 'call.decided')
        calls.set(line.call, { asked: wordsOf(line), fate: line.effect ?? 'deny', isClosed });
      else if (line.type === 'call.refused')
        calls.set(line.call, { asked: wordsOf(line), fate: 'refused', isClosed });
      else if (line.type === 'call.finished' && record !== undefined)
        record.finished = { outcome: line.outcome, ...(line.exit === undefined ? {} : { exit: line.exit }) };
    }
    return [...calls.values()];
  });
}

function wordsOf({ tool, argv = [], action = '', params, capabilities }: LogLine): string {
  if (tool !== undefined) return [tool, ...argv].join(' ');
  return `${action} ${JSON.stringify(params ?? capabilities?.[0]?.params)}`;
}

/** Whole lines: a writer may have been killed in the middle of one. */
function linesOf(file: string): string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
}
