import { describe, expect, test } from 'vitest';
import { editDistance, nearest, nearestHint } from '../../../src/config/nearest.js';
import { parseParamWords } from '../../../src/config/param-words.js';

describe('the nearest key', () => {
  test.each([
    ['regoin', 'region', 2],
    ['', 'abc', 3],
    ['kitten', 'sitting', 3],
    ['same', 'same', 0],
  ])('%s is as far from %s as %i edits', (left, right, distance) => {
    expect(editDistance(left, right)).toBe(distance);
    expect(editDistance(right, left)).toBe(distance);
  });

  test('is only named when it is near', () => {
    expect(nearest('regoin', ['region', 'repeaters'])).toBe('region');
    expect(nearest('READONLY', ['readOnly'])).toBe('readOnly');
    expect(nearest('xyz', ['region', 'repeaters'])).toBeUndefined();
    expect(nearest('a'.repeat(100_000), ['region'])).toBeUndefined();
    expect(nearestHint('xyz', ['region', 'host'])).toBe('known: region, host');
  });
});

describe('params on a command line', () => {
  test('are texts, JSON after :=, and lists when they come twice', () => {
    expect(
      parseParamWords([
        'bucket=team-a',
        'n:=3',
        'force:=true',
        'id=1',
        'id=2',
        'expr=a=b',
        'empty=',
        'l:=["x"]',
      ]),
    ).toEqual({
      bucket: 'team-a',
      n: 3,
      force: true,
      id: ['1', '2'],
      expr: 'a=b',
      empty: '',
      l: ['x'],
    });
  });
  test.each(['bucket', '=x', 'n:=', 'n:={}', 'n:=null', 'n:=[[1]]', '$readOnly=true', 'a b=c'])(
    '%j is none',
    (word) => {
      expect(() => parseParamWords([word])).toThrow('is not a param');
    },
  );
});
