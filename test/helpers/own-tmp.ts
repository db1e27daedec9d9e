// Runs once around all test files: what they put below the temporary directory goes with them, also when one is killed.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Vitest's globalSetup: the workers inherit TMPDIR; the returned function removes it. */
export function setup(): () => void {
  // Short: socket paths of tests lie below it, and those end at 107 bytes.
  const directory = mkdtempSync(join(tmpdir(), 'tt-'));
  process.env['TMPDIR'] = directory;
  return () => rmSync(directory, { recursive: true, force: true });
}
