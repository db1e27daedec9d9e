// The document says what was seen, and says so where nothing was.

import { describe, expect, it } from 'vitest';

import type { Graded } from '../../attack/grade.js';
import { joined, type Round, type Score } from '../../attack/run-all.js';
import { documentOf } from '../../attack/scoreboard.js';

const graded = (id: string, category: string, change: Partial<Graded> = {}): Graded => ({
  id,
  category,
  expected: 'deny',
  grade: 'denied',
  reasons: [],
  ms: 1,
  ...change,
});
const round = (change: Partial<Round>): Round => ({
  level: 'namespaced',
  aws: '2.0.0',
  user: 'an ordinary user',
  absent: undefined,
  graded: [],
  controls: [],
  logs: ['verified: x'],
  broke: undefined,
  seconds: 1,
  ok: true,
  ...change,
});
const score = (...rounds: Round[]): Score => ({
  date: '2026-01-01 10:00',
  kernel: '6.0',
  node: 'v20.19.0',
  gh: '2.23.0',
  rounds,
});
const text = (...rounds: Round[]): string => documentOf(score(...rounds)).join('\n');

describe('docs/scoreboard.md', () => {
  it('counts by category and by corpus', () => {
    const all = [
      graded('a-01', 'a'),
      graded('a-own-01', 'a', { grade: 'leaked', reasons: ['a secret is in stdout'] }),
      graded('benign-001', 'benign', { grade: 'ran' }),
    ];
    const document = text(round({ graded: all }));
    expect(document).toContain('| a | 2 | 1 | 0 | 0 | 1 | 0 |');
    expect(document).toContain('| attacks.jsonl | 1 | 1 | 0 | 0 | 0 | 0 |');
    expect(document).toContain('| attacks-own.jsonl | 1 | 0 | 0 | 0 | 1 | 0 |');
    expect(document).toContain('| benign.jsonl | 1 | 0 | 1 | 0 | 0 | 0 |');
    expect(document).toContain('- leaked: a-own-01: a secret is in stdout');
  });

  it('says why a level is not there, what broke, and which category is void', () => {
    const control = {
      category: 'a',
      id: 'a-01',
      claim: 'it is printed',
      result: 'failed',
      note: 'exit 1',
    } as const;
    const document = text(
      round({ graded: [graded('a-01', 'a')], controls: [control], broke: 'the stage ended with 1' }),
      round({ level: 'strict', absent: 'no such thing' }),
    );
    expect(document).toContain('| strict | 2.0.0 | an ordinary user | not here: no such thing |');
    expect(document).toContain('| landlock |  |  | not run |');
    expect(document).not.toMatch(/(?:namespaced|strict) \|.*not run/);
    expect(document).toContain('**Did not end:** the stage ended with 1');
    expect(document).toContain('| a (void) | 1 |');
    expect(document).toContain('| it is printed | NO: exit 1 |');
  });

  it('takes no Markdown from a program', () => {
    const seen = graded('a-01', 'a', { grade: 'contained', reasons: ['exit 1: <b>|`x`'] });
    expect(text(round({ graded: [seen] }))).toContain('exit 1: &#60;b&#62;&#124;&#96;x&#96;');
  });
});

describe('runs that are joined', () => {
  const later = { ...score(round({ level: 'strict' })), date: '2026-01-01 11:00' };
  it('keep their rounds and their times', () => {
    const one = joined([later, score(round({}))]);
    expect([one.date, one.rounds.map(({ level }) => level)]).toEqual([
      '2026-01-01 10:00 to 2026-01-01 11:00',
      ['strict', 'namespaced'],
    ]);
  });
  it('are of one machine', () => {
    expect(() => joined([score(), { ...later, gh: '9' }])).toThrow(/different machines/);
  });
});
