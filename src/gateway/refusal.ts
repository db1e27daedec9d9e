// What a program is told when Turret says no: an answer in the form that clients of model APIs read a message from.

import { clip, escapeForeign } from '../audit/escape.js';
import type { ErrorCode, TurretError } from '../errors.js';

const MESSAGE_CHARACTERS_MAX = 2_000;
const STATUS: Partial<Record<ErrorCode, number>> = {
  denied: 403,
  rate_limited: 429,
  budget_exhausted: 403,
  no_such_action: 404,
  invalid_params: 400,
  unresolvable: 400,
  token_revoked: 401,
  token_expired: 401,
  deadline_exceeded: 504,
  repeater_error: 502,
  repeater_crashed: 502,
  repeater_unavailable: 503,
  too_many_streams: 503,
  output_limit: 502,
  broker_gone: 503,
};

export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

export function answerTo(error: TurretError): Answer {
  const wait = error.code === 'rate_limited' ? error.retryAfterMs : undefined;
  return answerOf({
    status: STATUS[error.code] ?? 500,
    code: error.code,
    message: [error.message, ...error.hints].join('; '),
    ...(wait === undefined ? {} : { retryAfterMs: wait }),
  });
}

export function answerOf(refused: {
  status: number;
  code: string;
  message: string;
  retryAfterMs?: number;
}): Answer {
  const message = `turret: ${clip(escapeForeign(refused.message), MESSAGE_CHARACTERS_MAX)}`;
  const type =
    refused.status === 429
      ? 'rate_limit_error'
      : refused.status === 401
        ? 'authentication_error'
        : 'permission_error';
  const error = { type, code: refused.code, message, param: null };
  return {
    status: refused.status,
    headers: {
      'content-type': 'application/json',
      // The official clients try again by themselves, and it would not help.
      ...(refused.retryAfterMs === undefined
        ? { 'x-should-retry': 'false' }
        : { 'retry-after': String(Math.ceil(refused.retryAfterMs / 1_000)) }),
    },
    body: JSON.stringify({ type: 'error', error }),
  };
}
