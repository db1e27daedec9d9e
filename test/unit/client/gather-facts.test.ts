import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { gatherFacts } from '../../../src/client/gather-facts.js';
import { FACT_BYTES_MAX } from '../../../src/protocol/limits.js';
import { parseAgentCall } from '../../../src/protocol/parse.js';

let cwd: string;
beforeAll(() => {
  cwd = mkdtempSync('/tmp/tuf-');
});
afterAll(() => rmSync(cwd, { recursive: true }));

/** A `git` that runs this line of shell. */
function gitThat(line: string): NodeJS.ProcessEnv {
  writeFileSync(join(cwd, 'git'), `#!/bin/sh\n${line}\n`);
  chmodSync(join(cwd, 'git'), 0o755);
  return { PATH: `${cwd}:/usr/bin:/bin` };
}

test('a value that is too long is no answer, for half a name is another name', async () => {
  const env = { GH_REPO: 'o/'.padEnd(FACT_BYTES_MAX, 'r'), TZ: 'ü'.repeat(FACT_BYTES_MAX / 2 + 1) };
  expect(await gatherFacts(['env.GH_REPO', 'env.TZ'], { env, cwd })).toEqual({
    'env.GH_REPO': env.GH_REPO,
    'env.TZ': '',
  });
});

test('of too many remotes as many whole lines are told as fit', async () => {
  const env = gitThat('i=1; while [ $i -le 900 ]; do echo "r$i url-$i"; i=$((i+1)); done');
  const { 'git.remotes': remotes = '' } = await gatherFacts(['git.remotes'], { env, cwd });
  expect(Buffer.byteLength(remotes)).toBeLessThanOrEqual(FACT_BYTES_MAX);
  expect(remotes.split('\n').every((line) => /^r\d+ url-\d+$/.test(line))).toBe(true);
  expect(remotes.split('\n').length).toBeGreaterThan(400);
});

test('a git that hangs, fails or is missing is no answer, within its time', async () => {
  const before = performance.now();
  const places = [gitThat('exec sleep 60'), { PATH: '/nonexistent' }];
  for (const env of places)
    expect(await gatherFacts(['git.branch'], { env, cwd })).toEqual({ 'git.branch': '' });
  expect(await gatherFacts(['git.branch'], { env: gitThat('echo main; exit 1'), cwd })).toEqual({
    'git.branch': '',
  });
  expect(performance.now() - before).toBeLessThan(4_000);
});

test('git takes no locks, and sees only the words we chose', async () => {
  const env = gitThat('echo "$GIT_OPTIONAL_LOCKS $*"');
  const names = [
    'git.branch',
    'git.config.remote.o.gh-resolved',
    'git.config.core.sshCommand',
    'git.config.remote.x y.gh-resolved',
  ];
  expect(await gatherFacts(names, { env, cwd })).toEqual({
    'git.branch': '0 branch --show-current',
    'git.config.remote.o.gh-resolved': '0 config --get remote.o.gh-resolved',
    'git.config.core.sshCommand': '',
  });
});

test('every answer can be sent: a name the protocol has no room for is left out', async () => {
  const facts = await gatherFacts(['env.TZ', '../etc/passwd', 'x'.repeat(65), ''], { env: {}, cwd });
  expect(facts).toEqual({ 'env.TZ': '' });
  expect(parseAgentCall({ action: 'a', facts })).toMatchObject({ facts });
});
