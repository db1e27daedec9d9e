// Where sessions are met. In /tmp somebody else may have been there first.

import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  utimesSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { buildSync } from 'esbuild';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createRuntimeDirectory, runningSessions } from '../../../src/platform/runtime-directory.js';

const SID = 'a'.repeat(20);
const session = {
  sid: SID,
  pid: process.pid,
  label: 'agent',
  command: 'agent',
  started: '2026-01-01T00:00:00Z',
  isolation: 'auto',
};
let place: string;
let root: string;
beforeEach(() => {
  place = mkdtempSync('/tmp/trd-');
  root = join(place, 'turret-1');
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

function found(): string[] {
  return runningSessions([root]).map((running) => running.session.sid);
}

/** A session that is over, by the look of it. */
function leftBehind(directory: string): string {
  const path = join(directory, SID);
  mkdirSync(path, { recursive: true });
  utimesSync(path, 0, 0);
  return path;
}

describe('the directories of sessions', () => {
  it('are found, and those of dead ones removed, in a root that is ours alone', () => {
    createRuntimeDirectory([root], session);
    expect(found()).toEqual([SID]);
    const dead = join(root, 'b'.repeat(20));
    mkdirSync(dead);
    utimesSync(dead, 0, 0);
    expect(found()).toEqual([SID]);
    expect(existsSync(dead)).toBe(false);
  });

  // Whoever tidies up later, to start a session or to revoke one, would otherwise fail of it.
  it('are left alone where something in them cannot be removed, and the others are found', () => {
    createRuntimeDirectory([root], session);
    const busy = join(root, 'b'.repeat(20), 'tmp');
    mkdirSync(busy, { recursive: true });
    utimesSync(join(busy, '..'), 0, 0);
    const bundle = join(place, 'bundle.cjs');
    buildSync({
      entryPoints: [resolve('src/platform/runtime-directory.ts')],
      outfile: bundle,
      bundle: true,
      platform: 'node',
      format: 'cjs',
    });
    const script = `require(${JSON.stringify(bundle)}).runningSessions([${JSON.stringify(root)}]).map((one) => console.log(one.session.sid))`;
    const words = `mount -t tmpfs none '${busy}' && exec "$0" -e "$1"`;
    const said = execFileSync('/usr/bin/unshare', [
      ...['--user', '--map-root-user', '--mount', 'sh', '-c', words, process.execPath, script],
    ]);
    expect(said.toString()).toBe(`${SID}\n`);
    expect(existsSync(busy)).toBe(true);
  });

  it('are not looked for in a root that others can write: its pipes would be waited at', () => {
    mkdirSync(join(root, SID), { recursive: true });
    execFileSync('/usr/bin/mkfifo', [join(root, SID, 'session.json')]);
    chmodSync(root, 0o777);
    expect(found()).toEqual([]);
  });

  it('are not removed through a link that somebody put in the place of the root', () => {
    const path = leftBehind(join(place, 'elsewhere'));
    chmodSync(join(place, 'elsewhere'), 0o700);
    symlinkSync(join(place, 'elsewhere'), root);
    expect(found()).toEqual([]);
    expect(existsSync(path)).toBe(true);
  });

  it.runIf(process.getuid?.() === 0)('are neither believed nor removed in the root of another user', () => {
    const path = leftBehind(root);
    chmodSync(root, 0o700);
    chownSync(root, 12_345, 12_345);
    expect(found()).toEqual([]);
    expect(existsSync(path)).toBe(true);
  });
});
