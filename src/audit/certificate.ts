// The host key vouches once, at the start of a session, for the key that signs its checkpoints.

import { verify, type SigningKey } from '../crypto/ed25519.js';

const DOMAIN = Buffer.from('turret-audit-key-v1\0');

/** What a host says about one session's key. */
export interface AuditCertificate {
  hostKey: Buffer;
  signature: Buffer;
}

export function certify(host: SigningKey, sid: Uint8Array, auditKey: Uint8Array): AuditCertificate {
  return { hostKey: host.publicKey, signature: host.sign(Buffer.concat([DOMAIN, sid, auditKey])) };
}

/** Whether this host vouched for this key in this session. */
export function isCertified(certificate: AuditCertificate, sid: Uint8Array, auditKey: Uint8Array): boolean {
  return verify(certificate.hostKey, Buffer.concat([DOMAIN, sid, auditKey]), certificate.signature);
}
