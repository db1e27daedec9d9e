import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { withLock } from '../../../src/platform/lock-file.js';

let directory: string;
let lock: string;
beforeEach(() => {
  directory = mkdtempSync('/tmp/lock-');
  lock = join(directory, 'index.lock');
});
afterEach(() => rmSync(directory, { recursive: true }));

test('the lock is held while the work is done, by name, and gone after it', () => {
  withLock(lock, () => expect(readFileSync(lock, 'utf8')).toMatch(new RegExp(`^${process.pid} `)));
  expect(existsSync(lock)).toBe(false);
});

test('a lock whose maker was killed before it wrote its name is taken over', () => {
  writeFileSync(lock, '');
  utimesSync(lock, 1, 1);
  expect(withLock(lock, () => 'done')).toBe('done');
});

test('a lock of a process that is gone is taken over, one of a living process is not', () => {
  writeFileSync(lock, '4194303 1 aa\n');
  expect(withLock(lock, () => 'done')).toBe('done');
  writeFileSync(lock, `${process.ppid} - aa\n`);
  expect(() => withLock(lock, () => 'done')).toThrow('held by another process');
});

test('a directory that is not there is told with its reason and what to do', () => {
  expect(() => withLock(join(directory, 'no/index.lock'), () => 'done')).toThrow(
    'the state directory cannot be written (ENOENT)',
  );
});
