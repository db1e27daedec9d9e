// What a shell sees when it was Turret and not the tool that ended a command.

import type { ErrorCode, TurretError } from '../errors.js';
import { EXIT } from '../protocol/codes.js';

// Complete on purpose: a new kind of error does not compile until somebody has decided what it means to a script.
const EXIT_CODES: Record<ErrorCode, number> = {
  denied: EXIT.DENIED,
  rate_limited: EXIT.DENIED,
  budget_exhausted: EXIT.DENIED,
  no_such_action: EXIT.DENIED,
  invalid_params: EXIT.DENIED,
  unresolvable: EXIT.DENIED,
  audit_unavailable: EXIT.DENIED,
  deadline_exceeded: EXIT.DEADLINE,
  cancelled: EXIT.CANCELLED,
  protocol_error: EXIT.BROKEN,
  frame_too_large: EXIT.BROKEN,
  version_unsupported: EXIT.BROKEN,
  unauthenticated: EXIT.BROKEN,
  token_revoked: EXIT.BROKEN,
  token_expired: EXIT.BROKEN,
  replay: EXIT.BROKEN,
  flow_control: EXIT.BROKEN,
  too_many_streams: EXIT.BROKEN,
  draining: EXIT.BROKEN,
  facts_needed: EXIT.BROKEN,
  repeater_unavailable: EXIT.BROKEN,
  repeater_crashed: EXIT.BROKEN,
  repeater_error: EXIT.BROKEN,
  output_limit: EXIT.BROKEN,
  no_credentials: EXIT.BROKEN,
  internal: EXIT.BROKEN,
  config_invalid: EXIT.BROKEN,
  config_unreadable: EXIT.BROKEN,
  not_in_session: EXIT.BROKEN,
  broker_gone: EXIT.BROKEN,
  broker_untrusted: EXIT.BROKEN,
  socket_path_too_long: EXIT.BROKEN,
  command_not_found: EXIT.NOT_FOUND,
  command_not_executable: EXIT.DENIED,
  env_refused: EXIT.BROKEN,
  isolation_unavailable: EXIT.BROKEN,
  token_malformed: EXIT.BROKEN,
  session_unknown: EXIT.BROKEN,
  audit_damaged: EXIT.BROKEN,
  state_unwritable: EXIT.BROKEN,
  state_damaged: EXIT.BROKEN,
  manifest_invalid: EXIT.BROKEN,
  secret_missing: EXIT.BROKEN,
  vault_locked: EXIT.BROKEN,
  vault_passphrase_wrong: EXIT.BROKEN,
  vault_damaged: EXIT.BROKEN,
  vault_rolled_back: EXIT.BROKEN,
  vault_exposed: EXIT.BROKEN,
  vault_unwritable: EXIT.BROKEN,
  usage: EXIT.BROKEN,
};

/** 126 refused, 124 too late, 130 cancelled, 125 anything that is Turret's own trouble. */
export function exitCodeOf(error: TurretError): number {
  return EXIT_CODES[error.code];
}
