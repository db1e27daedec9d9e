// The path of a request, brought into its one form before policy sees it, and sent in that form. What a server, a proxy or
// a framework might fold into another path is refused: it would be decided on as one thing and served as another.

import { TurretError } from '../../src/errors.js';
import { HTTP_PATH_BYTES_MAX, HTTP_QUERY_BYTES_MAX } from '../../src/protocol/limits.js';

const UNRESERVED = /[A-Za-z0-9._~-]/;
/** pchar of RFC 3986 and "/", without escapes and ";": some servers cut a segment off there, and serve "/admin;x" as "/admin". */
const PATH_UNITS = /[A-Za-z0-9._~!$&'()*+,=:@/-]/;
const QUERY_UNITS = /[A-Za-z0-9._~!$&'()*+,;=:@/?-]/;

/**
 * Upper case escapes, nothing escaped that need not be, everything else escaped.
 * @throws TurretError `invalid_params`
 */
export function normalPath(path: string): string {
  if (Buffer.byteLength(path) > HTTP_PATH_BYTES_MAX)
    throw refused(`is longer than ${HTTP_PATH_BYTES_MAX} bytes`);
  if (!path.startsWith('/')) throw refused('does not begin with /');
  if (path.includes('?') || path.includes('#'))
    throw refused('has a ? or a # in it', 'what follows ? is the param query');
  const normal = escaped(path, PATH_UNITS);
  if (/%(?:2F|5C)/.test(normal)) throw refused('has an escaped slash or backslash');
  // Decoded twice it would be something else; "100%25" at the end of a word would not.
  if (/%25[0-9A-Fa-f]{2}/.test(normal)) throw refused('is escaped twice');
  const segments = normal.slice(1).split('/');
  if (segments.slice(0, -1).includes('')) throw refused('has an empty segment');
  if (segments.some((segment) => /^\.{1,2}(?:%3B|$)/.test(segment))) throw refused('has a dot segment');
  return normal;
}

/** What follows the `?`. Same errors. */
export function normalQuery(query: string): string {
  if (Buffer.byteLength(query) > HTTP_QUERY_BYTES_MAX)
    throw refused(`is longer than ${HTTP_QUERY_BYTES_MAX} bytes`, undefined, 'query');
  if (query.includes('#')) throw refused('has a # in it', undefined, 'query');
  return escaped(query.startsWith('?') ? query.slice(1) : query, QUERY_UNITS, 'query');
}

/** Names of the params of a query, decoded and as `paramName` has them, however a server would cut it. */
export function queryNames(query: string): string[] {
  return query
    .split(/[&;]/)
    .map((pair) => paramName(decodeURIComponent((pair.split('=', 1)[0] ?? '').replaceAll('+', ' '))));
}

/** Equal for what one server or another takes for the same param: `Key`, `key[]` and `key[0]`; to PHP also `api.key` for `api_key`, up to a NUL. */
export function paramName(name: string): string {
  return name
    .trim()
    .toLowerCase()
    .replace(/\0.*$|(?<=.)\[.*\].*$/s, '')
    .replaceAll(/[ .[]/g, '_');
}

function escaped(text: string, allowed: RegExp, what = 'path'): string {
  if (!text.isWellFormed()) throw refused('is no Unicode', undefined, what);
  let normal = '';
  for (let at = 0; at < text.length;) {
    const character = String.fromCodePoint(text.codePointAt(at) as number);
    if (character === '%') {
      normal += escape(text.slice(at, at + 3), what);
      at += 3;
      continue;
    }
    if (character === '\\') throw refused('has a backslash', undefined, what);
    if (character < ' ' || character === '\u007f') throw refused('has a control character', undefined, what);
    normal += allowed.test(character) ? character : percent(Buffer.from(character));
    at += character.length;
  }
  try {
    decodeURIComponent(normal);
  } catch {
    // Bytes that are no UTF-8: every server makes something else of them.
    throw refused('has escapes that are no UTF-8', undefined, what);
  }
  return normal;
}

function escape(triplet: string, what: string): string {
  if (!/^%[0-9A-Fa-f]{2}$/.test(triplet))
    throw refused('has a % that begins no escape', 'write % as %25', what);
  const code = Number.parseInt(triplet.slice(1), 16);
  const character = String.fromCharCode(code);
  if (what === 'path' && (code < 0x20 || code === 0x7f))
    throw refused('has an escaped control character', undefined, what);
  return UNRESERVED.test(character) ? character : triplet.toUpperCase();
}

function percent(bytes: Buffer): string {
  return [...bytes].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
}

function refused(
  why: string,
  hint = 'write the path plainly, each segment once',
  what = 'path',
): TurretError {
  return new TurretError('invalid_params', `the ${what} ${why}`, { hints: [hint] });
}
