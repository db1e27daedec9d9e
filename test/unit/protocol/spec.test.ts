// SPEC.md and the code say the same numbers and names.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isCarriedPath, encodeFileHeader } from '../../../src/wire/file-stream.js';
import { CHANNEL, ERROR_CODES, FLAG, FRAME, SIGNALS } from '../../../src/protocol/codes.js';
import * as limits from '../../../src/protocol/limits.js';
import { vectors } from './vectors.js';

const text = readFileSync(new URL('../../../SPEC.md', import.meta.url), 'utf8');

/** Cells of the table rows of one section. */
function rowsOf(heading: string): string[][] {
  const from = text.indexOf(`\n## ${heading}\n`);
  const to = text.indexOf('\n## ', from + 1);
  if (from < 0) throw new Error(`SPEC.md has no section ${heading}`);
  const lines = text
    .slice(from, to)
    .split('\n')
    .filter((line) => line.startsWith('| '));
  return lines.slice(1).map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
}

describe('SPEC.md', () => {
  it('has the limits of the code', () => {
    const rows = rowsOf('Limits');
    expect(rows.length).toBeGreaterThan(30);
    const inCode = new Map<string, unknown>(Object.entries(limits));
    for (const [name = '', value] of rows) expect([name, Number(value)]).toEqual([name, inCode.get(name)]);
  });

  it('has every limit of a frame, a stream and a line', () => {
    const listed = rowsOf('Limits').map(([name]) => name);
    const mine =
      /^(DATA|CONTROL|REGISTER|UNAUTHENTICATED|WINDOW|CREDIT|ARGV_(ITEMS|BYTES)|FACTS?|FILES?|LINE|JSON)_/;
    const names = Object.keys(limits).filter((name) => mine.test(name));
    expect(names.length).toBeGreaterThan(15);
    expect(listed).toEqual(expect.arrayContaining(names));
  });

  it('has every error and no other', () => {
    const rows = rowsOf('Errors').map(([code, name]) => [name, Number(code)]);
    expect(Object.fromEntries(rows)).toEqual(ERROR_CODES);
  });

  it('has every frame and no other', () => {
    const rows = rowsOf('Frames').map(([type = '', name]) => [name, Number.parseInt(type, 16)]);
    expect(Object.fromEntries(rows)).toEqual(FRAME);
  });

  it('has flags, channels and signals', () => {
    for (const [name, flag] of Object.entries(FLAG)) expect(text).toContain(`${name} 0${flag}`);
    const channels = Object.fromEntries(rowsOf('Streams').map(([number, name]) => [Number(number), name]));
    expect(Object.keys(channels).map(Number)).toEqual(Object.values(CHANNEL));
    const row = rowsOf('Frames').find(([, name]) => name === 'SIGNAL')?.[4] ?? '';
    expect(row.match(/\b[A-Z0-9]{3,4}\b/g)?.filter((word) => word !== 'JSON')).toEqual([...SIGNALS]);
  });

  it('prints the bytes of the vectors', () => {
    const hex = text.replaceAll(/\s/g, '');
    for (const key of ['transcript', 'auth_signature', 'broker_signature'] as const)
      expect(hex).toContain(vectors.handshake[key]);
    expect(text).toContain(vectors.tokens[0]?.text);
    expect(hex).toContain('01120100000000010000000368690a');
  });

  it('prints an entry of a file stream as it is', () => {
    const json = '{"path":"a.txt","kind":"file","size":3,"mode":420,"mtime_ms":0}';
    expect(isCarriedPath('a.txt')).toBe(true);
    const header = encodeFileHeader({ path: 'a.txt', kind: 'file', size: 3, mode: 420, mtime_ms: 0 });
    expect(header.subarray(4).toString()).toBe(json);
    expect(text).toContain(`${header.subarray(0, 4).toString('hex')} ${json}`);
  });
});
