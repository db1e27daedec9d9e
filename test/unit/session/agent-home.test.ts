import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { makeAgentHome } from '../../../src/session/agent-home.js';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'agent-home-'));
});
afterEach(() => rmSync(home, { recursive: true }));

const all = (): string[] =>
  (readdirSync(home, { recursive: true }) as string[]).filter((path) => !path.startsWith('.cache')).sort();

test("an agent's own state is there before the agent, for nobody else to read", () => {
  makeAgentHome(home, '/usr/bin/claude');
  expect(all()).toEqual(['.claude', '.claude.json']);
  expect(JSON.parse(readFileSync(join(home, '.claude.json'), 'utf8'))).toEqual({});
  expect(all().map((name) => statSync(join(home, name)).mode & 0o777)).toEqual([0o700, 0o600]);
});

test('what is there already stays as it is', () => {
  mkdirSync(join(home, '.claude'), { mode: 0o755 });
  writeFileSync(join(home, '.claude.json'), 'mine');
  makeAgentHome(home, '/usr/bin/claude');
  expect(readFileSync(join(home, '.claude.json'), 'utf8')).toBe('mine');
  expect(statSync(join(home, '.claude')).mode & 0o777).toBe(0o755);
});

test('directories further down come with those above them', () => {
  makeAgentHome(home, '/usr/bin/opencode');
  expect(all()).toContain('.local/share/opencode');
});

test.each(['/usr/bin/bash', undefined])(
  "%s gets caches that are no one else's, and nothing more",
  (program) => {
    makeAgentHome(home, program);
    expect(all()).toEqual([]);
    for (const cache of ['.npm', '.cache'])
      expect(statSync(join(home, '.cache/turret/agents', cache)).mode & 0o777).toBe(0o700);
  },
);

test('a HOME that is missing is not made, and one with a file in the way is no error', () => {
  makeAgentHome(join(home, 'none'), '/usr/bin/claude');
  makeAgentHome(undefined, '/usr/bin/claude');
  expect(all()).toEqual([]);
  writeFileSync(join(home, '.codex'), 'a file');
  makeAgentHome(home, '/usr/bin/codex');
  expect(all()).toEqual(['.codex']);
});
