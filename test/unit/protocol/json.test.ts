import { describe, expect, it } from 'vitest';
import { parseControl, parseJson } from '../../../src/protocol/json.js';
import { bytes, codeOf, vectors } from './vectors.js';

describe('control payloads', () => {
  it.each(vectors.json_accepted)('$name: is accepted', ({ hex, value }) => {
    expect(parseJson(bytes(hex))).toEqual(value);
  });

  it.each(vectors.json_refused)('$name: is refused', ({ hex }) => {
    expect(codeOf(() => parseJson(bytes(hex)))).toBe('protocol_error');
  });

  it('must be objects', () => {
    for (const source of ['[]', '1', '"a"', 'null', 'true']) {
      expect(parseJson(Buffer.from(source))).toEqual(JSON.parse(source));
      expect(codeOf(() => parseControl(Buffer.from(source)))).toBe('protocol_error');
    }
    expect(parseControl(Buffer.from('{"a":1}'))).toEqual({ a: 1 });
  });

  it('do not change the prototype of anything', () => {
    codeOf(() => parseControl(Buffer.from('{"__proto__":{"polluted":1}}')));
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});
