// Arguments are bytes, and Node has made texts of them: what is not UTF-8 is another word by now, the name of another file perhaps.

import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';

import { TurretError } from '../errors.js';

/** What Node puts in the place of bytes that are no text. */
const REPLACEMENT = '\u{fffd}';

/** Throws TurretError usage when the agent would get other words than were typed. */
export function requireText(argv: readonly string[]): void {
  if (!argv.some((word) => word.includes(REPLACEMENT)) || isUtf8(commandLine())) return;
  throw new TurretError('usage', 'an argument is not UTF-8, and would be another one for the agent', {
    hints: ['rename the file, or put the words into a script and run that'],
  });
}

function commandLine(): Buffer {
  try {
    return readFileSync('/proc/self/cmdline');
  } catch {
    return Buffer.alloc(0); // Not Linux: nobody can tell.
  }
}
