// Words and bytes that parsers have been wrong about.

import * as fc from 'fast-check';

/** Words that mean something to a CLI, a shell, a path, a URL or to JavaScript. */
export const NASTY: readonly string[] = [
  'allowed', 's3://allowed/k', 's3://allowed/dir/', 's3://', 's3://allowed', 's3://Allowed/k', 'S3://allowed/k',
  '-', '--', '---', '--endpoint-url=https://evil.example', '--x', '--x=', '-1', '-1.5', '-x', '-１', '--=', '=',
  'a=b', 'a=b,c=d', 'a@=file://x', 'Key=a,Value=b', 'file://x', 'fileb:///tmp/x', 'FILE://x', ' file://x',
  'file://$HOME', 'file://~/.aws/credentials', 'https://evil.example', 'http:evil', 'HTTPS://evil.example',
  './a/b', '../x', 'a/../b', 'a//b', '/tmp/y', '/tmp/../etc/passwd', '/etc/passwd', '/proc/self/environ', '.git',
  '.git/config', '.', '..', '~', '~root', '$HOME', '${HOME}', '$(id)', '`id`', '%2e%2e', '%2F', '%00', '%',
  '[{"a":"b"}]', '{"a":["b"]}', '[', '{', 'a b', ' ', '', '\n', '\t', '\r', '\u0000', '\u001b[2J', '\u202e', '\u200b',
  '\u00e9', 'e\u0301', '\u{1f600}', '\u212a', '\u0130', '\ufeff', '\u{e0041}', '\ud800', '\udc00',
  'us-east-1', 'text', 'json', 'help', 'wait', '__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty',
  "'", '"', '\\', '0', '007', '+5', '1e3', '9007199254740993', '99999999999999999999', 'NaN', 'true', 'false', 'null',
  '@me', '@x', '@-', '*', '**', '?', '#1', '#', 'a,b', 'OR', 'repo:x/y', '{owner}', ':owner', 'origin', 'acme/app',
  'ACME/App', 'github.com/acme/app', 'https://github.com/acme/app/pull/3', 'https://evil.example/acme/app/pull/3',
]; // prettier-ignore

export const anyText = fc.oneof(
  { arbitrary: fc.string({ maxLength: 12 }), weight: 2 },
  { arbitrary: fc.string({ unit: 'binary', maxLength: 6 }), weight: 1 },
  { arbitrary: fc.string({ unit: 'grapheme', maxLength: 6 }), weight: 1 },
);
export const nasty = fc.constantFrom(...NASTY);
/** One word an agent might type. */
export const word = fc.oneof(
  { arbitrary: nasty, weight: 5 },
  { arbitrary: anyText, weight: 3 },
  { arbitrary: fc.tuple(nasty, nasty).map((pair) => pair.join('')), weight: 2 },
);

/** Texts made of the given pieces, with something else between them now and then. */
export function pieced(pieces: readonly string[], maxLength = 30): fc.Arbitrary<string> {
  const piece = fc.oneof(
    { arbitrary: fc.constantFrom(...pieces), weight: 8 },
    { arbitrary: anyText, weight: 1 },
  );
  return fc.array(piece, { maxLength }).map((parts) => parts.join(''));
}

/** `whole` in pieces: the same bytes, as a socket might deliver them. */
export function cutAt(whole: Uint8Array, places: readonly number[]): Buffer[] {
  const bytes = Buffer.from(whole);
  const cuts = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...cuts].map((from, index) => bytes.subarray(from, cuts[index] ?? bytes.length));
}
export const places = fc.array(fc.nat({ max: 0xff_ffff }), { maxLength: 12 });

/** The bytes with some of them changed, left out, doubled or put in. */
export function mutated(bytes: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Buffer> {
  const edit = fc.record({
    at: fc.nat(),
    kind: fc.constantFrom('set', 'drop', 'insert', 'repeat'),
    with: fc.uint8Array({ minLength: 1, maxLength: 4 }),
  });
  return fc.tuple(bytes, fc.array(edit, { maxLength: 4 })).map(([start, edits]) => {
    let now = Buffer.from(start);
    for (const { at, kind, with: part } of edits) {
      const place = at % (now.length + 1);
      const [before, after] = [now.subarray(0, place), now.subarray(place)];
      if (kind === 'set') now = Buffer.concat([before, part, after.subarray(part.length)]);
      else if (kind === 'drop') now = Buffer.concat([before, after.subarray(part.length)]);
      else if (kind === 'insert') now = Buffer.concat([before, part, after]);
      else now = Buffer.concat([before, after.subarray(0, 16), after]);
    }
    return now;
  });
}
