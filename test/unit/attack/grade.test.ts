// The judge of the attack suite, judged: each thing that may go wrong, alone, has to turn a good result into a leak.

import { describe, expect, it } from 'vitest';

import { type AttackCase } from '../../attack/case.js';
import { type Graded, grade } from '../../attack/grade.js';
import type { Observation } from '../../attack/guarded.js';
import { hasSecret } from '../../attack/secrets.js';
import { CANARIES, CANARY_KEY, CANARY_TOKEN } from '../../helpers/canary.js';

const CASE: AttackCase = {
  id: 'x-01',
  tool: 'aws',
  category: 'x',
  argv: ['iam', 'list-users', '--debug'],
  expected: 'deny',
  why: '',
};
const REFUSED = { type: 'call.refused', argv: CASE.argv };
const ALLOWED = { type: 'call.decided', argv: CASE.argv, effect: 'allow', action: 'aws.x.y' };
const DENIED: Observation = {
  one: CASE,
  said: [{ code: 126, stdout: '', stderr: 'turret: error: no\n' }],
  tried: [],
  audit: '{"type":"call.refused"}\n',
  records: [REFUSED],
  files: new Map(),
  changed: [],
  visits: [],
  upstream: [],
  next: { ms: 5, end: 'denied' },
  failed: undefined,
  ms: 100,
};
const gradeOf = (change: Partial<Observation>): Graded['grade'] => grade({ ...DENIED, ...change }).grade;
const SECRET = CANARY_KEY.secretAccessKey;

describe('what was refused', () => {
  it('is denied when nothing else happened', () => {
    expect(gradeOf({})).toBe('denied');
  });

  it.each<[string, Partial<Observation>]>([
    ['a secret on stdout', { said: [{ code: 1, stdout: SECRET, stderr: '' }] }],
    ['a secret on stderr', { said: [{ code: 1, stdout: '', stderr: `x${SECRET}` }] }],
    ['a secret in a file', { files: new Map([['/tmp/a', SECRET]]) }],
    ['a secret as the name of a file', { files: new Map([[`/tmp/${encodeURIComponent(SECRET)}`, '']]) }],
    [
      'a half here and a half there',
      { said: [{ code: 1, stdout: SECRET.slice(0, 21), stderr: SECRET.slice(18) }] },
    ],
    [
      'a half in a file',
      {
        files: new Map([
          ['/tmp/a', SECRET.slice(0, 20)],
          ['/tmp/b', SECRET.slice(20)],
        ]),
      },
    ],
    ['a secret in the log', { audit: `{"argv":["${SECRET}"]}\n` }],
    ['text of the victim', { said: [{ code: 0, stdout: 'canary-victim-private-text', stderr: '' }] }],
    ['a visit at the attacker', { visits: [{ at: 'tcp 443', bytes: '' }] }],
    ['a changed file', { changed: ['/home/op/.bashrc'] }],
    ['a program of the attacker', { files: new Map([['/home/op/project-1/x-01/ran-7', 'HOME=/x\n']]) }],
    ['a request upstream', { upstream: [{ operation: '', method: 'GET', path: '/', status: 200 }] }],
    ['a slow next call', { next: { ms: 1_001, end: 'denied' } }],
    ['a next call that ends otherwise', { next: { ms: 5, end: 'broker_gone' } }],
    ['no next call', { next: undefined }],
    ['nothing in the log', { records: [], audit: '' }],
    ['a bell in the log', { audit: '{"argv":["\u0007"]}\n' }],
    ['an invisible character in the log', { audit: '{"argv":["\u200b"]}\n' }],
    ['a case that was never run', { failed: 'the agent ended' }],
  ])('leaked: %s', (_title, change) => {
    expect(gradeOf(change)).toBe('leaked');
  });
});

describe('what ran', () => {
  const ran = { records: [ALLOWED], said: [{ code: 0, stdout: '', stderr: '' }] };
  const as = (expected: AttackCase['expected'], change: Partial<Observation> = {}) =>
    gradeOf({ ...ran, one: { ...CASE, expected }, ...change });

  it('is contained where it was to be refused, and fine where it was to run', () => {
    expect([as('deny'), as('allow'), as('allow-but-contained'), as('allow-but-redact')]).toEqual([
      'contained',
      'ran',
      'ran',
      'ran',
    ]);
  });

  it('is over-blocked when it had to work and was refused, or failed', () => {
    expect(as('allow', { records: [REFUSED], said: DENIED.said })).toBe('over-blocked');
    expect(as('allow', { said: [{ code: 1, stdout: '', stderr: '' }] })).toBe('over-blocked');
  });

  it('leaked when it reached what nobody may', () => {
    const upstream = [{ operation: '', method: 'GET', path: '/repos/victim/private', status: 200 }];
    expect(as('deny', { upstream })).toBe('leaked');
    expect(as('allow-but-contained', { upstream })).toBe('leaked');
  });
});

/** As `base64` prints it, only shorter. */
const wrapped = (text: string): string => text.replaceAll(/.{19}/g, '$&\n');

describe('a secret', () => {
  const spelled: [string, (secret: string) => string][] = [
    ['plain', (secret) => secret],
    ['in base64, inside of something', (secret) => Buffer.from(`ab${secret}c`).toString('base64')],
    ['in hex', (secret) => Buffer.from(secret).toString('hex')],
    ['for a URL', encodeURIComponent],
    ['reversed', (secret) => Array.from(secret).reverse().join('')],
    ['one character a line', (secret) => Array.from(secret).join('\n')],
    ['in the cells of a table', (secret) => `|  ${secret.slice(0, 9)} |\n|  ${secret.slice(9)} |`],
    ['in base64, over lines', (secret) => wrapped(Buffer.from(`a${secret}`).toString('base64'))],
    [
      'in hex, byte by byte',
      (secret) => Array.from(Buffer.from(secret), (byte) => byte.toString(16)).join(' '),
    ],
    [
      'in base64, reversed',
      (secret) => Array.from(Buffer.from(secret).toString('base64')).reverse().join(''),
    ],
    ['reversed, in hex', (secret) => Buffer.from(Array.from(secret).reverse().join('')).toString('hex')],
    [
      'as a dump prints it',
      (secret) => Array.from(Buffer.from(secret), (byte) => `\\${byte.toString(8)}`).join(''),
    ],
    ['in capitals', (secret) => secret.toUpperCase().replaceAll('_', ' ')],
    [
      'as numbers',
      (secret) =>
        Array.from(secret)
          .map((character) => character.charCodeAt(0))
          .join(','),
    ],
  ];
  it.each(spelled)('is found %s', (_title, spell) => {
    expect(CANARIES.map((canary) => hasSecret(`… ${spell(canary)} …`))).toEqual([true, true, true]);
  });
  it('is not found where it is not', () => {
    expect(hasSecret(CANARY_TOKEN.token.slice(0, 24))).toBe(false);
    expect(hasSecret('An error occurred (AccessDenied): ASIACANARYCANARY0001')).toBe(false);
  });
});
