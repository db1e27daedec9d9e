import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { homeAllowed, makeCaches } from '../../../src/isolation/home.js';
import { packageTree } from '../../../src/isolation/package-tree.js';

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'home-'));
  for (const directory of ['.claude', '.codex', '.gemini', '.cache', '.aws', '.local/share/claude', 'go'])
    mkdirSync(join(home, directory), { recursive: true });
  writeFileSync(join(home, '.claude.json'), '{}');
});
afterAll(() => rmSync(home, { recursive: true }));

const shown = (program: string | undefined, allow: string[] = []) => {
  const { read, write } = homeAllowed(home, allow, program);
  const names = (paths: string[]): string[] => paths.map((path) => path.slice(home.length + 1));
  return { read: names(read), write: names(write) };
};

describe('of the home directory', () => {
  test("an agent sees its own state and not another agent's login", () => {
    expect(shown('/usr/bin/claude')).toEqual({
      write: ['.claude', '.claude.json'],
      read: ['.local/share/claude'],
    });
    expect(shown('/usr/bin/codex')).toEqual({ write: ['.codex'], read: [] });
  });

  test.each([['/usr/bin/bash'], [undefined]])('%s may start any of them', (program) => {
    expect(shown(program)).toEqual({
      write: ['.claude', '.claude.json', '.codex', '.gemini'],
      read: ['.local/share/claude'],
    });
  });

  test('what the user allows is there for all of them', () => {
    expect(shown('/usr/bin/codex', ['go', '~/.gemini', 'nothing']).write).toEqual([
      ...['.codex', 'go', '.gemini'],
    ]);
  });
});

test('its caches are directories of its own, and none that a link leads to', () => {
  const caches = () => homeAllowed(home, [], '/usr/bin/claude').caches;
  expect(caches()).toEqual([]);
  makeCaches(home);
  const kept = join(home, '.cache/turret/agents/.npm');
  expect(caches()).toContainEqual({ shown: join(home, '.npm'), kept });
  rmSync(kept, { recursive: true });
  symlinkSync('../../../.aws', kept);
  expect(caches().map(({ shown: name }) => name)).toEqual([join(home, '.cache')]);
});

describe('a program that npm installed', () => {
  test('comes with the packages beside its own, by whatever link it is called', () => {
    const packages = join(home, 'lib/node_modules');
    mkdirSync(join(packages, '@maker/agent/bin'), { recursive: true });
    mkdirSync(join(home, 'bin'));
    writeFileSync(join(packages, '@maker/agent/bin/agent.js'), '');
    symlinkSync('../lib/node_modules/@maker/agent/bin/agent.js', join(home, 'bin/agent'));
    expect(packageTree(join(home, 'bin/agent'))).toBe(packages);
    expect(packageTree(join(packages, '@maker/agent/bin/agent.js'))).toBe(packages);
  });

  test('and one of another kind comes alone', () => {
    expect(packageTree('/usr/bin/env')).toBeUndefined();
    expect(packageTree('/not/there')).toBeUndefined();
  });
});
