// The program that program.ts starts, shut in: from fd 3 to stdout. It is ended when it takes too long; a writer that was
// leaves a journal, and the next one to open the file undoes what it did.

import { readFileSync, writeSync } from 'node:fs';

import { ENDS, type Errand } from './errand.js';
import { isAsLooked } from './looked.js';
import type { Library } from './open.js';
import { performOnFile } from './statement.js';

const ERRAND_FD = 3;
/** Result codes of SQLite: BUSY and LOCKED, NOTADB, CANTOPEN. */
const TROUBLES = new Map<number, number>([
  [5, ENDS.locked],
  [6, ENDS.locked],
  [26, ENDS.noDatabase],
  [14, ENDS.unopened],
]);

const errand = JSON.parse(readFileSync(ERRAND_FD, 'utf8')) as Errand;
process.exitCode = isAsLooked(errand.looked) ? await perform() : ENDS.exchanged;

async function perform(): Promise<number> {
  const library = (await import(errand.library)) as Library;
  try {
    return performOnFile(errand, { library, write });
  } catch (error) {
    return endOf(error as Error & { errcode?: number; code?: string });
  }
}

// Waits while nobody reads: the rows are where they are.
function write(text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length;) at += writeSync(1, bytes, at);
}

function endOf({ message, errcode = 0, code }: Error & { errcode?: number; code?: string }): number {
  if (code === 'EPIPE') return ENDS.done;
  const trouble = TROUBLES.get(errcode & 0xff);
  if (trouble !== undefined) return trouble;
  writeSync(2, `${message}\n`);
  return ENDS.failed;
}
