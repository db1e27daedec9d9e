// The agents' books against the log. Every call that got an answer is in the log, once and as it was answered; nothing is in
// the log that nobody asked for; nothing came to the upstream that is not allowed in the log.

import { EXIT } from '../../src/protocol/codes.js';
import type { Asked, Recorded } from './ledger.js';

export interface Account {
  asked: number;
  /** Got an answer that somebody decided: the tool's end, a refusal, Turret's own trouble. */
  answered: number;
  /** Was killed, or its agent, or its broker: nobody was there to be told. */
  unheard: number;
  /** Of those, how many are in the log all the same. */
  unheardRecorded: number;
  recorded: Record<Recorded['fate'], number>;
  /** Allowed calls without an end. */
  unfinished: number;
  /** Everything that must not be, in words. */
  wrong: string[];
}

const KILLED: ReadonlySet<number> = new Set([130, 137]);
const NO_BROKER = 'the broker of this session cannot be reached';
const ID = /\bu[0-9a-f]{16}\b/g;

/** @param upstream ids that the fakes have kept */
export function account(
  asked: readonly Asked[],
  recorded: readonly Recorded[],
  upstream: readonly string[],
): Account {
  const wrong: string[] = [];
  let unheardRecorded = 0;
  const calls = groups(asked);
  const records = groups(recorded);
  for (const [words, asks] of calls) {
    const found = records.get(words) ?? [];
    const heard = asks.filter(wasHeard);
    if (found.length < heard.length) wrong.push(`answered and not in the log: ${describe(asks)}`);
    if (found.length > asks.length) wrong.push(`in the log ${found.length} times: ${describe(asks)}`);
    unheardRecorded += Math.max(0, found.length - heard.length);
    const [ask, record] = [heard[0], found[0]];
    if (ask !== undefined && record !== undefined && found.length === 1 && asks.length === 1)
      if (!agrees(ask, record)) wrong.push(`the log says ${JSON.stringify(record)} of ${describe(asks)}`);
  }
  for (const words of records.keys()) if (!calls.has(words)) wrong.push(`nobody asked for ${words}`);
  const allowed = recorded.filter(({ fate }) => fate === 'allow');
  const allowedIds = new Set(allowed.flatMap((record) => record.asked.match(ID) ?? []));
  wrong.push(...upstream.filter((id) => !allowedIds.has(id)).map((id) => `upstream, and not allowed: ${id}`));
  const unfinished = allowed.filter(({ finished }) => finished === undefined);
  wrong.push(
    ...unfinished.filter(({ isClosed }) => isClosed).map((one) => `no end in a closed log: ${one.asked}`),
  );
  return {
    asked: asked.length,
    answered: asked.filter(wasHeard).length,
    unheard: asked.filter((ask) => !wasHeard(ask)).length,
    unheardRecorded,
    recorded: {
      allow: allowed.length,
      deny: recorded.filter(({ fate }) => fate === 'deny').length,
      refused: recorded.filter(({ fate }) => fate === 'refused').length,
    },
    unfinished: unfinished.length,
    wrong: [...wrong, ...asked.flatMap(oddities)],
  };
}

function wasHeard({ answer }: Asked): boolean {
  return answer !== undefined && !KILLED.has(answer.code) && !answer.told.includes(NO_BROKER);
}

/** Whether a call ended as the log says. */
function agrees({ answer }: Asked, { fate, finished }: Recorded): boolean {
  if (answer === undefined) return true;
  if (answer.code === EXIT.DENIED) return fate !== 'allow';
  if (answer.code === EXIT.BROKEN)
    return fate === 'refused' || ['failed', 'unknown'].includes(finished?.outcome ?? '');
  if (answer.code === 0) return fate === 'allow' && finished?.outcome === 'done';
  return fate === 'allow' && finished?.exit === answer.code;
}

/** Answers that no kill explains. */
function oddities(ask: Asked): string[] {
  if (ask.answer === undefined) return [];
  const { code, right, told } = ask.answer;
  const isBroken = code === EXIT.BROKEN && !(ask.isSteady === true && told.includes(NO_BROKER));
  const isExplained = code === ask.wanted || KILLED.has(code) || isBroken;
  return [
    ...(right ? [] : [`ended with 0 and other bytes: ${describe([ask])}`]),
    ...(isExplained ? [] : [`ended with ${code}: ${describe([ask])}`]),
  ];
}

function describe(asks: readonly Asked[]): string {
  return asks.map((ask) => JSON.stringify(ask)).join(', ');
}

function groups<One extends { asked: string }>(all: readonly One[]): Map<string, One[]> {
  const found = new Map<string, One[]>();
  for (const one of all) found.set(one.asked, [...(found.get(one.asked) ?? []), one]);
  return found;
}
