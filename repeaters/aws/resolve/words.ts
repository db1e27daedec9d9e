// First look at a command line: bounds and bytes only. Nothing is understood yet, and nothing unreadable gets further:
// a word that a person cannot read in the audit log cannot be approved either.

import { ARGV_BYTES_MAX, ARGV_ITEMS_MAX, ARGV_WORD_BYTES_MAX } from '../../../src/protocol/limits.js';
import { quote, refuse } from './refuse.js';

// C0 without tab and line feed, DEL, C1, soft hyphen, Arabic letter mark, zero-width and bidi controls, line and paragraph separators,
// word joiner and invisible operators, byte order mark, interlinear marks, tags.
const UNREADABLE =
  // oxlint-disable-next-line no-control-regex, no-misleading-character-class
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff]|[\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]/u;

/** Checks bounds and characters of every word. Tab and line feed pass here: only document-like values may hold them (values.ts). */
export function screenWords(argv: string[]): void {
  if (argv.length === 0) refuse('no command was given', 'try: aws sts get-caller-identity');
  if (argv.length > ARGV_ITEMS_MAX)
    refuse(`more than ${ARGV_ITEMS_MAX} words in one command`, 'split it into several commands');
  let bytes = 0;
  for (const word of argv) {
    const size = Buffer.byteLength(word);
    bytes += size;
    if (size > ARGV_WORD_BYTES_MAX) {
      refuse(
        `a word of this command is longer than ${ARGV_WORD_BYTES_MAX} bytes`,
        'put long documents into a file and pass file://NAME',
      );
    }
    if (word === '')
      refuse('an empty word cannot be passed on', 'leave the option out instead of giving it an empty value');
    if (!word.isWellFormed() || UNREADABLE.test(word)) {
      refuse(
        `control or invisible characters in ${quote(word)}`,
        'type the value with visible characters only',
      );
    }
  }
  if (bytes > ARGV_BYTES_MAX)
    refuse(
      `this command is longer than ${ARGV_BYTES_MAX} bytes`,
      'put long documents into a file and pass file://NAME',
    );
}
