// Which level a machine comes to, by its system. What needs another one is refused with a sentence, never replaced.

import { describe, expect, it } from 'vitest';

import type { EncloseRequest } from '../../../src/isolation/enclosure.js';
import { enclose } from '../../../src/isolation/isolation.js';
import { LEVELS, isAtLeast, missingSystem } from '../../../src/isolation/levels.js';
import { candidates } from '../../../src/isolation/minimum.js';

describe('a level and the system', () => {
  it.each([
    ['linux', ['strict', 'namespaced', 'landlock', 'uid', 'none']],
    ['darwin', ['seatbelt', 'none']],
    ['freebsd', ['none']],
  ] as const)('on %s: %s', (platform, there) => {
    expect(LEVELS.filter((level) => missingSystem(level, platform) === undefined)).toEqual(there);
  });

  it.each([
    ['strict', 'darwin', 'needs Linux'],
    ['namespaced', 'darwin', 'needs Linux'],
    ['landlock', 'darwin', 'needs Linux'],
    ['uid', 'darwin', 'needs Linux'],
    ['seatbelt', 'linux', 'needs macOS'],
  ] as const)('%s on %s is refused before anything is started: %s', async (level, platform, why) => {
    // Nothing of the request is looked at.
    await expect(enclose(level, {} as EncloseRequest, platform)).rejects.toMatchObject({
      code: 'isolation_unavailable',
      message: expect.stringContaining(why) as string,
    });
  });

  it('untested seatbelt is no landlock, and more than uid', () => {
    expect(isAtLeast('seatbelt', 'landlock')).toBe(false);
    expect(isAtLeast('seatbelt', 'uid')).toBe(true);
  });
});

describe('auto', () => {
  it.each([
    ['linux', undefined, ['namespaced', 'landlock']],
    ['linux', 'namespaced', ['namespaced']],
    ['linux', 'strict', ['strict']],
    ['linux', 'uid', ['namespaced', 'landlock']],
    ['linux', 'none', ['namespaced', 'landlock', 'none']],
    ['darwin', undefined, ['seatbelt']],
    ['darwin', 'uid', ['seatbelt']],
    ['darwin', 'seatbelt', ['seatbelt']],
    ['darwin', 'none', ['seatbelt', 'none']],
  ] as const)('on %s with min_isolation: %s is %s', (platform, minimum, levels) => {
    expect(candidates('auto', minimum, platform)).toEqual(levels);
  });

  it.each(['strict', 'namespaced', 'landlock'] as const)(
    'on darwin with min_isolation: %s is that level, which is not there, and nothing less',
    (minimum) => {
      expect(candidates('auto', minimum, 'darwin')).toEqual([minimum]);
      expect(missingSystem(minimum, 'darwin')).toBe('Linux');
    },
  );
});
