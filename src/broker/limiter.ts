// Rates and budgets of the session and of its rules. Policy does the arithmetic; this keeps the state.

import { TurretError } from '../errors.js';
import type { CompiledPolicy } from '../policy/compile.js';
import { type Budget, type LimitState, UNUSED, admitAll, bytesLeft, spendBytes } from '../policy/limits.js';
import type { Limit } from '../policy/rule.js';
import type { Usage } from '../protocol/messages.js';

const WORDS: Record<Budget, string> = { calls: 'call', bytes_out: 'output', tokens: 'token', usd: 'money' };

interface Counted {
  limit: Limit;
  state: LimitState;
}

export class Limiter {
  readonly #session: Counted[];
  readonly #rules = new Map<string, Counted>();
  readonly #monotonicMs: () => number;

  constructor(policy: CompiledPolicy, sessionLimits: Limit[], monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
    this.#session = sessionLimits.map((limit) => ({ limit, state: { ...UNUSED } }));
    for (const [id, { rule }] of policy.byId) {
      if (rule.limit !== undefined) this.#rules.set(id, { limit: rule.limit, state: { ...UNUSED } });
    }
  }

  /** Every call, allowed or not, counts for the session. Throws rate_limited or budget_exhausted. */
  admitToSession(): void {
    this.#admit(this.#session, 'this session');
  }

  /** An allowed call counts for the rules that cover it. Same errors. */
  admitToRules(ids: string[]): void {
    this.#admit(this.#rulesOf(ids), `rule ${ids.map((id) => JSON.stringify(id)).join(', ')}`);
  }

  /** Output of a running call. Throws budget_exhausted when it was the last that was allowed. */
  spend(ids: string[], bytes: number): void {
    for (const counted of [...this.#session, ...this.#rulesOf(ids)]) {
      if (bytes > bytesLeft(counted.limit, counted.state)) {
        throw new TurretError('budget_exhausted', 'the output budget of this session is used up', {
          hints: ['a human can raise limits.bytes_out in turret.yaml for the next session'],
        });
      }
      counted.state = spendBytes(counted.state, bytes);
    }
  }

  /** What a call cost; the calls after it are refused when that was too much. */
  use(ids: string[], { input, cached, output, usd = 0 }: Usage): void {
    for (const counted of [...this.#session, ...this.#rulesOf(ids)]) {
      const { state } = counted;
      counted.state = { ...state, tokens: state.tokens + input + cached + output, usd: state.usd + usd };
    }
  }

  #rulesOf(ids: string[]): Counted[] {
    return ids.map((id) => this.#rules.get(id)).filter((counted) => counted !== undefined);
  }

  #admit(limits: Counted[], whose: string): void {
    const { states, verdict } = admitAll(limits, this.#monotonicMs());
    for (const [index, counted] of limits.entries()) counted.state = states[index] as LimitState;
    if (verdict.ok) return;
    if (verdict.spent === 'rate') {
      throw new TurretError('rate_limited', `the rate limit of ${whose} is reached`, {
        retryAfterMs: verdict.retry_after_ms,
        hints: [`wait ${Math.ceil(verdict.retry_after_ms / 1000)} s before the next call`],
      });
    }
    throw new TurretError('budget_exhausted', `the ${WORDS[verdict.spent]} budget of ${whose} is used up`, {
      hints: ['retrying will not help in this session'],
    });
  }
}
