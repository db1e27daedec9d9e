import { describe, expect, test } from 'vitest';

import { type Cell, ResultText, changesText, wholeNumber } from '../../../repeaters/db/result-text.js';
import { cellOf } from '../../../repeaters/db/postgres/cells.js';

const NO_BOUNDS = { asked: undefined, rows: 100, bytes: 10_000 };
const CELLS: Cell[] = [
  null,
  { text: '' },
  { text: 'a,"b"\r\nc' },
  { json: '12.50' },
  { bytes: Uint8Array.of(0, 255) },
];
const COLUMNS = ['n', 'empty', 'text', 'number', 'bytes'];

describe('a row', () => {
  test('is one line of JSON, whatever is in it', () => {
    const text = new ResultText(COLUMNS, { format: 'json', bounds: NO_BOUNDS });
    expect(text.head()).toBe('');
    const line = text.row(CELLS) ?? '';
    expect(line.match(/\n/g)).toHaveLength(1);
    expect(JSON.parse(line)).toEqual({
      n: null,
      empty: '',
      text: 'a,"b"\r\nc',
      number: 12.5,
      bytes: { base64: 'AP8=' },
    });
    expect(line).toContain('"number":12.50');
  });

  test('tells NULL from an empty text in CSV', () => {
    const text = new ResultText(COLUMNS, { format: 'csv', bounds: NO_BOUNDS });
    expect(text.head()).toBe('n,empty,text,number,bytes\n');
    expect(text.row(CELLS)).toBe(',"","a,""b""\r\nc",12.50,\\x00ff\n');
  });

  test('has each of two columns of one name, also of a name like that', () => {
    const text = new ResultText(['a', 'a', 'a_2', '__proto__'], { format: 'json', bounds: NO_BOUNDS });
    const line = text.row([{ json: '1' }, { json: '2' }, { json: '3' }, { json: '4' }]);
    expect(line).toBe('{"a":1,"a_2":2,"a_2_2":3,"__proto__":4}\n');
  });

  test('keeps a whole number whole where a reader of JSON would round it', () => {
    expect(wholeNumber('9007199254740991')).toEqual({ json: '9007199254740991' });
    expect(wholeNumber('9007199254740993')).toEqual({ text: '9007199254740993' });
    expect(wholeNumber('-9223372036854775808')).toEqual({ text: '-9223372036854775808' });
  });
});

describe('a bound', () => {
  const rowsOf = (bounds: { asked: number | undefined; rows: number; bytes: number }) => {
    const text = new ResultText(['a'], { format: 'json', bounds });
    const lines: string[] = [];
    for (let row = 0; row < 9; row += 1) {
      const line = text.row([{ json: String(row) }]);
      if (line !== undefined) lines.push(line);
    }
    return { lines: lines.length, cut: text.cut };
  };

  test('of rows lets that many through, and says so only when there was one more', () => {
    expect(rowsOf({ ...NO_BOUNDS, rows: 3 })).toEqual({ lines: 3, cut: 'rows' });
    expect(rowsOf({ ...NO_BOUNDS, rows: 9 })).toEqual({ lines: 9, cut: undefined });
    expect(rowsOf({ ...NO_BOUNDS, asked: 2, rows: 3 })).toEqual({ lines: 2, cut: 'asked' });
    expect(rowsOf({ ...NO_BOUNDS, asked: 5, rows: 3 })).toEqual({ lines: 3, cut: 'rows' });
  });

  test('of bytes lets no line through that passes it', () => {
    expect(rowsOf({ ...NO_BOUNDS, bytes: 16 })).toEqual({ lines: 2, cut: 'bytes' });
    expect(rowsOf({ ...NO_BOUNDS, bytes: 15 })).toEqual({ lines: 1, cut: 'bytes' });
  });
});

test('a statement without rows says how many it changed', () => {
  expect(changesText(3, 'json')).toBe('{"changes":3}\n');
  expect(changesText(0n, 'csv')).toBe('changes\n0\n');
});

describe('a value of PostgreSQL', () => {
  test.each([
    [null, 23, null],
    ['t', 16, { json: 'true' }],
    ['f', 16, { json: 'false' }],
    ['7', 21, { json: '7' }],
    ['9007199254740993', 20, { text: '9007199254740993' }],
    ['1e+20', 701, { json: '1e+20' }],
    ['-0', 701, { json: '-0' }],
    ['NaN', 701, { text: 'NaN' }],
    ['-Infinity', 700, { text: '-Infinity' }],
    ['12.500', 1700, { text: '12.500' }],
    ['{"a":\n[1]}', 114, { json: '{"a": [1]}' }],
    ['\\x00', 17, { text: '\\x00' }],
    ['{1,NULL}', 1007, { text: '{1,NULL}' }],
    ['infinity', 1114, { text: 'infinity' }],
  ])('%s of type %i', (value, type, cell) => {
    expect(cellOf(value, type)).toEqual(cell);
  });
});
