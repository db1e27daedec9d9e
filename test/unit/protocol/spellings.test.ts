import { describe, expect, it } from 'vitest';
import { spellings } from '../../../src/protocol/spellings.js';

const SECRET = 'a/b+c=d&"ü\n<e>';
const texts = spellings(SECRET).map(String);

describe('spellings of a secret', () => {
  it('has the secret in base64 wherever it stands in a text, in both alphabets, alone and before other bytes', () => {
    for (const before of ['', 'x', 'xy', 'xyz', 'user:']) {
      for (const after of ['', '!', '!!', '!!!']) {
        const whole = Buffer.from(before + SECRET + after);
        for (const alphabet of ['base64', 'base64url'] as const) {
          const text = whole.toString(alphabet);
          const found = texts.filter((form) => text.includes(form));
          expect([text, found.length > 0]).toEqual([text, true]);
        }
      }
    }
  });

  it('leaves at most one character at each end of base64 out', () => {
    const text = Buffer.from(`x${SECRET}y`).toString('base64');
    const longest = Math.max(...texts.filter((form) => text.includes(form)).map(({ length }) => length));
    // One byte and the first bits of another before it, the last bits and one byte after it.
    expect(text.replaceAll('=', '').length - longest).toBeLessThanOrEqual(4);
  });

  it.each([
    ['turned round', Array.from(SECRET).reverse().join('')],
    ['hex', Buffer.from(SECRET).toString('hex')],
    ['upper-case hex', Buffer.from(SECRET).toString('hex').toUpperCase()],
    ['encodeURIComponent', encodeURIComponent(SECRET)],
    ['encodeURI', encodeURI(SECRET).replaceAll('%22', '%22')],
    ['a form', new URLSearchParams({ s: SECRET }).toString().slice(2)],
    ['lower-case percent escapes', 'a%2fb%2bc%3dd%26%22%c3%bc%0a%3ce%3e'],
    ['a path', 'a/b%2Bc%3Dd%26%22%C3%BC%0A%3Ce%3E'],
    ['percent escapes of everything', '%61%2F%62%2B%63%3D%64%26%22%C3%BC%0A%3C%65%3E'],
    ['JSON', String.raw`a/b+c=d&\"ü\n<e>`],
    ['JSON of PHP', String.raw`a\/b+c=d&\"ü\n<e>`],
    ['JSON of Go', String.raw`a/b+c=d\u0026\"ü\n\u003ce\u003e`],
    ['ASCII JSON of Python', String.raw`a/b+c=d&\"\u00fc\n<e>`],
    ['JSON with everything escaped', Array.from(SECRET).map(unicodeEscape).join('')],
    [
      'JSON with everything escaped in upper case',
      Array.from(SECRET)
        .map((one) => unicodeEscape(one).toUpperCase().replace('U', 'u'))
        .join(''),
    ],
    ['JSON in JSON', JSON.stringify(JSON.stringify(SECRET)).slice(3, -3)],
    ['base64 in a URL', encodeURIComponent(Buffer.from(SECRET).toString('base64').replace(/=+$/, ''))],
    ['HTML of Python', 'a/b+c=d&amp;&quot;ü\n&lt;e&gt;'],
    ['HTML of Go', 'a/b&#43;c=d&amp;&#34;ü\n&lt;e&gt;'],
    ['HTML of Mustache', 'a&#x2F;b+c&#x3D;d&amp;&quot;ü\n&lt;e&gt;'],
    ['UTF-16', String(Buffer.from(SECRET, 'utf16le'))],
  ])('has %s', (_name, text) => {
    expect(texts).toContain(text);
  });

  it('takes white space around a secret for no part of it', () => {
    expect(spellings(` ${SECRET}\n`).map(String)).toEqual(texts);
  });

  it('has none of a secret shorter than eight bytes, and no form shorter than that', () => {
    expect(spellings('7 bytes')).toEqual([]);
    expect(Math.min(...spellings('8 bytes.').map(({ length }) => length))).toBe(8);
  });
});

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
