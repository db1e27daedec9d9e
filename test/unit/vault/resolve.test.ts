import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { parseReference } from '../../../src/vault/reference.js';
import { resolveSecrets } from '../../../src/vault/resolve.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync('/tmp/resolve-');
});
afterEach(() => rmSync(directory, { recursive: true }));

const opened: string[] = [];
function resolveAll(...texts: string[]): Promise<(string | undefined)[]> {
  opened.length = 0;
  const wanted = texts
    .filter((text) => text !== 'optional')
    .map((text) => {
      const reference = parseReference(text);
      if (reference === undefined) throw new Error(text);
      const optional = texts.includes('optional') ? { optional: true as const } : {};
      return { reference, directory, for: 'the repeater "x"', ...optional };
    });
  return resolveSecrets(wanted, {
    agentWrites: [join(directory, 'project')],
    env: {
      HOME: directory,
      PATH: `.:${directory}/project/bin:${directory}/bin:/usr/bin:/bin`,
      A: 'canary-a',
      EMPTY: '',
      CREDENTIALS_DIRECTORY: directory,
    },
    openVault: async () => {
      opened.push('opened');
      return {
        get: (name) => (name === 'v' ? 'canary-v' : undefined),
        close: () => void opened.push('closed'),
      };
    },
  });
}
const put = (name: string, content: string | Uint8Array): void =>
  writeFileSync(join(directory, name), content);

test('every place gives its value, less one line break at its end', async () => {
  put('s', 'canary-s\n');
  put('f', ' canary-f\r\n\n');
  const values = await resolveAll(
    'vault:v',
    'env:A',
    'systemd:s',
    'file:~/f',
    `file:${directory}/s`,
    'cmd:cat f',
    'vault:v',
  );
  expect(values).toEqual([
    'canary-v',
    'canary-a',
    'canary-s',
    ' canary-f\r\n',
    'canary-s',
    ' canary-f\r\n',
    'canary-v',
  ]);
});
test('the vault is opened once, by whoever needs it, and closed whatever comes', async () => {
  await resolveAll('env:A');
  expect(opened).toEqual([]);
  await resolveAll('vault:v', 'vault:v');
  expect(opened).toEqual(['opened', 'closed']);
  await expect(resolveAll('vault:v', 'vault:none')).rejects.toThrow('vault:none');
  expect(opened).toEqual(['opened', 'closed']);
});
test('what is optional may be missing, and what goes wrong with it is still an error', async () => {
  expect(await resolveAll('optional', 'env:NONE', 'env:A', 'vault:none')).toEqual([
    undefined,
    'canary-a',
    undefined,
  ]);
  await expect(resolveAll('optional', 'cmd:false')).rejects.toThrow('false exited with 1');
});
test('a program has the environment of the user, no input, and runs in the directory of its file', async () => {
  put('where', 'canary-where');
  const [value] = await resolveAll("cmd:sh -c 'printf %s:; printenv A; cat; cat where'".replace('%s:', 'a:'));
  expect(value).toBe('a:canary-a\ncanary-where');
});
test.each([
  ['env:NONE', 'needs env:NONE, and there is nothing'],
  ['env:EMPTY', 'needs env:EMPTY, and there is nothing'],
  ['systemd:none', 'needs systemd:none, and there is nothing'],
  ['file:/none/x', 'needs file:/none/x, and there is nothing'],
  ['file:/dev/null', 'cannot be used: it is not a file'],
  ['file:/tmp', 'cannot be used: it is not a file'],
  ['cmd:true', 'needs cmd:true, and there is nothing'],
  ['cmd:false --token canary', 'needs cmd:false, which cannot be used: false exited with 1'],
  ['cmd:no-such-program canary', 'cannot be used: no-such-program cannot be started (ENOENT)'],
  ['cmd:head -c 70000 /dev/zero', 'cannot be used: it printed more than 65536 bytes'],
  ["cmd:printf '%b' '@0377'", 'cannot be used: it is not text'],
])('%s is refused with its name and why, and without what it says', async (text, message) => {
  const error = await resolveAll(text.replace('@', '\\')).then(
    () => new Error('not refused'),
    (thrown: unknown) => thrown as Error,
  );
  expect(error).toMatchObject({ code: 'secret_missing' });
  expect(error.message).toContain(`the repeater "x" needs`);
  expect(error.message).toContain(message);
  expect(error.message).not.toContain('canary');
});
test('a file that is too long, or no text, is refused', async () => {
  put('long', 'x'.repeat(65_537));
  put('binary', Uint8Array.of(0xff));
  await expect(resolveAll('file:~/long')).rejects.toThrow('longer than 65536 bytes');
  await expect(resolveAll('file:~/binary')).rejects.toThrow('it is not text');
});

test('a program that the agent could have put there is not run, however it is found', async () => {
  for (const name of ['project/bin', 'bin']) mkdirSync(join(directory, name), { recursive: true });
  const program = (name: string, content: string): void =>
    writeFileSync(join(directory, name), `#!/bin/sh\n${content}\n`, { mode: 0o755 });
  program('project/bin/keeper', 'echo of the agent');
  program('bin/keeper', 'echo of the user');
  // What it starts is not looked for there either.
  program('bin/outer', 'keeper');
  expect(await resolveAll('cmd:keeper', 'cmd:outer')).toEqual(['of the user', 'of the user']);
  symlinkSync('../project/bin/keeper', join(directory, 'bin/linked'));
  symlinkSync('/usr/bin/id', join(directory, 'project/bin/exchanged'));
  for (const words of ['project/bin/keeper', 'linked', `${directory}/project/bin/exchanged`])
    await expect(resolveAll(`cmd:${words}`)).rejects.toThrow(/lies where the agent may write/);
});
