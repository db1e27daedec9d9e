// What a session did, counted record by record in bounded memory. The records may be damaged or invented: whoever shows
// a summary says beside it whether the log verifies.

import { AUDIT_FINDINGS_MAX } from '../protocol/limits.js';
import type { Json, JsonObject } from '../protocol/messages.js';
import type { ReadLine } from './read-line.js';

export interface ActionCount {
  action: string;
  allowed: number;
  denied: number;
}
/** Who asked, where it was another token than the session's own: `session/child`, or an agent of a server. */
export interface AgentCount {
  agent: string;
  allowed: number;
  denied: number;
}
export interface Denial {
  action: string;
  reason: string;
  rule?: string;
  /** `file:line` of the rule. */
  source?: string;
  count: number;
  /** The first call refused like this, for `turret audit show`. */
  call: string;
}
export interface SessionSummary {
  label: string;
  command: string;
  argv: string[];
  isolation: string;
  started: string;
  /** Time of the last record. */
  ended: string;
  ms: number;
  exit: number | null;
  signal: string | undefined;
  calls: { allowed: number; denied: number; refused: number };
  actions: ActionCount[];
  agents: AgentCount[];
  denials: Denial[];
  bytes: { in: number; out: number };
  /** Of models: answers that cost something, tokens, and US dollars where there was a price. */
  models: { answers: number; input: number; cached: number; output: number; usd: number };
  /** Calls whose tool exited with something else than 0, or that Turret could not perform. */
  failed: number;
  auth_failures: number;
  repeater_crashes: number;
}

export function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}
export function numberOf(value: Json | undefined): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}
export function textsOf(value: Json | undefined): string[] {
  return Array.isArray(value)
    ? value.map((item) => (typeof item === 'string' ? item : JSON.stringify(item)))
    : [];
}

/** `aws s3 ls` when no action could be told. */
function askedFor(value: JsonObject): string {
  const action = textOf(value['action']);
  return action === '' ? textOf(value['tool']) || '(nothing understood)' : action;
}

export class Summarizer {
  readonly #actions = new Map<string, ActionCount>();
  readonly #agents = new Map<string, AgentCount>();
  readonly #denials = new Map<string, Denial>();
  readonly #summary: SessionSummary = {
    label: '',
    command: '',
    argv: [],
    isolation: '',
    started: '',
    ended: '',
    ms: 0,
    exit: null,
    signal: undefined,
    calls: { allowed: 0, denied: 0, refused: 0 },
    actions: [],
    agents: [],
    denials: [],
    bytes: { in: 0, out: 0 },
    models: { answers: 0, input: 0, cached: 0, output: 0, usd: 0 },
    failed: 0,
    auth_failures: 0,
    repeater_crashes: 0,
  };

  add({ type, value }: ReadLine): void {
    const summary = this.#summary;
    summary.ended = textOf(value['ts']);
    if (summary.started === '') summary.started = summary.ended;
    switch (type) {
      case 'session.start':
        summary.label = textOf(value['label']);
        summary.command = textOf(value['command']);
        summary.argv = textsOf(value['argv']);
        summary.isolation = textOf(value['isolation']);
        break;
      case 'session.end':
        summary.exit = typeof value['exit'] === 'number' ? value['exit'] : null;
        if (typeof value['signal'] === 'string') summary.signal = value['signal'];
        break;
      case 'call.decided':
        this.#decided(value);
        break;
      case 'call.refused':
        summary.calls.refused += 1;
        this.#asked(value, false);
        this.#deny(value);
        break;
      case 'call.finished':
        summary.bytes.in += numberOf(value['in']);
        summary.bytes.out += numberOf(value['out']);
        if (value['exit'] !== 0) summary.failed += 1;
        break;
      case 'call.usage':
        summary.models.answers += 1;
        for (const key of ['input', 'cached', 'output', 'usd'] as const)
          summary.models[key] += numberOf(value[key]);
        break;
      case 'auth.fail':
        summary.auth_failures += 1;
        break;
      case 'repeater.exit':
        if (value['exit'] !== 0) summary.repeater_crashes += 1;
        break;
      default:
      // Other types, newer ones included, are counted by nobody.
    }
  }

  finish(): SessionSummary {
    const { started, ended } = this.#summary;
    const ms = Date.parse(ended) - Date.parse(started);
    return {
      ...this.#summary,
      ms: Number.isFinite(ms) ? Math.max(0, ms) : 0,
      actions: [...this.#actions.values()].sort(
        (a, b) => b.allowed + b.denied - a.allowed - a.denied || (a.action < b.action ? -1 : 1),
      ),
      agents: [...this.#agents.values()].sort((a, b) => (a.agent < b.agent ? -1 : 1)),
      denials: [...this.#denials.values()].sort((a, b) => b.count - a.count),
    };
  }

  #decided(value: JsonObject): void {
    const allowed = value['effect'] === 'allow';
    this.#summary.calls[allowed ? 'allowed' : 'denied'] += 1;
    this.#asked(value, allowed);
    this.#count(askedFor(value), allowed);
    if (!allowed) this.#deny(value);
  }

  #asked(value: JsonObject, allowed: boolean): void {
    const agent = textOf(value['agent']);
    if (agent === '') return;
    const count = this.#agents.get(agent) ?? { agent, allowed: 0, denied: 0 };
    count[allowed ? 'allowed' : 'denied'] += 1;
    if (this.#agents.size < AUDIT_FINDINGS_MAX || this.#agents.has(agent)) this.#agents.set(agent, count);
  }

  #count(action: string, allowed: boolean): void {
    const count = this.#actions.get(action) ?? { action, allowed: 0, denied: 0 };
    count[allowed ? 'allowed' : 'denied'] += 1;
    if (this.#actions.size < AUDIT_FINDINGS_MAX || this.#actions.has(action))
      this.#actions.set(action, count);
  }

  #deny(value: JsonObject): void {
    const [action, reason, rule, source] = [
      askedFor(value),
      textOf(value['reason']) || textOf(value['code']),
      textOf(value['rule']),
      textOf(value['source']),
    ];
    const key = JSON.stringify([action, reason, rule]);
    const denial = this.#denials.get(key);
    if (denial !== undefined) denial.count += 1;
    else if (this.#denials.size < AUDIT_FINDINGS_MAX) {
      this.#denials.set(key, {
        action,
        reason,
        ...(rule === '' ? {} : { rule }),
        ...(source === '' ? {} : { source }),
        count: 1,
        call: textOf(value['call']),
      });
    }
  }
}
