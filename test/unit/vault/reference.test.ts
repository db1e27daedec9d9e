import { describe, expect, test } from 'vitest';

import { parseReference, shownReference } from '../../../src/vault/reference.js';

describe('a reference', () => {
  test.each<[string, object]>([
    ['vault:db-url', { kind: 'vault', name: 'db-url' }],
    ['env:DATABASE_URL', { kind: 'env', name: 'DATABASE_URL' }],
    ['systemd:db.url', { kind: 'systemd', name: 'db.url' }],
    ['file:/run/secrets/db url', { kind: 'file', path: '/run/secrets/db url' }],
    ['file:~/db', { kind: 'file', path: '~/db' }],
    ['file:keys/db', { kind: 'file', path: 'keys/db' }],
    ['cmd:pass show prod/db', { kind: 'cmd', words: ['pass', 'show', 'prod/db'] }],
    [
      'cmd: op  read "op://My Vault/it\'s/x"y ',
      { kind: 'cmd', words: ['op', 'read', "op://My Vault/it's/xy"] },
    ],
    ["cmd:jq -r '.a | .b' f", { kind: 'cmd', words: ['jq', '-r', '.a | .b', 'f'] }],
  ])('%s is understood', (text, reference) => {
    expect(parseReference(text)).toEqual(reference);
  });
  test.each([
    '', 'auto', 'env', 'profile:x', 'vault:', 'vault:a b', 'vault:.x', 'vault:__proto__', 'env:A-B', 'env:1', 'systemd:../x',
    'systemd:a/b', 'file:', 'file:~', 'file:~/', 'file: x', 'file:x ', 'file:~other/x', 'file:/a\nb', 'VAULT:x', ' vault:x', 'vault:x\n',
    'AKIAIOSFODNN7EXAMPLE', 'https://u:p@h',
  ])('%j is none', (text) => {
    expect(parseReference(text)).toBeUndefined();
  }); // prettier-ignore
  test.each([
    'cmd:', 'cmd: ', 'cmd:""', 'cmd:a | b', 'cmd:a; b', 'cmd:a && b', 'cmd:a > b', 'cmd:echo $A', 'cmd:echo "$A"', 'cmd:echo `a`',
    'cmd:a (b)', 'cmd:a *', 'cmd:a "open', "cmd:a 'open", 'cmd:a \\b', 'cmd:a\nb',
  ])('%j would need a shell, and there is none', (text) => {
    expect(parseReference(text)).toBeUndefined();
  }); // prettier-ignore
  test('is named without the words of a command', () => {
    const shown = ['vault:a', 'env:A', 'file:/a', 'systemd:a', 'cmd:op read --token=x'].map((text) => {
      const reference = parseReference(text);
      return reference && shownReference(reference);
    });
    expect(shown).toEqual(['vault:a', 'env:A', 'file:/a', 'systemd:a', 'cmd:op']);
  });
});
