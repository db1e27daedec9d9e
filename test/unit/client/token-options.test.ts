import { describe, expect, it } from 'vitest';

import { parseCount, parseGrantWords, parseTtl } from '../../../src/client/token-options.js';
import { codeOf } from '../protocol/vectors.js';

describe('the options that describe a token', () => {
  it.each([['90s', 90_000], ['15m', 900_000], ['8h', 28_800_000], ['30d', 2_592_000_000]])('%s is %d ms', (text, ms) => {
    expect(parseTtl(text)).toBe(ms);
  }); // prettier-ignore

  it.each(['', '0m', '-1h', '15', '15 m', '1.5h', '1y', '99999999s', 'soon', '1h30m'])(
    '%j is no time to live',
    (text) => {
      expect(codeOf(() => parseTtl(text))).toBe('usage');
    },
  );

  it.each(['0', '-1', '1.5', '1e3', 'many', '', '9999999999999999'])('%j is no number of calls', (text) => {
    expect(codeOf(() => parseCount('calls', text))).toBe('usage');
    expect(parseCount('calls', '50')).toBe(50);
  });

  it('every --allow has its own conditions and all of --where; a name twice means either', () => {
    expect(
      parseGrantWords(['aws.s3.* bucket=a-* bucket=b', 'gh.**'], ['region=eu-*', 'n:=5', '$readOnly:=true']),
    ).toEqual([
      { allow: ['aws.s3.*'], where: { bucket: ['a-*', 'b'], region: ['eu-*'], n: [5], $readOnly: [true] } },
      { allow: ['gh.**'], where: { region: ['eu-*'], n: [5], $readOnly: [true] } },
    ]);
  });

  it.each([
    ['nothing allowed', [], []],
    ['no action', ['bucket=a'], []],
    ['an empty one', ['  '], []],
    ['a condition without a value', ['a.b bucket'], []],
    ['a name that is none', ['a.b'], ['=x']],
    ['JSON that is a list', ['a.b'], ['n:=[1]']],
    ['JSON that is none', ['a.b'], ['n:=five']],
  ])('%s is refused', (_what, allow, where) => {
    expect(codeOf(() => parseGrantWords(allow, where))).toBe('usage');
  });
});
