// A broken attempt must not look like safety, nor a new hole like one that is known.

import { expect, test } from 'vitest';

import { closed, judge, voidControls } from '../../escape/judge.js';
import { report } from '../../escape/report.js';
import { type Outcome, tried } from '../../escape/result.js';

const at = (level: Outcome['level'], ...tries: Outcome['tries']): Outcome => ({
  user: 'user',
  level,
  tries,
  works: {},
});
const reached = (row: number, way: string) => tried(row, way, true);
const stopped = (row: number, way: string, said = 'Permission denied') => tried(row, way, false, said);
const stolen = at('none', reached(18, 'from outside, while the session runs'));

test('a way that leads nowhere outside voids the run, unless the kernel has no such thing', () => {
  expect(voidControls([at('outside', stopped(14, 'by TCP', 'Connection refused')), stolen])).toEqual([
    '14 by TCP, as user: Connection refused',
  ]);
  expect(voidControls([at('outside', stopped(14, 'by MPTCP', 'Protocol not supported')), stolen])).toEqual(
    [],
  );
});

test('a token that cannot be used where there is no sandbox voids the run', () => {
  const useless = at('none', stopped(18, 'from outside, while the session runs'));
  expect(voidControls([useless])).toEqual(['18 from outside, while the session runs, as user']);
});

test('a way counts only where it led there outside', () => {
  const outcomes = [
    at('outside', reached(6, '~/.netrc'), stopped(6, '~/.npmrc')),
    at('strict', stopped(6, '~/.netrc'), stopped(6, '~/.npmrc')),
  ];
  expect(judge(outcomes)).toEqual([{ row: 6, user: 'user', level: 'strict', ways: 1, reached: [] }]);
});

test('what gets through without being known to is a failure, and what is known to is told with its reason', () => {
  const way = reached(14, '127.0.0.1 by UDP');
  const at14 = (level: 'namespaced' | 'strict') =>
    report([at('outside', way), at(level, way), stolen], 'here');
  expect(at14('namespaced')).toMatchObject({ ok: true });
  expect(at14('namespaced').text).toContain(
    '- 14, `namespaced`: Landlock holds TCP only (127.0.0.1 by UDP).',
  );
  expect(at14('strict')).toMatchObject({ ok: false });
  expect(at14('strict').text).toContain('- 14, `strict`: **a hole that is not known** (127.0.0.1 by UDP).');
});

test('a level that stops more than is said of it is told, and no failure', () => {
  const outcomes = [
    at('outside', reached(14, '127.0.0.1 by UDP')),
    at('landlock', stopped(14, '127.0.0.1 by UDP')),
    stolen,
  ];
  expect(closed(judge(outcomes))).toContain('landlock, 14, /UDP/');
  expect(report(outcomes, 'here')).toMatchObject({ ok: true });
});

test('a level that is not there is told, not passed over', () => {
  const outcomes = [stolen, { ...at('strict'), absent: 'bubblewrap is not installed' }];
  expect(report(outcomes, 'here').text).toContain('- `strict`, user: bubblewrap is not installed');
});
