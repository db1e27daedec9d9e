// How a part of a token is described on a command line: `--allow "aws.s3.list_* bucket=team-a-*" --ttl 15m --calls 50`.

import { TurretError } from '../errors.js';
import type { ParamScalar } from '../protocol/messages.js';
import type { Grant } from '../token/delegation.js';

const UNIT_MS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const CONDITION = /^(?<name>\$?[A-Za-z][A-Za-z0-9_.-]*)(?<json>:)?=(?<value>.*)$/s;

/** `15m` in milliseconds. Throws TurretError usage. */
export function parseTtl(text: string): number {
  const { count, unit } = /^(?<count>[1-9][0-9]{0,6})(?<unit>[smhd])$/.exec(text)?.groups ?? {};
  const unitMs = UNIT_MS[unit ?? ''];
  if (unitMs !== undefined) return Number(count) * unitMs;
  throw usage(`${JSON.stringify(text.slice(0, 40))} is not a time to live`, 'write 90s, 15m, 8h or 30d');
}

/** `50`. Throws TurretError usage. */
export function parseCount(option: string, text: string): number {
  const count = /^[1-9][0-9]{0,14}$/.test(text) ? Number(text) : 0;
  if (count > 0) return count;
  throw usage(
    `--${option} ${JSON.stringify(text.slice(0, 40))} is no number of calls`,
    'write a whole number from 1',
  );
}

/** Every `--allow` with its own conditions and with all of `--where`. Throws TurretError usage. */
export function parseGrantWords(allow: string[], where: string[]): Grant[] {
  if (allow.length === 0)
    throw usage('nothing is allowed', 'say what it may do: --allow "aws.s3.list_* bucket=team-a-*"');
  return allow.map((text) => {
    const [pattern = '', ...conditions] = text.trim().split(/\s+/);
    if (pattern === '' || pattern.includes('='))
      throw usage(`${JSON.stringify(text)} names no action`, '--allow "ACTION [NAME=VALUE…]"');
    return { allow: [pattern], where: valuesOf([...conditions, ...where]) };
  });
}

/** The same name twice means either value. */
function valuesOf(conditions: string[]): Record<string, ParamScalar[]> {
  const values = new Map<string, ParamScalar[]>();
  for (const text of conditions) {
    const { name, json, value } = CONDITION.exec(text)?.groups ?? {};
    if (name === undefined || value === undefined)
      throw usage(`${JSON.stringify(text)} is no condition`, 'write NAME=PATTERN, or NAME:=5 for a number');
    values.set(name, [...(values.get(name) ?? []), json === undefined ? value : scalarOf(text, value)]);
  }
  return Object.fromEntries(values);
}

function scalarOf(text: string, value: string): ParamScalar {
  try {
    const parsed: unknown = JSON.parse(value);
    if (typeof parsed === 'number' || typeof parsed === 'boolean') return parsed;
  } catch {
    // Said below.
  }
  throw usage(`${JSON.stringify(text)} is no condition`, 'after := comes a number, true or false');
}

function usage(message: string, hint: string): TurretError {
  return new TurretError('usage', message, { hints: [hint] });
}
