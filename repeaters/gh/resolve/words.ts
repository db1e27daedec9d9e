// The words an agent typed, before they mean anything. A word may hide from the person who reads the log (bidi and
// zero-width characters), or become two lines of something (CR, LF).

import { ARGV_BYTES_MAX, ARGV_ITEMS_MAX, ARGV_WORD_BYTES_MAX } from '../../../src/protocol/limits.js';
import { refusal } from './refusal.js';

const CONTROL = /[\u0000-\u001f\u007f-\u009f]/u;
const TEXT_CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/u;
const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;
/** Invisible on screen. Joiners make emoji and Indic letters, so text may have them and names may not. */
const INVISIBLE = new RegExp(
  // Alternatives instead of one class, because some of them combine with what stands before.
  String.raw`\u00ad|\u034f|[\u115f\u1160]|\u17b4|\u17b5|\u180e|\u200b|[\u2028\u2029]|[\u2060-\u2064]|[\u206a-\u206f]|\u3164|\ufeff|\uffa0|[\u{e0000}-\u{e007f}]`,
  'u',
);
const JOINER = /[\u200c\u200d]/u;

/** Flags that carry prose or a program: several lines are normal there. */
const TEXT_FLAGS: ReadonlySet<string> = new Set([
  'body',
  'notes',
  'comment',
  'desc',
  'description',
  'jq',
  'template',
  'field',
  'raw-field',
  'subject',
  'title',
]);
export function isTextFlag(long: string): boolean {
  return TEXT_FLAGS.has(long);
}

/** @throws TurretError `unresolvable` when the command line is past a bound */
export function checkSize(argv: readonly string[]): void {
  const bytes = argv.reduce((sum, word) => sum + Buffer.byteLength(word), 0);
  if (argv.length > ARGV_ITEMS_MAX || bytes > ARGV_BYTES_MAX) {
    throw refusal('the command line is too long', 'give long text with --body-file or on standard input');
  }
  if (argv.some((word) => Buffer.byteLength(word) > ARGV_WORD_BYTES_MAX)) {
    throw refusal(
      `a word of the command line is longer than ${ARGV_WORD_BYTES_MAX} bytes`,
      'give long text with --body-file or on standard input',
    );
  }
}

/** Text for people: lines and tabs are fine, what cannot be seen is not. @throws TurretError `unresolvable` */
export function checkText(value: string, what: string): void {
  if (TEXT_CONTROL.test(value) || BIDI.test(value) || INVISIBLE.test(value) || /\p{Surrogate}/u.test(value)) {
    throw refusal(
      `${what} holds characters that cannot be seen`,
      'remove control, direction and zero-width characters',
    );
  }
}

/** A name, a number, a path. @throws TurretError `unresolvable` */
export function checkWord(value: string, what: string): void {
  if (CONTROL.test(value) || JOINER.test(value)) {
    throw refusal(
      `${what} holds characters that cannot be seen`,
      'remove control, direction and zero-width characters',
    );
  }
  checkText(value, what);
}
