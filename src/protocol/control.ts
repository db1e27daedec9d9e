// Messages between supervisor and broker, over the inherited IPC channel. Both ends are ours and trust each other;
// the agent can reach neither end.

import type { Json, JsonObject } from './messages.js';

/** A configured repeater, as far as the broker needs to know it. */
export interface RepeaterEntry {
  name: string;
  kind: string;
  /** Command names it serves, first configured repeater first. */
  tools: string[];
}

export interface BrokerSetup {
  type: 'setup';
  /** Session id, hex. */
  sid: string;
  /** Paths; for the agent null means any port of 127.0.0.1. */
  sockets: { agent: string | null; admin: string };
  repeaters: RepeaterEntry[];
  /** Policy as plain data, see src/policy/rule.ts. */
  policy: JsonObject;
  /** Time a call may run. */
  call_ms_max: number;
  audit: {
    directory: string;
    /** The host key's signature over this session's audit key, base64url, and the host's public key. */
    certificate: string;
    host_public_key: string;
    /** Facts of the session.start record. */
    start: JsonObject;
  };
  keys: BrokerKey[];
  /** Seed of the key that the tokens pin and the broker proves itself by, base64url. */
  identity: string;
  /** Of `turret serve`: its agents' tokens are the operator's to create and revoke, and nothing is answered before it is stored. */
  server: boolean;
}

export interface BrokerKey {
  /** Ed25519 public key, base64url. */
  public_key: string;
  kind: 'session' | 'agent' | 'admin';
  label: string;
  /** Milliseconds from now. */
  lifetime_ms: number;
  revoked?: boolean;
  /** Of an agent: the part of the policy that is its, see src/token/delegation.ts, and limits of its own. */
  grants?: Json;
  limits?: Limits;
}
interface Limits {
  calls?: number;
  rate?: { count: number; period_ms: number; burst: number };
}

/** What a server remembers of an agent. Times are Unix ms. */
export interface StoredAgent {
  public_key: string;
  label: string;
  grants: Json;
  limits: Limits;
  created: number;
  not_after: number;
  revoked: { at: number; reason: string } | null;
}
export type AgentChange = { add: StoredAgent } | { revoke: string[]; reason: string };

export type ToBroker =
  | BrokerSetup
  /** Comes with the repeater's socket as its handle. */
  | { type: 'repeater_started'; name: string; pid: number }
  | { type: 'repeater_failed'; name: string; message: string; hint?: string }
  | { type: 'repeater_exited'; name: string; code: number | null; signal: string | null }
  /** The agent is about to run, in this process namespace: its session key is good in there only. */
  | { type: 'agent_namespace'; pid_namespace: string }
  /** Answers `store`: it is on the disk, or why not. */
  | { type: 'stored'; id: number; problem?: string }
  /** No new calls; `drained` when none is left. */
  | { type: 'drain' }
  /** The agent is gone: revoke, drain, write the final checkpoint. */
  | { type: 'close'; exit: number };

export type FromBroker =
  /** First message: the key its log is signed by, base64url. */
  | { type: 'ready'; audit_public_key: string }
  /** `port`: of 127.0.0.1, when the agent is met there. */
  | { type: 'listening'; port?: number }
  | { type: 'start_repeater'; name: string }
  /** Its connection is over, for whatever reason: what is left of its process must end. */
  | { type: 'repeater_lost'; name: string }
  /** Answers `agent_namespace`. */
  | { type: 'admitting' }
  /** A change of a server's agents, by their public keys. */
  | { type: 'store'; id: number; change: AgentChange }
  | { type: 'drained' }
  /** `turret revoke` took effect; the agent's token is dead. */
  | { type: 'revoked'; reason: string }
  | { type: 'closed'; summary: SessionSummary }
  | { type: 'failed'; message: string; hints: string[] };

export interface SessionSummary {
  /** Where the log ends; absent when it could not be closed properly. */
  head?: { records: number; head: string; root: string };
  allowed: number;
  denied: number;
  failed: number;
  records: number;
}
