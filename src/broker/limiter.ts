// Rates and budgets: of the session, of its rules, and of every token on the way from the session's to the caller's. Policy
// does the arithmetic; this keeps the state. One step asks all of them, so that no two callers get the same last call.

import { TurretError } from '../errors.js';
import type { CompiledPolicy } from '../policy/compile.js';
import { type Budget, type LimitState, UNUSED, admitAll, bytesLeft, spendBytes } from '../policy/limits.js';
import type { Limit } from '../policy/rule.js';
import type { Usage } from '../protocol/messages.js';
import { type Principal, lineage, rootOf } from './keys.js';

const WORDS: Record<Budget, string> = { calls: 'call', bytes_out: 'output', tokens: 'token', usd: 'money' };

interface Counted {
  limit: Limit;
  state: LimitState;
}
/** Of one token: all its calls, and those a rule with a limit covers. Rules count for the session's token. */
interface Books {
  own: Counted[];
  rules: Map<string, Counted>;
}

export class Limiter {
  readonly #policy: CompiledPolicy;
  readonly #sessionLimits: Limit[];
  readonly #books = new WeakMap<Principal, Books>();
  readonly #monotonicMs: () => number;

  constructor(policy: CompiledPolicy, sessionLimits: Limit[], monotonicMs: () => number) {
    this.#policy = policy;
    this.#sessionLimits = sessionLimits;
    this.#monotonicMs = monotonicMs;
  }

  /** Every call, allowed or not, counts for its token and all it comes from. Throws rate_limited or budget_exhausted. */
  admitCaller(caller: Principal): void {
    const whose =
      caller.kind === 'session' ? 'this session' : `the token "${caller.label}", or of one it comes from,`;
    this.#admit(this.#ownOf(caller), whose);
  }

  /** An allowed call counts for the rules that cover it. Same errors. */
  admitToRules(caller: Principal, ids: string[]): void {
    this.#admit(this.#rulesOf(caller, ids), `rule ${ids.map((id) => JSON.stringify(id)).join(', ')}`);
  }

  /** Output of a running call. Throws budget_exhausted when it was the last that was allowed. */
  spend(caller: Principal, ids: string[], bytes: number): void {
    for (const counted of [...this.#ownOf(caller), ...this.#rulesOf(caller, ids)]) {
      if (bytes > bytesLeft(counted.limit, counted.state)) {
        throw new TurretError('budget_exhausted', 'the output budget of this session is used up', {
          hints: ['a human can raise limits.bytes_out in turret.yaml for the next session'],
        });
      }
      counted.state = spendBytes(counted.state, bytes);
    }
  }

  /** Whether a budget counts output of such a call: then all of it has to pass here. */
  counts(caller: Principal, ids: string[]): boolean {
    return [...this.#ownOf(caller), ...this.#rulesOf(caller, ids)].some(
      ({ limit, state }) => bytesLeft(limit, state) !== Infinity,
    );
  }

  /** What a call cost; the calls after it are refused when that was too much. */
  use(caller: Principal, ids: string[], { input, cached, output, usd = 0 }: Usage): void {
    for (const counted of [...this.#ownOf(caller), ...this.#rulesOf(caller, ids)]) {
      const { state } = counted;
      counted.state = { ...state, tokens: state.tokens + input + cached + output, usd: state.usd + usd };
    }
  }

  /** Calls this token, and what came from it, have made so far, against each of its own budgets. */
  used(principal: Principal): LimitState[] {
    return this.#booksOf(principal).own.map(({ state }) => state);
  }

  #ownOf(caller: Principal): Counted[] {
    return lineage(caller).flatMap((principal) => this.#booksOf(principal).own);
  }

  #rulesOf(caller: Principal, ids: string[]): Counted[] {
    const { rules } = this.#booksOf(rootOf(caller));
    return ids.map((id) => rules.get(id)).filter((counted) => counted !== undefined);
  }

  #booksOf(principal: Principal): Books {
    const known = this.#books.get(principal);
    if (known !== undefined) return known;
    const isRoot = principal.parent === undefined;
    const own = [...(isRoot ? this.#sessionLimits : []), ...principal.limits];
    const books: Books = { own: own.map(unused), rules: new Map() };
    for (const [id, { rule }] of isRoot ? this.#policy.byId : [])
      if (rule.limit !== undefined) books.rules.set(id, unused(rule.limit));
    this.#books.set(principal, books);
    return books;
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

function unused(limit: Limit): Counted {
  return { limit, state: { ...UNUSED } };
}
