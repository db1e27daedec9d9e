import { assert as property, constantFrom, integer, property as holds } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TurretError } from '../../../src/errors.js';
import { formatToken, parseToken } from '../../../src/token/token.js';
import { bytes, codeOf, vectors } from './vectors.js';

function refusalOf(text: string): TurretError {
  try {
    parseToken(text);
  } catch (error) {
    if (error instanceof TurretError) return error;
    throw error;
  }
  throw new Error('it was read');
}

describe('the text form of a token', () => {
  it('is the published one', () => {
    expect(vectors.tokens[0]?.text).toBe(
      'trt_05utW1UE93xxDcTCJWGi3dt88tFLBDLykaLNMBTeNwsx9nEwA0gKy9AFjm4QqnoU',
    );
  });

  it.each(vectors.tokens)('$name: is read and written', ({ text, kind, seed, sid }) => {
    expect(text).toHaveLength(68);
    expect(formatToken({ kind, seed: bytes(seed), sid: bytes(sid) })).toBe(text);
    expect(parseToken(text)).toEqual({ kind, seed: bytes(seed), sid: bytes(sid) });
  });

  it.each(vectors.tokens_refused)('$name: is refused, and no part of it is repeated', ({ text }) => {
    const { code, message, hints } = refusalOf(text);
    expect(code).toBe('token_malformed');
    const said = [message, ...hints].join(' ');
    const parts = Array.from({ length: Math.max(0, text.length - 5) }, (_, at) => text.slice(at, at + 6));
    expect(parts.filter((part) => said.includes(part))).toEqual([]);
  });

  it('does not survive any single wrong character', () => {
    const text = vectors.tokens[0]?.text ?? '';
    property(
      holds(
        integer({ min: 0, max: 67 }),
        constantFrom('0', 'a', 'Z', '9', 'z', 'q', '-', '_'),
        (at, character) => {
          const wrong = text.slice(0, at) + character + text.slice(at + 1);
          expect(codeOf(() => parseToken(wrong))).toBe(wrong === text ? undefined : 'token_malformed');
        },
      ),
      { numRuns: 300 },
    );
  });
});
