// Rates (GCRA: one timestamp, exact, no edge of a window to wait for) and budgets. Pure: state and time come in, state and
// verdict go out; who keeps the state is the broker.

import type { Limit, Rate } from './rule.js';

/** What one limit has seen. JSON, so that it can be shown. */
export interface LimitState {
  /** Theoretical arrival time: when the bucket will be full again, in ms of the caller's monotonic clock. */
  full_at_ms: number;
  calls: number;
  bytes_out: number;
  tokens: number;
  usd: number;
}
/** What is used up for the rest of the session. */
export const BUDGETS = ['calls', 'bytes_out', 'tokens', 'usd'] as const;
export type Budget = (typeof BUDGETS)[number];
export type LimitVerdict =
  | { ok: true }
  /** `rate` can be tried again after `retry_after_ms`; a spent budget cannot in this session. */
  | { ok: false; spent: 'rate'; retry_after_ms: number }
  | { ok: false; spent: Budget };

export const UNUSED: Readonly<LimitState> = { full_at_ms: 0, calls: 0, bytes_out: 0, tokens: 0, usd: 0 };

/** Asks one limit for one call. On refusal the state comes back as it was: refused calls cost nothing. */
export function admit(
  limit: Limit,
  state: LimitState,
  now_ms: number,
): { state: LimitState; verdict: LimitVerdict } {
  const spent = BUDGETS.find((budget) => state[budget] >= (limit[budget] ?? Infinity));
  if (spent !== undefined) return { state, verdict: { ok: false, spent } };
  let full_at_ms = state.full_at_ms;
  if (limit.rate) {
    const rate = takeFromBucket(limit.rate, state.full_at_ms, now_ms);
    if (rate.wait_ms > 0)
      return { state, verdict: { ok: false, spent: 'rate', retry_after_ms: rate.wait_ms } };
    full_at_ms = rate.full_at_ms;
  }
  return { state: { ...state, full_at_ms, calls: state.calls + 1 }, verdict: { ok: true } };
}

/** Asks several limits for one call, all or none: what one of them refuses is not counted by the others. */
export function admitAll(
  limits: { limit: Limit; state: LimitState }[],
  now_ms: number,
): { states: LimitState[]; verdict: LimitVerdict } {
  const states: LimitState[] = [];
  for (const { limit, state } of limits) {
    const one = admit(limit, state, now_ms);
    if (!one.verdict.ok) return { states: limits.map((each) => each.state), verdict: one.verdict };
    states.push(one.state);
  }
  return { states, verdict: { ok: true } };
}

/** Counts output. The caller stops the call when `bytesLeft` is 0. */
export function spendBytes(state: LimitState, bytes: number): LimitState {
  return { ...state, bytes_out: state.bytes_out + bytes };
}

/** How much output a limit still lets through; Infinity when it has no such budget. */
export function bytesLeft(limit: Limit, state: LimitState): number {
  return limit.bytes_out === undefined ? Infinity : Math.max(0, limit.bytes_out - state.bytes_out);
}

/** Generic cell rate algorithm (ITU-T I.371), as a virtual scheduler. */
function takeFromBucket(
  rate: Rate,
  fullAt_ms: number,
  now_ms: number,
): { full_at_ms: number; wait_ms: number } {
  const interval_ms = rate.period_ms / rate.count;
  const next_ms = Math.max(fullAt_ms, now_ms) + interval_ms;
  const wait_ms = Math.ceil(next_ms - now_ms - rate.burst * interval_ms - TOLERANCE_MS);
  return { full_at_ms: next_ms, wait_ms };
}

/** Sums of fractions of a millisecond are not exact; without this the last call of a burst could be refused. */
const TOLERANCE_MS = 0.001;
