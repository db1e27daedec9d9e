// One error class. `code` is from a closed union; wrong use by a programmer is a TypeError, never this.

import type { WireErrorName } from './protocol/codes.js';

/** Errors that never cross the wire. */
export type LocalErrorCode =
  | 'config_invalid'
  | 'config_unreadable'
  | 'not_in_session'
  | 'broker_gone'
  | 'broker_untrusted'
  | 'socket_path_too_long'
  | 'command_not_found'
  | 'command_not_executable'
  | 'env_refused'
  | 'isolation_unavailable'
  | 'token_malformed'
  | 'session_unknown'
  | 'audit_damaged'
  | 'state_unwritable'
  | 'state_damaged'
  | 'manifest_invalid'
  | 'secret_missing'
  | 'vault_locked'
  | 'vault_passphrase_wrong'
  | 'vault_damaged'
  | 'vault_rolled_back'
  | 'vault_exposed'
  | 'vault_unwritable'
  | 'usage';
export type ErrorCode = WireErrorName | LocalErrorCode;

export interface ErrorFacts {
  /** What to do next, one sentence each. */
  hints?: string[];
  cause?: unknown;
  rule?: string;
  facts?: string[];
  retryAfterMs?: number;
}

/** Something that went wrong and that a person or an agent can act on. */
export class TurretError extends Error {
  readonly code: ErrorCode;
  readonly hints: string[];
  readonly rule?: string;
  readonly facts?: string[];
  readonly retryAfterMs?: number;

  constructor(code: ErrorCode, message: string, facts: ErrorFacts = {}) {
    super(message, facts.cause === undefined ? {} : { cause: facts.cause });
    this.name = 'TurretError';
    this.code = code;
    this.hints = facts.hints ?? [];
    if (facts.rule !== undefined) this.rule = facts.rule;
    if (facts.facts !== undefined) this.facts = facts.facts;
    if (facts.retryAfterMs !== undefined) this.retryAfterMs = facts.retryAfterMs;
  }
}
