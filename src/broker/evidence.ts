import { sha256 } from '../crypto/hash.js';
import type { AgentCall, Capability } from '../protocol/messages.js';

/** Who asked what, with the proof that they did. */
export interface CallEvidence {
  call: string;
  kid: string;
  request: AgentCall | undefined;
  sig: { ctr: number; stream: number; T: string; json_sha256: string; s: string };
}

/** Hash of exactly what was decided on, before redaction. */
export function paramsHash(capabilities: Capability[]): string {
  const decided = capabilities.map(({ action, params }) => ({ action, params }));
  return sha256(Buffer.from(JSON.stringify(decided))).toString('base64url');
}
