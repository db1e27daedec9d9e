// The second implementation: it must agree on every vector, and it must be able to disagree.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { vectors } from './vectors.js';

const RUNNER = fileURLToPath(new URL('../../../scripts/vectors.py', import.meta.url));
let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'turret-vectors-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));

function runPython(words: string[] = []): { status: number | null; wrong: string[]; output: string } {
  const { status, stdout, stderr } = spawnSync('/usr/bin/env', ['python3', '-B', RUNNER, ...words], {
    encoding: 'utf8',
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C.UTF-8' },
  });
  const wrong = [...stdout.matchAll(/^ {2}wrong: (.*)$/gm)].map(([, name]) => name ?? '');
  return { status, wrong, output: stdout + stderr };
}

function runDamaged(damage: (copy: typeof vectors) => void): ReturnType<typeof runPython> {
  const copy = structuredClone(vectors);
  damage(copy);
  const file = join(directory, 'damaged.json');
  writeFileSync(file, JSON.stringify(copy));
  return runPython([file]);
}

describe('the Python SDK', () => {
  it('agrees on every vector', () => {
    const { status, wrong, output } = runPython();
    expect({ status, wrong, groups: output.match(/: (\d+) checks/g)?.length }).toEqual({
      status: 0,
      wrong: [],
      groups: 8,
    });
  });

  it('finds what is wrong with a damaged vector, in every group', () => {
    const { status, wrong } = runDamaged((copy) => {
      const [frame, refused, connection] = [copy.frames[2], copy.frames_refused[0], copy.connections[2]];
      const [token, number, given, line] = [
        copy.tokens_refused[0],
        copy.json_refused[0],
        copy.credit_given[0],
        copy.lines[0],
      ];
      if (frame) frame.channel = 9;
      if (refused) refused.error = 'frame_too_large';
      if (connection) delete connection.error;
      copy.handshake.transcript = '00'.repeat(32);
      if (token) token.text = copy.tokens[0]?.text ?? '';
      if (number) number.hex = Buffer.from('{}').toString('hex');
      if (given) given.credit = 1;
      if (line) line.payload = '00';
    });
    expect(status).toBe(1);
    for (const name of [
      vectors.frames[2]?.name,
      vectors.frames_refused[0]?.name,
      vectors.connections[2]?.name,
      'transcript',
    ]) {
      expect(wrong).toContain(name);
    }
    for (const name of [
      vectors.tokens_refused[0],
      vectors.json_refused[0],
      vectors.credit_given[0],
      vectors.lines[0],
    ]) {
      expect(wrong).toContain(name?.name);
    }
  });
});
