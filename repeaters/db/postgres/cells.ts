// Values as PostgreSQL writes them. What is no number, truth or JSON stays its text, which PostgreSQL reads back exactly.

import { type Cell, wholeNumber } from '../result-text.js';

/** Object ids of types, which are part of PostgreSQL's interface (pg_type.dat). */
const BOOL = 16;
const WHOLE = new Set([20, 21, 23, 26]);
const FLOAT = new Set([700, 701]);
const JSON_TYPES = new Set([114, 3802]);

/** @param type object id of the column's type */
export function cellOf(value: string | null, type: number): Cell {
  if (value === null) return null;
  if (type === BOOL) return { json: value === 't' ? 'true' : 'false' };
  if (WHOLE.has(type)) return wholeNumber(value);
  // Not a number, and the infinities, are no JSON.
  if (FLOAT.has(type)) return /^-?\d/.test(value) ? { json: value } : { text: value };
  // Line breaks are between its tokens only.
  if (JSON_TYPES.has(type)) return { json: value.replaceAll(/[\r\n]/g, ' ') };
  return { text: value };
}
