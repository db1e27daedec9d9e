// The text of the macOS profile. That the text does what it says nobody has seen: these tests run no Mac.

import { readFileSync } from 'node:fs';
import { assert, constantFrom, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SEATBELT_LINE, type SeatbeltRequest, seatbeltCommand } from '../../../src/isolation/seatbelt.js';

const REQUEST: SeatbeltRequest = {
  cwd: '/Users/ada/app',
  home: '/Users/ada',
  read: ['/Users/ada/.gitconfig', '/Users/ada/.gone'],
  write: ['/Users/ada/.claude'],
  temporary: '/var/folders/t',
  agentDirectory: '/tmp/turret-501/s/agent',
  agentSocket: '/tmp/turret-501/s/agent/agent.sock',
  hidden: ['/Users/ada/.local/state/turret', '/tmp/turret-501'],
  fixed: ['/Users/ada/app/turret.yaml'],
  net: 'open',
  ports: [53, 443],
};

/** As on a Mac, where /tmp and /var are links. */
const real = (path: string): string | undefined =>
  path.endsWith('.gone') ? undefined : path.replace(/^\/(tmp|var)(?=\/)/, '/private/$1');

type Rule = (string | Rule)[];
/** The profile as lists, by a reader of its own; throws for what is no sequence of lists. */
function rulesOf(profile: string): Rule[] {
  const tokens = profile.match(/\(|\)|#?"(?:[^"\\]|\\.)*"|[^\s()"]+/g) ?? [];
  expect(tokens.join('').length).toBe(
    profile.replaceAll(/\s+/g, (space) => (space === ' ' ? '' : '')).length + spacesInStrings(tokens),
  );
  const stack: Rule[] = [[]];
  for (const token of tokens) {
    if (token === '(') stack.push([]);
    else if (token === ')') {
      const done = stack.pop() as Rule;
      stack.at(-1)?.push(done);
    } else stack.at(-1)?.push(token);
  }
  expect(stack).toHaveLength(1);
  return stack[0] as Rule[];
}
const spacesInStrings = (tokens: string[]): number =>
  tokens
    .filter((token) => token.includes('"'))
    .join('')
    .replaceAll(/\S/g, '').length;

/** The rules with their paths put in, one text each. */
function rules(request: Partial<SeatbeltRequest> = {}): string[] {
  const words = seatbeltCommand({ ...REQUEST, ...request }, real);
  const profile = words[2] ?? '';
  const paths = new Map(
    words
      .filter((word) => word.startsWith('-DP'))
      .map((word) => [word.slice(2, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]),
  );
  const text = (rule: Rule): string =>
    rule[0] === 'param'
      ? (paths.get(String(rule[1]).slice(1, -1)) ?? 'no such parameter')
      : `(${rule.map((part) => (typeof part === 'string' ? part : text(part))).join(' ')})`;
  return rulesOf(profile).map(text);
}
/** What the rules come to for a path, as sandbox(7) has it: of those that fit the last one. */
function isLeft(all: string[], operation: string, path: string): boolean {
  const fits = (rule: string): boolean => {
    const [, operations = ''] = /^\(\w+ ([a-z*-]+(?: [a-z*-]+)*)/.exec(rule) ?? [];
    if (rule !== '(allow default)' && !operations.split(' ').some((one) => covers(one, operation)))
      return false;
    const filters = [...rule.matchAll(/\((literal|subpath|regex) (.*?)\)(?= \(|\)$)/g)];
    return (
      filters.length === 0 ||
      filters.some(([, kind, value = '']) =>
        kind === 'regex'
          ? new RegExp(value.slice(2, -1)).test(path)
          : path === value || (kind === 'subpath' && path.startsWith(`${value}/`)),
      )
    );
  };
  return all.findLast(fits)?.startsWith('(allow') ?? false;
}
const covers = (rule: string, operation: string): boolean =>
  rule === operation || (rule.endsWith('*') && operation.startsWith(rule.slice(0, -1)));
const place = (all: string[], beginning: string): number =>
  all.findIndex((rule) => rule.startsWith(beginning));

describe('the profile for macOS', () => {
  it('is what the command of the agent is started with', () => {
    const words = seatbeltCommand(REQUEST, real);
    expect(words.slice(0, 2)).toEqual(['/usr/bin/sandbox-exec', '-p']);
    expect(words.at(-1)).toBe('--');
    expect(rules().slice(0, 2)).toEqual(['(version 1)', '(allow default)']);
  });

  it('has no path in its text, whatever a path is called', () => {
    const name = constantFrom(
      'a") (allow default) ("',
      '"))(allow file-read*)',
      '\\',
      '(param "P0")',
      '\n(allow default)',
      '-DP0=/',
      "'; sh",
    );
    const before = rules();
    assert(
      property(name, string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 12 }), (evil, more) => {
        const rest = evil + more.replaceAll(/[/\0]/g, '_');
        const cwd = `/Users/ada/${rest}`;
        const plain = `/Users/ada/${rest.replaceAll(/[^/]+/g, (_name, at) => `x${at}`)}`;
        const words = seatbeltCommand({ ...REQUEST, cwd }, (path) => path);
        expect(words[2]).toBe(seatbeltCommand({ ...REQUEST, cwd: plain }, (path) => path)[2]);
        expect(
          words.filter((word) => word.startsWith('-DP')).map((word) => word.replace(/^-DP\d+=/, '')),
        ).toContain(cwd);
        expect(words.slice(3, -1).every((word) => /^-DP\d+=/.test(word))).toBe(true);
      }),
    );
    const evil = rules({ cwd: '/Users/ada/a") (allow default) ("' });
    expect(
      evil.map((rule) => rule.replaceAll('/Users/ada/a") (allow default) ("', '/Users/ada/app')),
    ).toEqual(before);
  });

  it('closes HOME, gives back what is allowed of it, and takes state and policy out again, in this order', () => {
    const all = rules();
    const order = [
      '(deny file-write*)',
      '(allow file-write* (subpath /Users/ada/app) (subpath /private/var/folders/t) (subpath /Users/ada/.claude) (literal /dev/null)',
      '(deny file-read* (subpath /Users/ada))',
      '(allow file-read* (subpath /Users/ada/app) (subpath /private/var/folders/t) (subpath /Users/ada/.claude) (subpath /Users/ada/.gitconfig))',
      '(deny file-read* file-write* (subpath /Users/ada/.local/state/turret) (subpath /private/tmp/turret-501))',
      '(allow file-read* file-write* (subpath /private/var/folders/t))',
      '(allow file-read* (subpath /private/tmp/turret-501/s/agent) (literal /private/tmp/turret-501/s/agent/agent.sock))',
      '(allow file-read-metadata ',
      '(deny file-write* (subpath /Users/ada/app/turret.yaml))',
    ].map((beginning) => place(all, beginning));
    expect(order).not.toContain(-1);
    expect(order).toEqual([...order].sort((a, b) => a - b));
  });

  it.each([
    ['/Users/ada/app/main.c', 'read, write'],
    ['/Users/ada/app/turret.yaml', 'read'],
    ['/Users/ada/.claude/settings.json', 'read, write'],
    ['/Users/ada/.gitconfig', 'read'],
    ['/Users/ada/.aws/credentials', ''],
    ['/Users/ada/.claude-of-yesterday', ''],
    ['/Users/ada', 'metadata'],
    ['/Users/ada/.local/state/turret/host.key', ''],
    ['/private/tmp/turret-501/admin.sock', ''],
    ['/private/tmp/turret-501/s/agent/token', 'read'],
    ['/private/tmp/turret-501/s/tmp/scratch', 'read, write'],
    ['/private/tmp/others', 'read'],
    ['/usr/bin/git', 'read'],
    ['/Applications', 'read'],
    ['/dev/null', 'read, write'],
    ['/dev/ttys003', 'read, write'],
    ['/dev/disk0', 'read'],
  ])('where the last rule that fits holds, leaves of %s: %s', (path, left) => {
    const all = rules({ temporary: '/tmp/turret-501/s/tmp' });
    const may = ['read', 'write'].filter((what) => isLeft(all, `file-${what}`, path));
    const metadata = may.length === 0 && isLeft(all, 'file-read-metadata', path) ? ['metadata'] : [];
    expect([...may, ...metadata].join(', ')).toBe(left);
  });

  it('names the directories on the way to what is open, and none beside it', () => {
    const way = rules().find((rule) => rule.startsWith('(allow file-read-metadata'));
    expect(way).toContain('(literal /Users/ada)');
    expect(way).toContain('(literal /)');
    expect(way).not.toContain('.aws');
    expect(way).not.toContain('(subpath');
  });

  it('leaves other processes, the Keychain and those who would act for the agent alone', () => {
    for (const rule of [
      '(deny process-info* (target others))',
      '(deny mach-priv-task-port)',
      '(deny sysctl-read (sysctl-name "kern.procargs2"))',
      '(deny mach-lookup (global-name "com.apple.SecurityServer")',
      '(deny appleevent-send)',
      '(deny lsopen)',
      '(deny job-creation)',
    ])
      expect(place(rules(), rule)).toBeGreaterThan(1);
    expect(place(rules(), '(allow signal (target same-sandbox))')).toBeGreaterThan(
      place(rules(), '(deny signal)'),
    );
    // Go checks certificates with it.
    expect(rules().join()).not.toContain('trustd');
  });

  it.each([
    ['open', ['mDNSResponder'], ['(deny network*)', '(remote ip']],
    [
      'ports',
      [
        '(deny network-outbound (remote ip))',
        '(remote tcp "*:53") (remote tcp "*:443")',
        '(deny network-outbound (remote ip "localhost:*"))',
        'mDNSResponder',
      ],
      ['(deny network*)'],
    ],
    ['none', ['(deny network*)'], ['mDNSResponder', '(remote tcp']],
  ] as const)('net: %s leaves of all Unix sockets the one of the broker', (net, there, absent) => {
    const all = rules({ net });
    const sockets = all.slice(place(all, '(deny network-outbound (remote unix-socket))') + 1);
    expect(sockets[0]).toMatch(
      /^\(allow network-outbound \(remote unix-socket \(path-literal \/private\/tmp\/turret-501\/s\/agent\/agent.sock\)\)/,
    );
    for (const text of there) expect(all.join('\n')).toContain(text);
    for (const text of absent) expect(all.join('\n')).not.toContain(text);
  });

  it('is refused when the workspace is the home directory', () => {
    expect(() => seatbeltCommand({ ...REQUEST, cwd: '/Users/ada' }, real)).toThrow(/home directory/);
  });

  it('is called untested wherever it is spoken of', () => {
    expect(SEATBELT_LINE).toContain('untested');
    const docs = readFileSync('docs/isolation.md', 'utf8');
    expect(docs).toMatch(/macOS[^]{0,200}untested/);
  });
});
