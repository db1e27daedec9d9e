import { sha256 } from '../crypto/hash.js';
import type { AgentCall, Capability } from '../protocol/messages.js';
import { toBase64url } from '../wire/handshake.js';
import { type Principal, lineage } from './keys.js';
import type { SignedRequest } from './signatures.js';

/** Who asked what, with the proof that they did. */
export interface CallEvidence {
  call: string;
  kid: string;
  /** Labels from the session's token to the caller's, where there is more than one key to tell apart. */
  agent?: string;
  request: AgentCall | undefined;
  sig: { ctr: number; stream: number; T: string; json_sha256: string; s: string };
}

export function evidenceOf(
  call: string,
  caller: Principal,
  request: AgentCall | undefined,
  signed: SignedRequest & { stream: number },
): CallEvidence {
  const { counter, stream, transcript, signature, digest } = signed;
  return {
    call,
    kid: caller.kid,
    ...agentOf(caller),
    request,
    sig: {
      ctr: Number(counter),
      stream,
      T: toBase64url(transcript),
      json_sha256: toBase64url(digest),
      s: toBase64url(signature),
    },
  };
}

function agentOf(caller: Principal): { agent?: string } {
  const labels = lineage(caller).map(({ label }) => label);
  return caller.kind !== 'session' ? { agent: labels.toReversed().join('/') } : {};
}

/** Hash of exactly what was decided on, before redaction. */
export function paramsHash(capabilities: Capability[]): string {
  const decided = capabilities.map(({ action, params }) => ({ action, params }));
  return toBase64url(sha256(Buffer.from(JSON.stringify(decided))));
}
