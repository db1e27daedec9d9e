import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatRate, parseBytes, parseCalls, parseRate } from '../../../src/policy/limit-text.js';
import { admit, admitAll, bytesLeft, spendBytes, UNUSED } from '../../../src/policy/limits.js';
import type { LimitState } from '../../../src/policy/limits.js';
import type { Limit, Rate } from '../../../src/policy/rule.js';

/** Calls at these times; which were let through. */
function play(limit: Limit, times: number[]): boolean[] {
  let state: LimitState = UNUSED;
  return times.map((now) => {
    const one = admit(limit, state, now);
    state = one.state;
    return one.verdict.ok;
  });
}

describe('a rate', () => {
  const rate = { count: 60, period_ms: 60_000, burst: 3 };
  test('lets the burst through at once and then one per interval', () => {
    expect(play({ rate }, [0, 0, 0, 0])).toEqual([true, true, true, false]);
    expect(play({ rate }, [0, 0, 0, 999, 1_000, 1_000, 2_000])).toEqual([
      true,
      true,
      true,
      false,
      true,
      false,
      true,
    ]);
  });

  test('says when to come back, and is right', () => {
    let state: LimitState = UNUSED;
    for (let call = 0; call < 3; call += 1) ({ state } = admit({ rate }, state, 5_000));
    const { verdict } = admit({ rate }, state, 5_400);
    expect(verdict).toEqual({ ok: false, spent: 'rate', retry_after_ms: 600 });
    expect(admit({ rate }, state, 5_999).verdict.ok).toBe(false);
    expect(admit({ rate }, state, 6_000).verdict.ok).toBe(true);
  });

  test('never lets more through in any window than burst and refill', () => {
    const rates = fc.record({
      count: fc.integer({ min: 1, max: 50 }),
      period_ms: fc.constantFrom(1_000, 60_000),
      burst: fc.integer({ min: 1, max: 20 }),
    });
    const gaps = fc.array(fc.integer({ min: 0, max: 3_000 }), { maxLength: 60 });
    fc.assert(
      fc.property(rates, gaps, (rate: Rate, steps) => {
        let now = 0;
        const times = steps.map((step) => (now += step));
        const passed = times.filter((_, index) => play({ rate }, times)[index]);
        for (const [first, from] of passed.entries()) {
          for (const [last, to] of passed.entries()) {
            if (last < first) continue;
            const most = rate.burst + ((to - from) * rate.count) / rate.period_ms;
            expect(last - first + 1).toBeLessThanOrEqual(Math.floor(most + 0.01));
          }
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe('a budget', () => {
  test('of calls ends, and waiting does not help', () => {
    expect(play({ calls: 2 }, [0, 0, 0, 1e12])).toEqual([true, true, false, false]);
    expect(admit({ calls: 0 }, UNUSED, 0).verdict).toEqual({ ok: false, spent: 'calls' });
  });

  test('of bytes ends with the byte that spends it', () => {
    const limit = { bytes_out: 10 };
    const most = spendBytes(UNUSED, 9);
    expect(bytesLeft(limit, most)).toBe(1);
    expect(admit(limit, most, 0).verdict.ok).toBe(true);
    const spent = spendBytes(most, 5);
    expect(bytesLeft(limit, spent)).toBe(0);
    expect(admit(limit, spent, 0).verdict).toEqual({ ok: false, spent: 'bytes_out' });
    expect(bytesLeft({}, spent)).toBe(Infinity);
  });

  test('is not touched by a call that another limit refuses', () => {
    const limits = [
      { limit: { calls: 5 }, state: UNUSED },
      { limit: { calls: 0 }, state: UNUSED },
    ];
    expect(admitAll(limits, 0)).toEqual({ states: [UNUSED, UNUSED], verdict: { ok: false, spent: 'calls' } });
    expect(admitAll(limits.slice(0, 1), 0).states[0]?.calls).toBe(1);
  });
});

describe('the text of a limit', () => {
  test.each([
    ['60/m burst 20', { count: 60, period_ms: 60_000, burst: 20 }],
    ['5/s', { count: 5, period_ms: 1_000, burst: 5 }],
    ['30/m', { count: 30, period_ms: 60_000, burst: 1 }],
    ['1/d', { count: 1, period_ms: 86_400_000, burst: 1 }],
  ])('%s is a rate', (text, expected) => {
    expect(parseRate(text)).toEqual(expected);
    expect(parseRate(formatRate(expected))).toEqual(expected);
  });
  test.each([
    '',
    '60',
    '60/min',
    '0/m',
    '-1/m',
    '60/m burst 0',
    '60/m  burst 2',
    '60/m burst',
    '1.5/s',
    '9999999999/s',
    '60/toString',
  ])('%j is no rate', (text) => {
    expect(parseRate(text)).toBeUndefined();
  });
  test('calls and bytes', () => {
    expect(parseCalls('500/session')).toBe(500);
    expect(parseCalls('500')).toBeUndefined();
    expect(parseBytes('50MB/session')).toBe(50_000_000);
    expect(parseBytes('1KiB/session')).toBe(1_024);
    expect(parseBytes('7B/session')).toBe(7);
    expect(parseBytes('50mb/session')).toBeUndefined();
    expect(parseBytes('50/session')).toBeUndefined();
    expect(parseBytes('999999999999GiB/session')).toBeUndefined();
  });
});

describe('a budget of tokens or money', () => {
  test.each([
    [{ tokens: 10 }, { tokens: 10 }, 'tokens'],
    [{ usd: 0.5 }, { usd: 0.5 }, 'usd'],
  ] as const)('%j is spent when as much was used', (limit, used, spent) => {
    expect(admit(limit, UNUSED, 0).verdict.ok).toBe(true);
    expect(admit(limit, { ...UNUSED, ...used }, 0).verdict).toEqual({ ok: false, spent });
  });
  test('of nothing lets nothing through', () => {
    expect(admit({ usd: 0 }, UNUSED, 0).verdict).toEqual({ ok: false, spent: 'usd' });
  });
});
