import { type ErrorFacts, TurretError } from '../errors.js';
import { ERROR_CODES, type WireErrorName } from '../protocol/codes.js';
import type { JsonObject, WireError } from '../protocol/messages.js';

/** The TurretError a peer described in FATAL or END. Unknown names become `internal`: they are not ours to act on. */
export function errorFromWire(object: JsonObject): TurretError {
  const name = object['name'];
  const code =
    typeof name === 'string' && Object.hasOwn(ERROR_CODES, name) ? (name as WireErrorName) : 'internal';
  const message = typeof object['message'] === 'string' ? object['message'] : 'the peer gave no reason';
  const facts: ErrorFacts = {};
  if (typeof object['hint'] === 'string') facts.hints = [object['hint']];
  if (typeof object['rule'] === 'string') facts.rule = object['rule'];
  if (typeof object['retry_after_ms'] === 'number') facts.retryAfterMs = object['retry_after_ms'];
  if (Array.isArray(object['facts']))
    facts.facts = object['facts'].filter((fact) => typeof fact === 'string');
  return new TurretError(code, message, facts);
}

/** Why a stream was reset: payload u32 code. */
export function errorFromReset(payload: Uint8Array): TurretError {
  const code = payload.length === 4 ? new DataView(payload.buffer, payload.byteOffset, 4).getUint32(0) : 0;
  const name =
    (Object.keys(ERROR_CODES) as WireErrorName[]).find((known) => ERROR_CODES[known] === code) ?? 'internal';
  if (name === 'token_revoked') {
    return new TurretError(name, 'the call was cut off: the token of this session was revoked', {
      hints: ['retrying will not help; a human has to start a new `turret run`'],
    });
  }
  return new TurretError(name, `the call was cut off (${name.replaceAll('_', ' ')})`);
}

/** The other way: what a peer is told. Causes and stacks stay here. */
export function errorToWire(error: unknown): WireError {
  if (!(error instanceof TurretError) || !(error.code in ERROR_CODES)) {
    return { code: ERROR_CODES.internal, name: 'internal', message: 'something broke inside turret' };
  }
  const name = error.code as WireErrorName;
  const wire: WireError = { code: ERROR_CODES[name], name, message: error.message };
  if (error.hints[0] !== undefined) wire.hint = error.hints.join('; ');
  if (error.rule !== undefined) wire.rule = error.rule;
  if (error.facts !== undefined) wire.facts = error.facts;
  if (error.retryAfterMs !== undefined) wire.retry_after_ms = error.retryAfterMs;
  return wire;
}

export function brokerGone(why = 'the session is over or its broker died'): TurretError {
  return new TurretError('broker_gone', `the broker of this session cannot be reached: ${why}`, {
    hints: ['retrying will not help; start a new `turret run`'],
  });
}
