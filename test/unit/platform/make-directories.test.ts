import { existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { makeDirectories } from '../../../src/platform/make-directories.js';
import { temporaryDirectory } from '../audit/records.js';

describe('making directories', () => {
  test('makes those above as well, for us alone, and takes what is there', () => {
    const place = temporaryDirectory();
    makeDirectories(join(place, 'a/b/c'));
    makeDirectories(join(place, 'a/b/c'));
    expect(statSync(join(place, 'a/b')).mode & 0o777).toBe(0o700);
    mkdirSync(join(place, 'elsewhere'));
    symlinkSync('elsewhere', join(place, 'link'));
    makeDirectories(join(place, 'link/d'));
    expect(existsSync(join(place, 'elsewhere/d'))).toBe(true);
  });

  // Node's own recursive mkdir does not end there.
  test.each(['/proc/self/fdinfo/a/b', '/proc/a', '/proc/self/a/b/c'])('%s is refused at once', (path) => {
    expect(() => makeDirectories(path)).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  });

  test('a file, or a link to nothing, on the way is refused', () => {
    const place = temporaryDirectory();
    writeFileSync(join(place, 'file'), '');
    symlinkSync('nothing', join(place, 'dangling'));
    expect(() => makeDirectories(join(place, 'file/a'))).toThrow(
      expect.objectContaining({ code: 'ENOTDIR' }),
    );
    expect(() => makeDirectories(join(place, 'dangling/a'))).toThrow(
      expect.objectContaining({ code: 'EEXIST' }),
    );
  });
});
