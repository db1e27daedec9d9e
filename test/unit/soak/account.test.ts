// What decides whether a soak was sound must itself be seen to say no.

import { describe, expect, it } from 'vitest';

import { account } from '../../soak/account.js';
import type { Answer, Asked, Recorded } from '../../soak/ledger.js';
import { memoryTrend } from '../../soak/samples.js';

const ID = `u${'0a'.repeat(8)}`;

function asked(answer?: Partial<Answer>): Asked {
  const call = { id: ID, kind: 'say', asked: `echo.say ${ID}`, wanted: 0 };
  return answer === undefined
    ? call
    : { ...call, answer: { code: 0, right: true, ms: 1, told: '', ...answer } };
}
function recorded(record: Partial<Recorded> = {}): Recorded {
  const finished = { outcome: 'done', exit: 0 };
  return { asked: `echo.say ${ID}`, fate: 'allow', isClosed: true, finished, ...record };
}
const unknown: Recorded = { asked: `echo.say ${ID}`, fate: 'allow', isClosed: false };

describe('the account of a soak', () => {
  const sound: [string, Asked[], Recorded[], string[]][] = [
    ['an answered call and its record', [asked({})], [recorded()], [ID]],
    ['a caller that was killed, in the log or not', [asked()], [], []],
    ['a caller that was killed, in the log or not', [asked({ code: 137 })], [recorded()], [ID]],
    ['a call whose broker was killed', [asked()], [unknown], [ID]],
    ['a refusal', [asked({ code: 126 })], [recorded({ fate: 'refused' })], []],
  ];
  it.each(sound)('is in order with %s', (_, asks, records, upstream) => {
    const wrong = account(asks, records, upstream).wrong.filter((line) => !line.startsWith('ended with 126'));
    expect(wrong).toEqual([]);
  });

  const unsound: [string, Asked[], Recorded[], string[], RegExp][] = [
    ['a lost record', [asked({})], [], [], /^answered and not in the log/],
    ['a record twice', [asked({})], [recorded(), recorded()], [], /^in the log 2 times/],
    ['a record of nothing', [], [recorded()], [], /^nobody asked/],
    ['a refusal of what was done', [asked({})], [recorded({ fate: 'deny' })], [], /^the log says/],
    [
      'another end',
      [asked({})],
      [recorded({ finished: { outcome: 'failed', exit: 1 } })],
      [],
      /^the log says/,
    ],
    ['no end in a closed log', [asked()], [{ ...unknown, isClosed: true }], [], /^no end/],
    ['work upstream that nobody allowed', [asked()], [recorded({ fate: 'deny' })], [ID], /^upstream/],
    ['other bytes', [asked({ right: false })], [recorded()], [], /other bytes/],
    [
      'an end that no kill explains',
      [asked({ code: 3 })],
      [recorded({ finished: { outcome: 'failed', exit: 3 } })],
      [],
      /^ended with 3/,
    ],
  ];
  it('is not in order when a broker is gone that nobody killed', () => {
    const told = 'turret: error: the broker of this session cannot be reached: …';
    const calls = [{ ...asked({ code: 125, told }), isSteady: true }];
    expect(account(calls, [], []).wrong.join('\n')).toMatch(/^ended with 125/);
    expect(account([asked({ code: 125, told })], [], []).wrong).toEqual([]);
  });
  it.each(unsound)('is not in order with %s', (_, asks, records, upstream, words) => {
    expect(account(asks, records, upstream).wrong.join('\n')).toMatch(words);
  });
});

describe('memory', () => {
  const samples = (kb: (second: number) => number): Parameters<typeof memoryTrend>[0] =>
    Array.from({ length: 100 }, (_, index) => ({
      second: index * 2,
      brokerKb: kb(index * 2),
      brokerFds: 1,
      supervisorFds: 1,
      processes: 1,
    }));
  it('is flat when it rises at first and then goes up and down', () => {
    const wave = (second: number): number => Math.min(50_000 + second * 500, 60_000) + (second % 20) * 200;
    expect(memoryTrend(samples(wave)).isFlat).toBe(true);
  });
  it('is not flat when it grows all the time, or at the end', () => {
    expect(memoryTrend(samples((second) => 50_000 + second * 100)).isFlat).toBe(false);
    expect(memoryTrend(samples((second) => (second < 140 ? 50_000 : 60_000))).isFlat).toBe(false);
  });
});
