// Params as words of a command line: `bucket=team-a`, `force:=true`.

import { TurretError } from '../errors.js';
import { PARAMS_MAX } from '../protocol/limits.js';
import type { Params, ParamScalar, ParamValue } from '../protocol/messages.js';

/** `k=v` is a text, `k:=v` JSON (numbers, true, false, lists); a key that comes twice is a list. Throws `usage`. */
export function parseParamWords(words: readonly string[]): Params {
  const params = new Map<string, ParamValue>();
  for (const word of words) {
    const match = /^([A-Za-z_][A-Za-z0-9_-]*)(:?=)([^]*)$/.exec(word);
    if (!match) throw usage(word);
    const [, key = '', sign, text = ''] = match;
    const value = sign === '=' ? text : parseJson(text, word);
    const before = params.get(key);
    params.set(key, before === undefined ? value : [before, value].flat());
  }
  if (params.size > PARAMS_MAX) throw new TurretError('usage', `more than ${PARAMS_MAX} params`);
  return Object.fromEntries(params);
}

function parseJson(text: string, word: string): ParamValue {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw usage(word);
  }
  if (isScalar(value)) return value;
  if (Array.isArray(value) && value.every(isScalar)) return value;
  throw usage(word);
}

function isScalar(value: unknown): value is ParamScalar {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function usage(word: string): TurretError {
  return new TurretError('usage', `${JSON.stringify(word)} is not a param`, {
    hints: ['write bucket=team-a, or limit:=10 for numbers, true, false and lists'],
  });
}
