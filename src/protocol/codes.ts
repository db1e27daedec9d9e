// Numbers and names on the wire. SPEC.md §Frames and §Errors.

export const FRAME = {
  HELLO: 0x00,
  AUTH: 0x01,
  WELCOME: 0x02,
  REGISTER: 0x03,
  REGISTERED: 0x04,
  PING: 0x05,
  GOAWAY: 0x06,
  NOTICE: 0x07,
  FATAL: 0x08,
  CALL: 0x10,
  STATUS: 0x11,
  DATA: 0x12,
  CREDIT: 0x13,
  SIGNAL: 0x14,
  RESIZE: 0x15,
  CANCEL: 0x16,
  END: 0x17,
  RESET: 0x18,
  GREASE: 0x80,
} as const;

export const FLAG = { FIN: 0x01, SIGNED: 0x02, ACK: 0x04 } as const;

/** What the bytes of a DATA frame are. */
export const CHANNEL = { STDIN: 0, STDOUT: 1, STDERR: 2, RESULT: 3, FILES: 4 } as const;

export const ERROR_CODES = {
  protocol_error: 100,
  frame_too_large: 101,
  version_unsupported: 102,
  unauthenticated: 103,
  token_revoked: 104,
  token_expired: 105,
  replay: 106,
  flow_control: 107,
  too_many_streams: 108,
  draining: 109,
  denied: 200,
  rate_limited: 203,
  budget_exhausted: 204,
  no_such_action: 300,
  invalid_params: 301,
  unresolvable: 302,
  facts_needed: 303,
  repeater_unavailable: 400,
  repeater_crashed: 401,
  repeater_error: 402,
  deadline_exceeded: 403,
  cancelled: 404,
  output_limit: 405,
  no_credentials: 406,
  audit_unavailable: 407,
  internal: 500,
} as const;
export type WireErrorName = keyof typeof ERROR_CODES;
export type WireErrorCode = (typeof ERROR_CODES)[WireErrorName];

/** Exit codes of Turret itself, where the tool's own exit code does not exist. */
export const EXIT = { DEADLINE: 124, BROKEN: 125, DENIED: 126, NOT_FOUND: 127, CANCELLED: 130 } as const;

/** Signals a caller may forward. KILL is not forwardable; that is CANCEL. */
export const SIGNALS = ['INT', 'TERM', 'HUP', 'QUIT', 'USR1', 'USR2', 'PIPE'] as const;
export type SignalName = (typeof SIGNALS)[number];
