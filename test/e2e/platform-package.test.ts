// A release is one package for every machine, and for each platform one with what is compiled.

import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const WHAT_IS_TAKEN = `
  const at = (path) => import(process.argv[1] + '/dist/src/' + path);
  const { chooseShim } = await at('session/shim-program.js');
  const { findConfine, askLandlock } = await at('isolation/launch-here.js');
  const { nativeProgram } = await at('installation.js');
  const [confine, pump] = [findConfine(), nativeProgram('pump')];
  const landlock = confine === undefined ? 'not asked' : ((await askLandlock(confine)).problem ?? 'asked');
  console.log(JSON.stringify({ confine, pump, landlock, shim: (await chooseShim({}, undefined)).native }));`;

let directory: string;
let turret: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'turret-package-'));
  turret = install(ROOT, 'turret');
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function run(file: string, args: string[], cwd = ROOT): string {
  return execFileSync(file, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** As npm would publish it, and where it would install it. */
function install(from: string, name: string): string {
  const archive = run('npm', ['pack', '--silent', '--pack-destination', directory], from).trim();
  const to = join(directory, 'node_modules', name);
  mkdirSync(to, { recursive: true });
  run('tar', ['-xzf', join(directory, archive), '-C', to, '--strip-components=1']);
  return to;
}

const whatIsTaken = (): unknown =>
  JSON.parse(run(process.execPath, ['--input-type=module', '-e', WHAT_IS_TAKEN, turret]));

function isCompiled(path: string): boolean {
  const file = openSync(path, 'r');
  const head = Buffer.alloc(4);
  readSync(file, head);
  closeSync(file);
  return head.toString('latin1') === '\x7fELF';
}

test('the package for every machine has no program of one', () => {
  const files = readdirSync(turret, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  expect(files.length).toBeGreaterThan(500);
  expect(
    files.map(({ parentPath, name }) => join(parentPath, name)).filter((path) => isCompiled(path)),
  ).toEqual([]);
  expect(whatIsTaken()).toEqual({ landlock: 'not asked' });
});

test('that of the platform brings the shim, and what gives rights up before a sandbox starts', () => {
  const packed = run(process.execPath, ['scripts/pack-shim.mjs']).trim();
  const own = install(packed, basename(packed));
  expect(whatIsTaken()).toEqual({
    shim: join(own, 'turret-shim'),
    confine: join(own, 'confine'),
    pump: join(own, 'pump'),
    landlock: 'asked',
  });
});
