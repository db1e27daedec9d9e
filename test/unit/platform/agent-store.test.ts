// What a server remembers, against everything that can happen to a file.

import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { AgentStore } from '../../../src/platform/agent-store.js';
import type { StoredAgent } from '../../../src/protocol/control.js';
import { codeOf } from '../protocol/vectors.js';

let root: string;
let directory: string;
let file: string;
beforeEach(() => {
  root = mkdtempSync('/tmp/tas-');
  directory = join(root, 'serve');
  file = join(directory, 'agents.json');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const NOW = 1_800_000_000_000;
const DAY_MS = 86_400_000;
const agent = (label: string, more: Partial<StoredAgent> = {}): StoredAgent => ({
  public_key: `key-of-${label}`,
  label,
  grants: [{ allow: ['echo.**'], where: {} }],
  limits: { calls: 5 },
  created: NOW,
  not_after: NOW + DAY_MS,
  revoked: null,
  ...more,
});

describe('the agents of a server', () => {
  it('are there after a restart, the revoked ones as such, and so is the key they pin', () => {
    const store = AgentStore.open(directory);
    store.apply({ add: agent('ci') }, NOW);
    store.apply({ add: agent('gone') }, NOW);
    store.apply({ revoke: ['key-of-gone'], reason: 'left' }, NOW + 1);
    const again = AgentStore.open(directory);
    expect(again.identity).toBe(store.identity);
    expect(again.agents).toEqual([agent('ci'), agent('gone', { revoked: { at: NOW + 1, reason: 'left' } })]);
  });

  it('stay revoked for the first reason, and are forgotten a week after their end', () => {
    const store = AgentStore.open(directory);
    store.apply({ add: agent('ci') }, NOW);
    store.apply({ revoke: ['key-of-ci'], reason: 'first' }, NOW);
    store.apply({ revoke: ['key-of-ci'], reason: 'second' }, NOW + 5);
    expect(store.agents[0]?.revoked).toEqual({ at: NOW, reason: 'first' });
    store.apply({ add: agent('later', { not_after: NOW + 30 * DAY_MS }) }, NOW + 8 * DAY_MS - 1);
    expect(store.agents.map(({ label }) => label)).toEqual(['ci', 'later']);
    store.apply({ revoke: [], reason: '' }, NOW + 8 * DAY_MS);
    expect(store.agents.map(({ label }) => label)).toEqual(['later']);
  });

  it('are for their owner to read', () => {
    AgentStore.open(directory);
    for (const mode of [0o644, 0o640]) {
      chmodSync(file, mode);
      expect(codeOf(() => AgentStore.open(directory))).toBe('state_damaged');
    }
  });

  it('are never none because the file is damaged: any byte changed, any end cut off, is refused', () => {
    const store = AgentStore.open(directory);
    store.apply({ add: agent('ci') }, NOW);
    store.apply({ revoke: ['key-of-ci'], reason: 'left' }, NOW);
    const whole = readFileSync(file);
    for (let at = 0; at < whole.length - 1; at += 1) {
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] ?? 0) ^ 1;
      writeFileSync(file, damaged);
      expect([at, codeOf(() => AgentStore.open(directory))]).toEqual([at, 'state_damaged']);
      writeFileSync(file, whole.subarray(0, at));
      expect([at, codeOf(() => AgentStore.open(directory))]).toEqual([at, 'state_damaged']);
    }
    for (const text of ['{}', '[]', 'null', '{"v":1,"agents":[]}', '{"v":2}']) {
      writeFileSync(file, text);
      expect([text, codeOf(() => AgentStore.open(directory))]).toEqual([text, 'state_damaged']);
    }
    writeFileSync(file, whole);
    expect(AgentStore.open(directory).agents).toHaveLength(1);
  });

  it('that were lost take the key along, so that no token of before is good', () => {
    const store = AgentStore.open(directory);
    store.apply({ add: agent('ci') }, NOW);
    rmSync(file);
    const fresh = AgentStore.open(directory);
    expect(fresh.identity).not.toBe(store.identity);
    expect(fresh.agents).toEqual([]);
    expect(AgentStore.open(directory).identity).toBe(fresh.identity);
  });

  it('are as before, here and on the disk, when a change cannot be written', () => {
    const store = AgentStore.open(directory);
    store.apply({ add: agent('ci') }, NOW);
    // The new file cannot be made where a directory is.
    mkdirSync(`${file}.new`);
    expect(codeOf(() => store.apply({ add: agent('two') }, NOW))).toBe('state_unwritable');
    expect(codeOf(() => store.apply({ revoke: ['key-of-ci'], reason: '' }, NOW))).toBe('state_unwritable');
    expect(store.agents).toEqual([agent('ci')]);
    expect(AgentStore.open(directory).agents).toEqual([agent('ci')]);
  });

  it('leave no other file behind, and take no half-written one for themselves', () => {
    const store = AgentStore.open(directory);
    writeFileSync(`${file}.new`, '{"v":1,"ident');
    expect(AgentStore.open(directory).identity).toBe(store.identity);
    store.apply({ add: agent('ci') }, NOW);
    expect(readdirSync(directory)).toEqual(['agents.json']);
  });
});
