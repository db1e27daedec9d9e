import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { claim, claimant, release } from '../../../src/platform/claim.js';
import { leaveServePlace, servePlace, takeServePlace } from '../../../src/platform/serve-place.js';

let root: string;
let server: ReturnType<typeof createServer> | undefined;
beforeEach(() => {
  root = mkdtempSync('/tmp/tsp-');
});
afterEach(() => {
  server?.close();
  server = undefined;
  rmSync(root, { recursive: true, force: true });
});

const uid = process.getuid?.() ?? 0;
const place = (name = 'run/agent.sock') => servePlace(join(root, name), {}, uid);
const refusal = (name?: string) =>
  takeServePlace(place(name)).then(
    () => 'taken',
    (error: Error) => error.message,
  );

// Root makes one; nobody else may, and /usr is root's.
function foreignDirectory(): string {
  if (uid !== 0) return '../../usr/agent.sock';
  chownSync(join(root, 'run'), 12_345, 12_345);
  return 'run/agent.sock';
}

describe('the place of a server', () => {
  it('is made private, and is gone afterwards', async () => {
    await takeServePlace(place());
    expect(claimant(place().claim)).toBe(process.pid);
    // Deeper than a path can say, as a program of a repeater may leave it.
    execFileSync('/usr/bin/python3', [
      '-c',
      'import os, sys\nos.chdir(sys.argv[1])\nfor _ in range(40): os.mkdir("d" * 200); os.chdir("d" * 200)',
      place().directory,
    ]);
    leaveServePlace(place());
    expect(existsSync(place().directory)).toBe(false);
  });

  it.each([0o777, 0o775, 0o757])('is refused in a directory of mode %o', async (mode) => {
    mkdirSync(join(root, 'run'));
    chmodSync(join(root, 'run'), mode);
    expect(await refusal()).toMatch(/run is open to others$/);
  });

  it.runIf(uid === 0)('is refused below a directory of somebody else, who could exchange it', async () => {
    mkdirSync(join(root, 'theirs/run'), { recursive: true });
    chownSync(join(root, 'theirs'), 12_345, 12_345);
    expect(await refusal('theirs/run/agent.sock')).toMatch(/theirs belongs to another user$/);
  });

  it('is refused below a directory that anybody may write, but not below /tmp, where only owners rename', async () => {
    mkdirSync(join(root, 'open/run'), { recursive: true });
    chmodSync(join(root, 'open'), 0o777);
    expect(await refusal('open/run/agent.sock')).toMatch(/open is open to others$/);
    chmodSync(join(root, 'open'), 0o1777);
    expect(await refusal('open/run/agent.sock')).toBe('taken');
  });

  it('may be in a directory that others can read', async () => {
    mkdirSync(join(root, 'run'));
    chmodSync(join(root, 'run'), 0o755);
    expect(await refusal()).toBe('taken');
  });

  it('is refused in a directory of another user, and behind a link', async () => {
    mkdirSync(join(root, 'run'));
    symlinkSync(join(root, 'run'), join(root, 'link'));
    expect(await refusal('link/agent.sock')).toMatch(/link is not a directory$/);
    expect(await refusal(foreignDirectory())).toMatch(/belongs to another user$/);
  });

  it('is refused when its own directory is open to others', async () => {
    mkdirSync(place().directory, { recursive: true });
    chmodSync(place().directory, 0o755);
    expect(await refusal()).toMatch(/agent\.sock\.admin is open to others$/);
  });

  it('is not taken from another program: neither its file nor its socket', async () => {
    mkdirSync(join(root, 'run'), { mode: 0o700 });
    writeFileSync(place().socket, 'mine');
    expect(await refusal()).toMatch(/agent\.sock belongs to another program$/);
    rmSync(place().socket);
    server = createServer().listen(place().socket);
    expect(await refusal()).toMatch(/agent\.sock belongs to another program$/);
    expect(claimant(place().claim)).toBeUndefined();
  });

  it('is refused where the path is too long for a socket', async () => {
    expect(await refusal(`${'x'.repeat(90)}/agent.sock`)).toMatch(/longer than 86 bytes$/);
  });
});

describe('a claim', () => {
  const file = () => join(root, 'claim');
  it('names the process that lives, and is nobody’s when that one died or its number is another’s now', () => {
    expect(claimant(file())).toBeUndefined();
    writeFileSync(file(), `${process.ppid} -\n`);
    expect(claimant(file())).toBe(process.ppid);
    expect(() => claim(file(), 'this place')).toThrow(
      `this place is in use by the turret serve with process id ${process.ppid}`,
    );
    for (const dead of ['4194999 -\n', `${process.ppid} 1\n`, 'nonsense', '']) {
      writeFileSync(file(), dead);
      expect([dead, claimant(file())]).toEqual([dead, undefined]);
    }
    claim(file(), 'this place');
    expect(claimant(file())).toBe(process.pid);
    release(file());
    expect(existsSync(file())).toBe(false);
  });
});
