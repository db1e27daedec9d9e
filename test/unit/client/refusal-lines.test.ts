import { expect, test } from 'vitest';

import { exitCodeOf } from '../../../src/client/exit-code.js';
import { refusalLines } from '../../../src/client/refusal-lines.js';
import { TurretError } from '../../../src/errors.js';

test('a denial is two lines: what, and that retrying will not help', () => {
  const error = new TurretError('denied', 'denied aws.s3.delete_bucket (bucket="x") by rule "no-rm"', {
    hints: ['retrying will not help', 'allowed here: aws.s3.list_buckets'],
  });
  expect(refusalLines(error)).toBe(
    'turret: denied aws.s3.delete_bucket (bucket="x") by rule "no-rm"\n' +
      'turret: hint: retrying will not help; allowed here: aws.s3.list_buckets\n',
  );
});

test.each([
  '\u001b]52;c;ZXZpbA\u0007',
  '\u009b31m',
  '\u202e',
  '\u200b',
  '\r',
  '\n',
  '\u2028',
  '\u{e0041}',
  '\ud800',
])('the character of %j that a terminal obeys is shown, not obeyed', (text) => {
  const lines = refusalLines(new TurretError('denied', `denied ${text}`, { hints: [text] }));
  expect(lines.split('\n').join('')).not.toContain(text);
  expect(lines.split('\n')).toHaveLength(3);
});

test('a message without end is cut', () => {
  expect(refusalLines(new TurretError('internal', 'x'.repeat(1_000_000))).length).toBeLessThan(2_100);
});

test('a refusal is 126, turret’s own trouble 125, and neither is the other', () => {
  const codes = (['denied', 'broker_gone', 'deadline_exceeded', 'cancelled'] as const).map((code) =>
    exitCodeOf(new TurretError(code, 'x')),
  );
  expect(codes).toEqual([126, 125, 124, 130]);
});
