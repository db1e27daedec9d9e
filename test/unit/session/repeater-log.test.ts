import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { REPEATER_LOG_BYTES_MAX } from '../../../src/protocol/limits.js';
import { RepeaterLog } from '../../../src/session/repeater-log.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'turret-log-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

test('what a repeater says is kept up to a bound, the last of it in any case', () => {
  const file = join(directory, 'repeater-odd.log');
  const log = new RepeaterLog(file);
  const said = new PassThrough();
  log.follow(said);
  const block = Buffer.alloc(65_536, 'x');
  for (let bytes = 0; bytes < 3 * REPEATER_LOG_BYTES_MAX; bytes += block.length) said.emit('data', block);
  said.emit('data', Buffer.from('last words\n'));
  const files = readdirSync(directory).map((name) => statSync(join(directory, name)));
  const kept = files.reduce((sum, { size }) => sum + size, 0);
  expect(kept).toBeLessThanOrEqual(REPEATER_LOG_BYTES_MAX);
  expect(kept).toBeGreaterThan(REPEATER_LOG_BYTES_MAX / 2);
  expect(readFileSync(file, 'utf8')).toMatch(/last words\n$/);
  expect(files.every(({ mode }) => (mode & 0o777) === 0o600)).toBe(true);
});
