import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { applyManifest, parseManifest } from '../../../src/config/manifest.js';

function problemsOf(text: string): string[] {
  return parseManifest(Buffer.from(text), 'm.yaml').problems.map(
    ({ line, message }) => `${line ?? 0}: ${message}`,
  );
}

describe('a manifest', () => {
  it('says how a program is started and what it can do', () => {
    const text = `
version: "1.0.0"
profile: exec
command: [./ops.sh]
secrets: [DEPLOY_KEY]
tools: [ops]
user: 54321
sandbox: {read: [~/.kube], write: [queue], net: none}
actions:
  - name: logs.read
    run: [tail, -n, "20"]
    annotations: {readOnly: true}
`;
    expect(parseManifest(Buffer.from(text), '/etc/ops/ops.yaml')).toEqual({
      problems: [],
      value: {
        version: '1.0.0',
        profile: 'exec',
        command: ['./ops.sh'],
        secrets: ['DEPLOY_KEY'],
        tools: ['ops'],
        user: 54321,
        sandbox: { read: ['~/.kube'], write: ['queue'], net: 'none' },
        actions: [{ name: 'logs.read', run: ['tail', '-n', '20'], annotations: { readOnly: true } }],
        directory: '/etc/ops',
      },
    });
  });

  it.each([
    ['', 'the file is empty'],
    ['profile: exec\ncommand: [a]', 'an exec repeater must list its actions'],
    ['profile: line', 'command is missing'],
    ['command: [a]', 'profile is missing'],
    ['profile: lines\ncommand: [a]', 'is not one of exec, line, binary'],
    ['profile: line\ncommand: [a]\nsecret: [A]', 'unknown key "secret"'],
    ['profile: line\ncommand: [a]\nsecrets: [AKIA-1]', 'environment variable'],
    ['profile: line\ncommand: a', 'expected a list'],
    ['profile: exec\ncommand: [a]\nactions: [{name: Deploy}]', 'an action without'],
    ['profile: exec\ncommand: [a]\nactions: [{name: a, run: []}]', 'the list is empty'],
    ['profile: exec\ncommand: [a]\nactions: [{name: a, params: {type: object, pattern: x}}]', 'pattern'],
    ['profile: line\ncommand: [a]\nprofile: exec', 'twice'],
    ['profile: line\ncommand: [a]\nsandbox: on', 'is not one of auto, required, off'],
    ['profile: line\ncommand: [a]\nsandbox: {writes: [a]}', 'unknown key "writes"'],
    ['profile: line\ncommand: [a]\nsandbox: {net: local}', 'is not one of open, none'],
    ['profile: line\ncommand: [a]\nsandbox: {read: []}', 'the list is empty'],
    ['profile: line\ncommand: [a]\nuser: root', 'root is no user of its own'],
    ['profile: line\ncommand: [a]\nuser: 0', 'root is no user of its own'],
    ['profile: line\ncommand: [a]\nuser: -1', 'not a Unix user'],
    ['profile: line\ncommand: [a]\nuser: "a b"', 'not a Unix user'],
  ])('%j has a problem', (text, message) => {
    expect(problemsOf(text).join('\n')).toContain(message);
  });

  it('completes the block that names it, and what the block says itself wins', () => {
    const manifest = { profile: 'line' as const, command: ['./a'], tools: ['a'], directory: '/etc/a' };
    const block = { name: 'ops', kind: 'ops', manifest: 'a/a.yaml', tools: ['b'], directory: '/etc' };
    expect(applyManifest(block, manifest)).toEqual({
      name: 'ops',
      kind: 'ops',
      profile: 'line',
      command: ['./a'],
      tools: ['b'],
      directory: '/etc/a',
    });
  });

  it('keeps the secrets that a block says no place of, and loses them to a list', () => {
    const manifest = { profile: 'line' as const, command: ['./a'], secrets: ['A', 'B'], directory: '/etc/a' };
    const block = { name: 'ops', kind: 'ops', directory: '/etc' };
    const placed = { ...block, secrets: ['B', 'C'], secretSources: { B: 'vault:b', C: 'env:D' } };
    expect(applyManifest(placed, manifest)).toMatchObject({
      secrets: ['A', 'B', 'C'],
      secretSources: { B: 'vault:b', C: 'env:D' },
    });
    expect(applyManifest({ ...block, secrets: ['C'] }, manifest).secrets).toEqual(['C']);
    const text = 'profile: line\ncommand: [a]\nsecrets: { A: vault:a }';
    expect(parseManifest(Buffer.from(text), 'm.yaml').value).toMatchObject({
      secrets: ['A'],
      secretSources: { A: 'vault:a' },
    });
  });

  it('may leave the actions of a line or binary program to the program', () => {
    for (const profile of ['line', 'binary'])
      expect(problemsOf(`profile: ${profile}\ncommand: [a]`)).toEqual([]);
  });

  it.each(['echo-ts', 'echo-py', 'echo-sh'])('comes with %s and has no problem there', (name) => {
    const file = fileURLToPath(new URL(`../../../repeaters/echo/${name}.yaml`, import.meta.url));
    expect(parseManifest(readFileSync(file), file).problems).toEqual([]);
  });
});
