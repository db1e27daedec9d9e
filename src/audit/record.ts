// The record types of audit log schema 1 and the order of their fields. SPEC.md §Audit log.
// Nothing here is safe to print: argv, params and reasons hold bytes the agent chose.

import type { Json, JsonObject, Params, Usage } from '../protocol/messages.js';

/** What an agent may do with one capability, as the log keeps it: no annotations but the one that decides about syncing. */
export interface LoggedCapability {
  action: string;
  params: Params;
  unbounded?: string[];
  read_only?: boolean;
}

export interface SessionStart {
  type: 'session.start';
  turret: string;
  label: string;
  /** Base name of the agent's command; the whole command line, redacted, is `argv`. */
  command: string;
  argv: string[];
  isolation: string;
  policy_sha256: string;
  /** Where the policy came from: presets and files, in order. */
  config: string[];
  pid: number;
  /** Ed25519 public key of this session's checkpoints, base64url. Filled in by the writer, like the next two. */
  key?: string;
  host_key?: string;
  /** The host key's signature over "turret-audit-key-v1\0" ‖ sid ‖ key. */
  certificate?: string;
}
export interface SessionEnd {
  type: 'session.end';
  exit: number | null;
  signal?: string;
  reason: string;
  ms: number;
  calls: number;
  allowed: number;
  denied: number;
}
export interface TokenIssued {
  type: 'token.issued';
  kid: string;
  key: string;
  kind: string;
  label?: string;
  not_after?: string;
  /** Of an agent of a server. */
  grants?: Json;
}
/** A token's holder signed a part of its rights over to a new key. */
export interface TokenAttenuated {
  type: 'token.attenuated';
  kid: string;
  key: string;
  label: string;
  /** Kid of the key that signed it. */
  parent: string;
  depth: number;
  not_after: string;
  max_calls?: Json;
  grants: Json;
  /** Of the text that was signed, which is not kept: it is redacted here like everything an agent writes. */
  delegation_sha256: string;
  delegation_sig: string;
}
export interface TokenRevoked {
  type: 'token.revoked';
  kid: string;
  reason: string;
  by: string;
  cancelled: number;
}
export interface AuthOk {
  type: 'auth.ok';
  connection: number;
  kid: string;
  client?: string;
}
export interface AuthFail {
  type: 'auth.fail';
  connection: number;
  kid?: string;
  code: string;
  reason?: string;
}
/** The caller's own signature over the request, so that an auditor with the public key needs to trust nobody. */
export interface CallSignature {
  ctr: number;
  stream: number;
  /** Transcript hash of the connection. */
  T: string;
  /** SHA-256 of the request's JSON as it was sent. */
  json_sha256: string;
  s: string;
}
export interface CallDecided {
  type: 'call.decided';
  call: string;
  kid: string;
  /** `session/child`: labels of the tokens on the way, where the session has more than one. */
  agent?: string;
  tool?: string;
  argv?: string[];
  /** Action of the first capability, for grep. */
  action: string;
  capabilities: LoggedCapability[];
  params_sha256: string;
  effect: 'allow' | 'deny';
  rule?: string;
  layer?: string;
  /** `file:line` of the rule. */
  source?: string;
  reason?: string;
  sig?: CallSignature;
}
/** Refused before policy was asked: not understood, over a limit, no repeater. */
export interface CallRefused {
  type: 'call.refused';
  call: string;
  kid: string;
  agent?: string;
  tool?: string;
  argv?: string[];
  action?: string;
  params?: Params;
  code: string;
  reason: string;
  sig?: CallSignature;
}
export interface CallFinished {
  type: 'call.finished';
  call: string;
  /** `unknown`: it may have happened, nobody can say (cancelled or crashed after dispatch). */
  outcome: 'done' | 'failed' | 'unknown';
  exit?: number | null;
  signal?: string;
  error?: string;
  ms: number;
  in: number;
  out: number;
  /** Times the repeater took its own secret out of what it sent back. */
  redacted?: number;
  /** Its output went past the broker: `out` counts that by the repeater's word, and not at all where the call broke off. */
  handoff?: true;
}
/** What a model's answer cost, as the repeater reports it: before `call.finished`, or after it when the caller had hung up. */
export interface CallUsage extends Usage {
  type: 'call.usage';
  call: string;
}
export interface RepeaterStart {
  type: 'repeater.start';
  repeater: string;
  kind: string;
  pid: number;
  command_sha256?: string;
}
export interface RepeaterRegistered {
  type: 'repeater.registered';
  repeater: string;
  version: string;
  actions: number;
  tools: string[];
  descriptor_sha256: string;
}
export interface RepeaterExit {
  type: 'repeater.exit';
  repeater: string;
  pid: number;
  exit: number | null;
  signal?: string;
  stderr?: string;
}
export interface LogRecovered {
  type: 'log.recovered';
  bytes: number;
  sha256: string;
}

export type AuditRecord =
  | SessionStart
  | SessionEnd
  | TokenIssued
  | TokenAttenuated
  | TokenRevoked
  | AuthOk
  | AuthFail
  | CallDecided
  | CallRefused
  | CallFinished
  | CallUsage
  | RepeaterStart
  | RepeaterRegistered
  | RepeaterExit
  | LogRecovered;
export type RecordType = AuditRecord['type'];
type FieldsOf<T extends RecordType> = Exclude<keyof Extract<AuditRecord, { type: T }>, 'type'>;

/** Field order in the line, after `v seq prev ts mono_us sid type`. An absent field is left out. */
export const RECORD_FIELDS: { readonly [T in RecordType]: readonly FieldsOf<T>[] } = {
  'session.start': [
    'turret',
    'label',
    'command',
    'argv',
    'isolation',
    'policy_sha256',
    'config',
    'pid',
    'key',
    'host_key',
    'certificate',
  ],
  'session.end': ['exit', 'signal', 'reason', 'ms', 'calls', 'allowed', 'denied'],
  'token.issued': ['kid', 'key', 'kind', 'label', 'not_after', 'grants'],
  'token.attenuated': [
    'kid',
    'key',
    'label',
    'parent',
    'depth',
    'not_after',
    'max_calls',
    'grants',
    'delegation_sha256',
    'delegation_sig',
  ],
  'token.revoked': ['kid', 'reason', 'by', 'cancelled'],
  'auth.ok': ['connection', 'kid', 'client'],
  'auth.fail': ['connection', 'kid', 'code', 'reason'],
  'call.decided': [
    'call',
    'kid',
    'agent',
    'tool',
    'argv',
    'action',
    'capabilities',
    'params_sha256',
    'effect',
    'rule',
    'layer',
    'source',
    'reason',
    'sig',
  ],
  'call.refused': ['call', 'kid', 'agent', 'tool', 'argv', 'action', 'params', 'code', 'reason', 'sig'],
  'call.finished': ['call', 'outcome', 'exit', 'signal', 'error', 'ms', 'in', 'out', 'redacted', 'handoff'],
  'call.usage': ['call', 'model', 'input', 'cached', 'output', 'usd', 'estimated'],
  'repeater.start': ['repeater', 'kind', 'pid', 'command_sha256'],
  'repeater.registered': ['repeater', 'version', 'actions', 'tools', 'descriptor_sha256'],
  'repeater.exit': ['repeater', 'pid', 'exit', 'signal', 'stderr'],
  'log.recovered': ['bytes', 'sha256'],
};

const CAPABILITY_FIELDS = ['action', 'params', 'unbounded', 'read_only'] as const;
const SIGNATURE_FIELDS = ['ctr', 'stream', 'T', 'json_sha256', 's'] as const;

function pick(value: object, fields: readonly string[]): JsonObject {
  // The record types above hold nothing that is not JSON.
  const from = value as JsonObject;
  const picked: JsonObject = {};
  for (const field of fields) {
    const found = from[field];
    if (found !== undefined) picked[field] = shape(field, found);
  }
  return picked;
}

function shape(field: string, value: Json): Json {
  if (field === 'capabilities' && Array.isArray(value)) {
    return value.map((capability) => pick(Object(capability), CAPABILITY_FIELDS));
  }
  return field === 'sig' ? pick(Object(value), SIGNATURE_FIELDS) : value;
}

/** The record's own fields in their fixed order, whatever order the caller wrote them in. */
export function bodyOf(record: AuditRecord): JsonObject {
  return pick(record, RECORD_FIELDS[record.type]);
}
