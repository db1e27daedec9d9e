// How a repeater says a call ended, checked: its END is passed to the caller, and a shim dies of what it says.

import { TurretError } from '../errors.js';
import { ERROR_CODES, SIGNALS, type WireErrorName } from '../protocol/codes.js';
import type { End, Json, JsonObject, Usage } from '../protocol/messages.js';

const EXIT_MAX = 255;

/** The END of a call that ran; undefined when it is not a proper one. */
export function parseFinished(end: JsonObject): Extract<End, { ok: true }> | undefined {
  const { ok, exit, signal, result } = end;
  if (ok !== true || typeof exit !== 'number' || !Number.isInteger(exit) || exit < 0 || exit > EXIT_MAX)
    return undefined;
  const name = ([...SIGNALS, 'KILL'] as const).find((known) => known === signal);
  if (signal !== undefined && name === undefined) return undefined;
  return {
    ok,
    exit,
    ...(name === undefined ? {} : { signal: name }),
    ...(result === undefined ? {} : { result }),
  };
}

/** How often it took its own secret out of what it sent. For the log only: it is the repeater's word. */
export function redactedBy({ redacted }: JsonObject): number {
  return typeof redacted === 'number' && Number.isSafeInteger(redacted) && redacted > 0 ? redacted : 0;
}

/** What it says the call cost. Undefined when it does not, or not properly: nothing below zero is ever taken off a budget. */
export function usageOf({ usage }: JsonObject): Usage | undefined {
  if (usage === null || typeof usage !== 'object' || Array.isArray(usage)) return undefined;
  const { model, input, cached, output, usd, estimated } = usage;
  const isCount = (value: Json | undefined): value is number => typeof value === 'number' && value >= 0;
  if (!isCount(input) || !isCount(cached) || !isCount(output)) return undefined;
  return {
    ...(typeof model === 'string' ? { model } : {}),
    ...{ input, cached, output },
    ...(isCount(usd) ? { usd } : {}),
    ...(estimated === true ? { estimated } : {}),
  };
}

/** Why a call that ran has no proper end. */
export function repeaterError(end: JsonObject): TurretError {
  const error = end['error'];
  const said = error !== null && typeof error === 'object' && !Array.isArray(error) ? error : {};
  const { name, message, hint } = said;
  const code =
    typeof name === 'string' && Object.hasOwn(ERROR_CODES, name) ? (name as WireErrorName) : 'repeater_error';
  return new TurretError(code, typeof message === 'string' ? message : 'the repeater gave no proper end', {
    hints: typeof hint === 'string' ? [hint] : [],
  });
}
