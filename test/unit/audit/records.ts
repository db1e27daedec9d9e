// Records as a broker writes them, and a writer with a clock that stands under the test's control.

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { certify } from '../../../src/audit/certificate.js';
import type { AuditRecord, CallDecided, SessionEnd, SessionStart } from '../../../src/audit/record.js';
import { signingKey } from '../../../src/crypto/ed25519.js';
import { recoverLog } from '../../../src/platform/audit-recover.js';
import { AuditWriter, type AuditWriterOptions } from '../../../src/platform/audit-file.js';

export const SID = Buffer.from('03396219237f75a64f12', 'hex');
export const AUDIT_SEED = Buffer.alloc(32, 0x61);
export const HOST = signingKey(Buffer.alloc(32, 0x68));

export const START: SessionStart = {
  type: 'session.start',
  turret: '0.1.0',
  label: 'fixer',
  command: 'claude',
  argv: ['claude', '-p', 'list the buckets'],
  isolation: 'strict',
  policy_sha256: 'ab'.repeat(32),
  config: ['preset:aws-readonly'],
  pid: 4242,
};
export const END: SessionEnd = {
  type: 'session.end',
  exit: 0,
  reason: 'the agent exited',
  ms: 60_000,
  calls: 2,
  allowed: 1,
  denied: 1,
};

export function decided(call: string, change: Partial<CallDecided> = {}): CallDecided {
  return {
    type: 'call.decided',
    call,
    kid: 'Vkdap1RjR0wChQ',
    tool: 'aws',
    argv: ['s3', 'ls'],
    action: 'aws.s3.list_buckets',
    capabilities: [{ action: 'aws.s3.list_buckets', params: { command: 's3 ls' }, read_only: true }],
    params_sha256: 'cd'.repeat(32),
    effect: 'allow',
    rule: 'aws-readonly/1',
    layer: 'preset',
    source: 'aws-readonly.yaml:4',
    ...change,
  };
}
export function finished(call: string): AuditRecord {
  return { type: 'call.finished', call, outcome: 'done', exit: 0, ms: 12, in: 0, out: 512 };
}

export function temporaryDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'turret-audit-'));
}

export function openWriter(directory: string, change: Partial<AuditWriterOptions> = {}): AuditWriter {
  let clock = Date.UTC(2026, 0, 1);
  return AuditWriter.open({
    recover: recoverLog,
    directory,
    sid: SID,
    auditSeed: Buffer.from(AUDIT_SEED),
    certificate: certify(HOST, SID, signingKey(AUDIT_SEED).publicKey),
    now: () => (clock += 1_000),
    monotonic: () => clock - Date.UTC(2026, 0, 1),
    ...change,
  });
}

/** A session of `calls` calls, every third denied, closed unless told otherwise. */
export function writeSession(directory: string, calls: number, options: { close: boolean }): AuditWriter {
  const writer = openWriter(directory);
  writer.append(START);
  for (let index = 0; index < calls; index += 1) {
    const denied = index % 3 === 2;
    writer.append(
      denied
        ? decided(`c${index}`, {
            action: 'aws.s3.delete_bucket',
            capabilities: [{ action: 'aws.s3.delete_bucket', params: { bucket: 'prod' } }],
            effect: 'deny',
            reason: 'no rule allows it',
          })
        : decided(`c${index}`),
    );
    if (!denied) writer.append(finished(`c${index}`));
  }
  if (options.close) {
    writer.append(END);
    writer.close();
  }
  return writer;
}
