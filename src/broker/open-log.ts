// The log of one broker, begun: what it is of, and every key that was good from the start.

import { AuditWriter } from '../platform/audit-file.js';
import type { BrokerSetup } from '../protocol/control.js';
import { kidOf } from '../token/identity.js';
import { fromBase64url, toBase64url } from '../wire/handshake.js';

/** Throws TurretError audit_unavailable; then nothing may run. */
export function openLog(setup: BrokerSetup, auditSeed: Buffer): AuditWriter {
  const started = process.hrtime.bigint();
  const log = AuditWriter.open({
    directory: setup.audit.directory,
    sid: Buffer.from(setup.sid, 'hex'),
    auditSeed,
    certificate: {
      hostKey: fromBase64url('host_public_key', setup.audit.host_public_key, 32),
      signature: fromBase64url('certificate', setup.audit.certificate, 64),
    },
    now: Date.now,
    monotonic: () => Number((process.hrtime.bigint() - started) / 1000n),
  });
  log.append({ type: 'session.start', ...(setup.audit.start as object) } as Parameters<
    AuditWriter['append']
  >[0]);
  for (const { kind, public_key, label, lifetime_ms, revoked } of setup.keys) {
    if (kind === 'admin' || revoked === true || lifetime_ms <= 0) continue;
    const kid = toBase64url(kidOf(fromBase64url('public_key', public_key, 32)));
    log.append({ type: 'token.issued', kid, key: public_key, kind, label });
  }
  return log;
}
