// Which headers pass, both ways: a list, because nobody knows all that a server obeys. What carries a credential, chooses
// another method or another tenant, or says how bytes are cut is on neither.

import { TurretError } from '../../src/errors.js';
import { HTTP_HEADERS_MAX, HTTP_HEADER_BYTES_MAX } from '../../src/protocol/limits.js';

const SENT = [
  'accept',
  'accept-language',
  'content-type',
  'user-agent',
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'idempotency-key',
  'prefer',
  'anthropic-version',
  'anthropic-beta',
  'openai-beta',
  'x-github-api-version',
  'stripe-version',
];
const RETURNED = new Set([
  'accept-ranges',
  'allow',
  'cache-control',
  'content-disposition',
  'content-language',
  'content-range',
  'content-type',
  'date',
  'deprecation',
  'etag',
  'expires',
  'last-modified',
  'link',
  'location',
  'request-id',
  'retry-after',
  'retry-after-ms',
  'stripe-version',
  'sunset',
  'vary',
  'x-request-id',
  'x-should-retry',
]);
const RETURNED_PREFIXES = ['anthropic-', 'openai-', 'ratelimit-', 'x-ratelimit-', 'x-github-'];

/** Never sent for an agent, whatever the configuration adds. */
const NEVER = new Set([
  'accept-encoding', 'authorization', 'connection', 'content-encoding', 'content-length', 'cookie', 'cookie2', 'expect',
  'forwarded', 'host', 'keep-alive', 'proxy-authorization', 'proxy-connection', 'te', 'trailer', 'transfer-encoding',
  'upgrade', 'via', 'x-api-key', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-goog-api-key',
  'x-http-method', 'x-http-method-override', 'x-method-override', 'x-original-url', 'x-rewrite-url',
]); // prettier-ignore

export type HeaderPair = readonly [name: string, value: string];

/** Names in lower case. */
export function sentHeaders(
  added: readonly string[],
  { ofAuth, redacted }: { ofAuth: string | undefined; redacted: boolean },
): Set<string> {
  // Of an upstream that sends back what it was sent, an agent would have the secret in pieces that nobody knows for one.
  const ranges = redacted ? [] : ['range', 'if-range'];
  const names = [...SENT, ...ranges, ...added.map((name) => name.toLowerCase())];
  return new Set(names.filter((name) => !NEVER.has(name) && name !== ofAuth));
}

/**
 * `Name: value` lines of a caller, those that pass, names in lower case, in order of name. What is not on the list is
 * left out: programs send a lot of themselves.
 * @throws TurretError `invalid_params`
 */
export function readHeaders(lines: readonly string[], passing: ReadonlySet<string>): string[] {
  if (lines.length > HTTP_HEADERS_MAX) throw refused(`more than ${HTTP_HEADERS_MAX} headers`);
  const kept = new Map<string, string>();
  for (const line of lines) {
    const [name, value] = pairOf(line);
    if (!passing.has(name)) continue;
    // Of two, one server takes the first and another the last.
    if (kept.has(name)) throw refused(`the header ${name} is there twice`);
    kept.set(name, value);
  }
  return [...kept]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, value]) => `${name}: ${value}`);
}

/** One line of `readHeaders`. Same errors. */
export function pairOf(line: string): HeaderPair {
  const [, name = '', value = ''] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}):[ \t]*(.*)$/s.exec(line) ?? [];
  if (name === '') throw refused('a header is not written as Name: value');
  if (value.length > HTTP_HEADER_BYTES_MAX || !/^[\t\u0020-\u007e]*$/.test(value))
    throw refused(`the value of the header ${name.toLowerCase()} is too long, or more than plain text`);
  return [name.toLowerCase(), value.trim()];
}

/** Of the upstream's answer, what goes back. */
export function returnedHeaders(headers: Record<string, string | string[] | undefined>): HeaderPair[] {
  return Object.entries(headers).flatMap(([name, value]) => {
    const passes = RETURNED.has(name) || RETURNED_PREFIXES.some((prefix) => name.startsWith(prefix));
    return passes && value !== undefined ? [value].flat().map((each): HeaderPair => [name, each]) : [];
  });
}

function refused(message: string): TurretError {
  return new TurretError('invalid_params', message, {
    hints: ['headers are texts: "accept: application/json"'],
  });
}
