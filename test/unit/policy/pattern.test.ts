import { describe, expect, test, vi } from 'vitest';
import {
  actionPatternProblem,
  compileAction,
  compileGlob,
  compilePath,
  globPatternProblem,
  pathPatternProblem,
  pathValueProblem,
} from '../../../src/policy/pattern.js';

/** Reads of characters, not milliseconds: a machine that is busy must not fail this. */
function reads(run: (value: string) => boolean, value: string): number {
  const spy = vi.spyOn(String.prototype, 'charCodeAt');
  try {
    run(value);
    return spy.mock.calls.length;
  } finally {
    spy.mockRestore();
  }
}

describe('the time of a match', () => {
  test('of a glob that nearly matches everywhere grows with the value, not with its square', () => {
    const glob = compileGlob(`*${'a'.repeat(300)}b*${'a'.repeat(300)}b*`);
    const one = reads(glob, 'a'.repeat(2_000));
    const two = reads(glob, 'a'.repeat(4_000));
    expect(one).toBeGreaterThan(2_000);
    expect(two).toBeLessThan(one * 2.2);
    expect(one).toBeLessThan(2_000 * 6);
  });

  test('of a path with many ** is bounded by pattern times value', () => {
    const path = compilePath(`${'**/a/'.repeat(60)}b`);
    const value = 'a/'.repeat(2_000);
    const start = process.cpuUsage().user;
    for (let run = 0; run < 20; run += 1) expect(path(value)).toBe(false);
    // Exponential or cubic would take minutes; this is some milliseconds.
    expect(process.cpuUsage(undefined).user - start).toBeLessThan(5_000_000);
  });
});

describe('a path pattern', () => {
  test.each([
    ['reports/**', 'reports/', true],
    ['reports/**', 'reports/a', true],
    ['reports/**', 'reports/a/b.csv', true],
    ['reports/**', 'reports', false],
    ['reports/**', 'reports2/x', false],
    ['reports/*', 'reports/a', true],
    ['reports/*', 'reports/a/b', false],
    ['reports/*', 'reports/', false],
    ['/repos/*/issues/**', '/repos/acme/issues/1', true],
    ['/repos/*/issues/**', '/repos/acme/app/issues/1', false],
    ['**', '', true],
    ['a/**/b', 'a/b', true],
    ['a/**/b', 'a/x/y/b', true],
    ['a/**/b', 'a/x/y/bb', false],
  ])('%s against %s: %s', (pattern, value, expected) => {
    expect(compilePath(pattern)(value)).toBe(expected);
  });

  test.each([
    'a/../b',
    '../a',
    'a/..',
    'a/./b',
    'a//b',
    String.raw`a\b`,
    'a/%2e%2e/b',
    'a/%2E/b',
    'a%2fb',
    'a%5Cb',
    'a\u0000b',
    'a\nb',
  ])('has no meaning for the value %j', (value) => {
    expect(pathValueProblem(value)).toBeDefined();
  });
  test.each(['a', 'a/b', 'a/', '/a', '', 'a..b/c', '...', 'a/%20b', 'ä/ö'])(
    'has a meaning for the value %j',
    (value) => {
      expect(pathValueProblem(value)).toBeUndefined();
    },
  );
});

describe('an action pattern', () => {
  test.each([
    ['aws.s3.*', 'aws.s3.list_buckets', true],
    ['aws.s3.*', 'aws.s3.a.b', false],
    ['aws.s3.get_*', 'aws.s3.get_object', true],
    ['aws.s3.get_*', 'aws.s3.put_object', false],
    ['*.cli.version', 'prod.cli.version', true],
    ['*.cli.version', 'a.b.cli.version', false],
    ['aws.**', 'aws.s3.rm', true],
    ['aws.**', 'awsx.s3.rm', false],
    ['**.delete_*', 'aws.s3.delete_object', true],
    ['**.delete_*', 'aws.s3.get_object', false],
    ['**', 'aws.s3.rm', true],
  ])('%s against %s: %s', (pattern, action, expected) => {
    expect(actionPatternProblem(pattern)).toBeUndefined();
    expect(compileAction(pattern)(action)).toBe(expected);
  });

  test.each([
    '',
    'aws',
    'aws:s3',
    'aws.s3.',
    '.s3',
    'aws..s3',
    'aws.list-buckets',
    'aws.S3',
    'aws.s3.?',
    'aws.s3.[a]',
    'aws.{a,b}',
    '!aws.s3',
    'aws.a**',
    `aws.${'a'.repeat(2_000)}`,
  ])('is not %j', (pattern) => {
    expect(actionPatternProblem(pattern)).toBeDefined();
  });

  test('a glob has no ** and a path no dot segments', () => {
    expect(globPatternProblem('a*b')).toBeUndefined();
    expect(globPatternProblem('a**b')).toBeDefined();
    expect(pathPatternProblem('a/**')).toBeUndefined();
    expect(pathPatternProblem('a/../b')).toBeDefined();
    expect(pathPatternProblem('a/b**')).toBeDefined();
  });
});
