// The attempts of test/escape, made once: as root and as an ordinary user, at every level, and outside.

import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

import { beforeAll, describe, expect, test } from 'vitest';

import { judge, voidControls } from '../escape/judge.js';
import type { Outcome, Works } from '../escape/result.js';
import { ROWS } from '../escape/rows.js';

/** Level `uid`, and the table, are `npm run escape`'s. */
const SHUT = ['strict', 'namespaced', 'landlock'] as const;
const LEVELS = [...SHUT, 'none'] as const;
const RUN_MS_MAX = 480_000;
let outcomes: Outcome[];
beforeAll(async () => {
  const run = spawn(process.execPath, ['scripts/escape.mjs', '--json', ...LEVELS], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  outcomes = JSON.parse(await text(run.stdout)) as Outcome[];
}, RUN_MS_MAX);

test('every way that is tried does lead there, for the same user outside of the sandbox', () => {
  expect(voidControls(outcomes)).toEqual([]);
  const controls = outcomes.filter(({ level }) => level === 'outside');
  expect(controls.length).toBe(2);
  for (const { tries } of controls) expect(new Set(tries.map(({ row }) => row)).size).toBe(ROWS.length - 1);
});

describe.each(SHUT)('at level %s an agent cannot', (level) => {
  test.each(ROWS)('$number: $attempt', ({ number }) => {
    const judged = judge(outcomes).filter((one) => one.level === level && one.row === number);
    expect(judged.length).toBe(2);
    for (const { ways, reached } of judged) {
      expect(ways).toBeGreaterThan(0);
      expect(reached.filter(({ why }) => why === undefined)).toEqual([]);
    }
  });
});

describe.each(LEVELS)('at level %s an agent can', (level) => {
  const works = (): Works[] => outcomes.filter((one) => one.level === level).map((one) => one.works);

  test('write its workspace and have children', () => {
    for (const one of works()) expect(one).toMatchObject({ workspace: 'mine', child: 'child' });
  });

  test('ask for what is allowed and is denied what is not, whatever it wrote into the policy; a daemon of its own too', () => {
    for (const one of works())
      expect(one).toMatchObject({ broker: 'asked', daemon: 'daemon', denied: '126' });
  });

  test('not have the inspector of a process of Turret opened', () => {
    for (const one of works())
      expect(one['inspector']).toMatch(/No such process|Connection refused|Operation not permitted/);
  });

  const far = {
    strict: 'Network is unreachable',
    namespaced: 'reached',
    landlock: 'reached',
    none: 'reached',
  };
  test(`${level === 'strict' ? 'not ' : ''}reach a service on port 443 of another machine`, () => {
    for (const one of works()) expect(one['far']).toBe(far[level]);
  });

  // Root without capabilities may not map itself into a further namespace, and its /proc has covers that a second one must not lift.
  test('have a sandbox of its own, unless it is strict, of root or held by Landlock', () => {
    for (const { user, works: one } of outcomes.filter((other) => other.level === level)) {
      const own = level === 'none' || (level === 'namespaced' && user !== 'root');
      expect(one['sandbox']).toMatch(own ? /^nested$/ : /^1: bwrap: /);
    }
  });
});
