import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, it } from 'vitest';

import { version } from '../../../src/installation.js';
import { chooseShim } from '../../../src/session/shim-program.js';
import { NATIVE_SHIM } from '../../helpers/native-shim.js';

let directory: string;
let program: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'turret-choose-'));
  program = join(directory, 'turret-shim');
});
afterEach(() => rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));

function script(text: string): void {
  writeFileSync(program, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
}

it('takes the native shim that is built here, and the first of several', async () => {
  expect(await chooseShim({}, undefined)).toEqual({ native: NATIVE_SHIM, why: NATIVE_SHIM });
  script(`echo turret-shim ${version}`);
  expect((await chooseShim({}, undefined, ['/nowhere', program, NATIVE_SHIM])).native).toBe(program);
});

it.each([
  ['fails its test', 'exit 1', /fails its own test \(1\)/],
  ['is of another version', 'echo turret-shim 9.9.9', /of another version/],
  ['says more than it should', `echo turret-shim ${version}; echo x`, /of another version/],
])('leaves one that %s to Node, and refuses to be told to use it', async (_what, text, why) => {
  script(text);
  expect(await chooseShim({}, directory, [program])).toEqual({ why: expect.stringMatching(why) });
  await expect(chooseShim({ TURRET_SHIM: 'native' }, directory, [program])).rejects.toThrow(why);
});

it('is Node where none is built, or on demand', async () => {
  expect(await chooseShim({}, directory, ['/nowhere'])).toEqual({ why: 'none is built for this machine' });
  expect((await chooseShim({ TURRET_SHIM: 'node' }, directory)).native).toBeUndefined();
  await expect(chooseShim({ TURRET_SHIM: 'nod' }, directory)).rejects.toThrow('TURRET_SHIM="nod" is no shim');
});

it('tests a program once, and another one in its place again', async () => {
  copyFileSync(NATIVE_SHIM, program);
  const remembered = join(directory, 'shim-tested');
  expect((await chooseShim({}, directory, [program])).native).toBe(program);
  const { mtimeMs } = statSync(remembered);
  expect((await chooseShim({}, directory, [program])).native).toBe(program);
  expect(statSync(remembered).mtimeMs).toBe(mtimeMs);
  rmSync(program);
  script('exit 1');
  expect((await chooseShim({}, directory, [program])).native).toBeUndefined();
  expect(existsSync(remembered)).toBe(true);
});
