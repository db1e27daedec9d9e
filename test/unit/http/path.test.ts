import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { normalPath, normalQuery, queryNames } from '../../../repeaters/http/path.js';
import { pathValueProblem } from '../../../src/policy/pattern.js';

describe('a path', () => {
  test.each([
    ['/', '/'],
    ['/v1/models', '/v1/models'],
    ['/v1/models/', '/v1/models/'],
    ['/%41%7e%2D', '/A~-'],
    ['/a%c3%a9', '/a%C3%A9'],
    ['/aé b', '/a%C3%A9%20b'],
    ['/v1beta/models/gemini-2.5:generateContent', '/v1beta/models/gemini-2.5:generateContent'],
    ["/repos/o/r/compare/a...b,d&e='(x)*!$+@", "/repos/o/r/compare/a...b,d&e='(x)*!$+@"],
    // Where a server would cut it off, /admin;x would be /admin to it and something else to a rule.
    ['/admin;x=1/y', '/admin%3Bx=1/y'],
    ['/admin%3bx', '/admin%3Bx'],
    ['/100%25', '/100%25'],
    ['/...', '/...'],
  ])('%s becomes %s, and stays it', (given, normal) => {
    expect(normalPath(given)).toBe(normal);
    expect(normalPath(normal)).toBe(normal);
  });

  test.each([
    ['no slash at its start', 'v1/models'],
    ['an absolute address', 'https://evil.example/v1'],
    ['a host of its own', '//evil.example/v1'],
    ['a dot segment', '/v1/../admin'],
    ['a dot segment at its end', '/v1/..'],
    ['a single dot', '/v1/./x'],
    ['an escaped dot segment', '/v1/%2e%2E/admin'],
    ['a half escaped dot segment', '/v1/.%2e/admin'],
    ['a dot segment with a matrix param', '/v1/..;x=1/admin'],
    ['a dot segment with an escaped matrix param', '/v1/..%3bx=1/admin'],
    ['an escaped slash', '/v1/a%2fb'],
    ['an escaped backslash', '/v1/a%5Cb'],
    ['a backslash', '/v1\\..\\admin'],
    ['an empty segment', '/v1//admin'],
    ['two slashes at its end', '/v1//'],
    ['a double escape', '/v1/%252e%252e/admin'],
    ['a double escape of anything', '/v1/%2541'],
    ['a query', '/v1?x=1'],
    ['a fragment', '/v1#x'],
    ['a control character', '/v1/a\r\nHost: evil'],
    ['an escaped control character', '/v1/a%0d%0ax'],
    ['an escaped NUL', '/v1/a%00'],
    ['half an escape', '/v1/a%2'],
    ['no escape', '/v1/a%zz'],
    ['bytes that are no UTF-8', '/v1/%c0%ae%c0%ae/admin'],
    ['a lone surrogate', '/v1/\ud800'],
    ['too many bytes', `/${'a'.repeat(8_192)}`],
  ])('with %s is refused', (_what, given) => {
    expect(() => normalPath(given)).toThrow(expect.objectContaining({ code: 'invalid_params' }));
  });

  test('that passes means the same to policy and to a URL parser', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.constantFrom('/', '.', '..', '%2e', '%2F', '%25', '2e', 'a', ';', '\\', 'é', '%c3%a9', '?', ':'),
        ),
        (parts) => {
          let normal: string;
          try {
            normal = normalPath(`/${parts.join('')}`);
          } catch {
            return;
          }
          expect(pathValueProblem(normal)).toBeUndefined();
          expect(new URL(`http://h${normal}`).pathname).toBe(normal);
          expect(normalPath(normal)).toBe(normal);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe('a query', () => {
  test('is escaped once, in one spelling', () => {
    expect(normalQuery('?a=%e2%82%ac&b=x y&c=%2f')).toBe('a=%E2%82%AC&b=x%20y&c=%2F');
  });

  test.each([['a=1#b'], ['a=\r\n'], ['a=%ff'], ['a=%'], [`a=${'x'.repeat(32_768)}`]])(
    '%j is refused',
    (query) => {
      expect(() => normalQuery(query)).toThrow(expect.objectContaining({ code: 'invalid_params' }));
    },
  );

  test('names its params however a server would cut it', () => {
    expect(queryNames('a=1&K%65y=2;key=3&+key=4&b')).toEqual(['a', 'key', 'key', 'key', 'b']);
    expect(queryNames('api.key=1&api%20key=2&api[key=3&API_KEY[1]=4&[x]=5')).toEqual([
      ...['api_key', 'api_key', 'api_key', 'api_key', '_x]'],
    ]);
  });
});
