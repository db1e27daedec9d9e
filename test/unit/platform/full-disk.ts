// Writes calls until the file size limit of this process says no, and tells what it saw, one JSON line. Started by
// audit-full-disk.test.ts under prlimit(1).

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TurretError } from '../../../src/errors.js';
import { decided, END, openWriter, START } from '../audit/records.js';

// Without a handler the kernel's SIGXFSZ would end the process; with one, write(2) fails with EFBIG.
process.on('SIGXFSZ', () => undefined);
const [directory = ''] = process.argv.slice(2);
const writer = openWriter(directory);
writer.append(START);
const seen: { refusals: string[]; written: number; wholeLines: boolean[]; small: boolean } = {
  refusals: [],
  written: 0,
  wholeLines: [],
  small: false,
};
for (let index = 0; seen.refusals.length < 3; index += 1) {
  try {
    writer.append(decided(`c${index}`, { argv: ['s3', 'ls', 'x'.repeat(900)] }));
    seen.written += 1;
  } catch (error) {
    seen.refusals.push(error instanceof TurretError ? error.code : String(error));
    seen.wholeLines.push(readFileSync(join(directory, 'audit.jsonl'), 'utf8').endsWith('}\n'));
  }
}
try {
  writer.append(END);
  seen.small = true;
} catch {
  // The parent leaves room for a short record; `small` says that it was not enough.
}
writer.close();
process.stdout.write(`${JSON.stringify(seen)}\n`);
