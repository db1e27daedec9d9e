// From what happens in the broker to records in the log. A record that says yes is written before the yes is acted on.

import { sha256 } from '../crypto/hash.js';
import type { TurretError } from '../errors.js';
import type { AuditWriter, LogHead } from '../platform/audit-file.js';
import type { CallFinished } from '../audit/record.js';
import type { SessionSummary, StoredAgent } from '../protocol/control.js';
import { parseControl } from '../protocol/json.js';
import type { AgentCall, Capability, Json, Params, Register, Usage } from '../protocol/messages.js';
import { toBase64url } from '../wire/handshake.js';
import type { Decided } from './authorize.js';
import { type CallEvidence, paramsHash } from './evidence.js';
import type { Principal, SignedDelegation } from './keys.js';

export class Recorder {
  readonly #log: AuditWriter;
  readonly #startedMs: number;
  readonly #monotonicMs: () => number;
  #connections = 0;
  readonly #counts = { allowed: 0, denied: 0, failed: 0 };

  constructor(log: AuditWriter, monotonicMs: () => number) {
    this.#log = log;
    this.#monotonicMs = monotonicMs;
    this.#startedMs = monotonicMs();
  }

  /** The decision on one call. Throws audit_unavailable; then the answer is no. */
  decided(evidence: CallEvidence, capabilities: Capability[], decision: Decided): void {
    const { call, kid, agent, sig, request } = evidence;
    const allowed = decision.effect === 'allow';
    this.#log.append({
      type: 'call.decided',
      call,
      kid,
      ...(agent === undefined ? {} : { agent }),
      ...asked(request),
      action: decision.action,
      capabilities: capabilities.map(({ action, params, unbounded, annotations }) => ({
        action,
        params,
        ...(unbounded === undefined ? {} : { unbounded }),
        read_only: annotations.readOnly,
      })),
      params_sha256: paramsHash(capabilities),
      effect: allowed ? 'allow' : 'deny',
      ...(decision.rule === undefined ? {} : { rule: decision.rule.id, layer: decision.rule.layer }),
      ...(decision.rule?.file === undefined
        ? {}
        : { source: `${decision.rule.file}:${decision.rule.line ?? 0}` }),
      reason: decision.effect === 'ask' ? 'ask' : decision.reason,
      sig,
    });
    if (allowed && capabilities.some(({ annotations }) => !annotations.readOnly)) this.#log.sync();
    this.#counts[allowed ? 'allowed' : 'denied'] += 1;
  }

  /** Refused before policy was asked. A refusal that cannot be written is still a refusal. */
  refused(evidence: CallEvidence, error: TurretError): void {
    this.#counts.failed += 1;
    const { call, kid, agent, sig, request } = evidence;
    this.#attempt(() =>
      this.#log.append({
        type: 'call.refused',
        call,
        kid,
        ...(agent === undefined ? {} : { agent }),
        ...asked(request),
        ...askedByName(request),
        code: error.code,
        reason: error.message,
        sig,
      }),
    );
  }

  finished(record: Omit<CallFinished, 'type'>): void {
    this.#attempt(() => this.#log.append({ type: 'call.finished', ...record }));
  }

  used(call: string, usage: Usage): void {
    this.#attempt(() => this.#log.append({ type: 'call.usage', call, ...usage }));
  }

  authenticated(principal: Principal, client: string): void {
    this.#connections += 1;
    this.#log.append({ type: 'auth.ok', connection: this.#connections, kid: principal.kid, client });
  }

  authFailed(error: TurretError): void {
    this.#connections += 1;
    this.#attempt(() =>
      this.#log.append({
        type: 'auth.fail',
        connection: this.#connections,
        code: error.code,
        reason: error.message,
      }),
    );
  }

  /** An agent of a server. Throws audit_unavailable; then it is none. */
  issued({ kid, label }: Principal, { public_key, grants, not_after }: StoredAgent): void {
    const ends = new Date(not_after).toISOString();
    this.#log.append({
      type: 'token.issued',
      kid,
      key: public_key,
      kind: 'agent',
      label,
      not_after: ends,
      grants,
    });
    this.#log.sync();
  }

  /** A key that may talk from now on. Throws audit_unavailable; then it may not. */
  attenuated(child: Principal, parent: Principal, { json, signature }: SignedDelegation): void {
    const { not_after, max_calls, grants } = parseControl(json);
    this.#log.append({
      type: 'token.attenuated',
      kid: child.kid,
      key: toBase64url(child.key.publicKey),
      label: child.label,
      parent: parent.kid,
      depth: child.depth,
      not_after: new Date(Number(not_after)).toISOString(),
      ...(max_calls === undefined ? {} : { max_calls }),
      grants: grants as Json,
      delegation_sha256: toBase64url(sha256(json)),
      delegation_sig: toBase64url(signature),
    });
    this.#log.sync();
  }

  /** Durable before anybody is told that they are dead. */
  revoked(principals: Principal[], reason: string, by: string, cancelled: number): void {
    if (principals.length === 0) return;
    this.#attempt(() => {
      for (const { kid } of principals)
        this.#log.append({ type: 'token.revoked', kid, reason, by, cancelled });
      this.#log.sync();
    });
  }

  repeaterStarted(repeater: string, kind: string, pid: number): void {
    this.#attempt(() => this.#log.append({ type: 'repeater.start', repeater, kind, pid }));
  }

  repeaterRegistered(register: Register): void {
    const descriptor_sha256 = sha256(Buffer.from(JSON.stringify(register.actions))).toString('base64url');
    const { repeater, version, tools, actions } = register;
    this.#attempt(() =>
      this.#log.append({
        type: 'repeater.registered',
        repeater,
        version,
        actions: actions.length,
        tools,
        descriptor_sha256,
      }),
    );
  }

  repeaterExited(repeater: string, pid: number, exit: number | null, signal: string | null): void {
    this.#attempt(() =>
      this.#log.append({
        type: 'repeater.exit',
        repeater,
        pid,
        exit,
        ...(signal === null ? {} : { signal }),
      }),
    );
  }

  /** The last record and the final checkpoint. */
  close(exit: number | null, reason: string): SessionSummary {
    const { allowed, denied, failed } = this.#counts;
    this.#attempt(() =>
      this.#log.append({
        type: 'session.end',
        exit,
        reason,
        ms: Math.round(this.#monotonicMs() - this.#startedMs),
        calls: allowed + denied + failed,
        allowed,
        denied: denied + failed,
      }),
    );
    let head: LogHead | undefined;
    this.#attempt(() => {
      head = this.#log.close();
    });
    return { ...this.#counts, records: head?.records ?? 0, ...(head === undefined ? {} : { head }) };
  }

  // For records of what already happened: there is nobody left to say no to. The log itself stays failed, so that the
  // next *decision* is denied.
  #attempt(write: () => void): void {
    try {
      write();
    } catch (error) {
      process.stderr.write(`turret: ${error instanceof Error ? error.message : 'the audit log failed'}\n`);
    }
  }
}

function asked(request: AgentCall | undefined): { tool?: string; argv?: string[] } {
  if (request === undefined || !('tool' in request)) return {};
  return { tool: request.tool, argv: request.argv };
}

/** What the decision on an action says by itself. */
function askedByName(request: AgentCall | undefined): { action?: string; params?: Params } {
  return request !== undefined && 'action' in request
    ? { action: request.action, params: request.params }
    : {};
}
