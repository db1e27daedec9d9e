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
