// Files by value: what leaves the working directory, and what may be written into it. The repeater here asks for
// whatever its command line says, as a broken or hostile one would.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';

import {
  type BrokerSession,
  type Ran,
  outcome,
  startBrokerSession,
  stdoutOf,
} from '../helpers/broker-session.js';

let session: BrokerSession;
let outside: string;
let cwd: string;
beforeAll(async () => {
  session = await startBrokerSession();
});
afterAll(() => session.close());
beforeEach(() => {
  // Not below /tmp, which is a place of its own for the shim.
  outside = mkdtempSync('/var/tmp/tsf-');
  cwd = join(outside, 'work');
  mkdirSync(cwd);
  writeFileSync(join(outside, 'secret'), 'canary');
});
afterEach(() => rmSync(outside, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));

function loop(...argv: string[]): Promise<Ran> {
  // A umask that is not the test runner's: files get 0644 without what it takes away.
  const line = 'umask 027; exec "$0" "$@"';
  const child = spawn('sh', ['-c', line, session.shim, ...argv], {
    env: { PATH: '/usr/bin:/bin' },
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return outcome(child);
}

function interruptTwice(child: ChildProcess): void {
  child.kill('SIGINT');
  setTimeout(() => child.kill('SIGINT'), 50);
}

async function sent(...argv: string[]): Promise<Record<string, unknown>[]> {
  const { code, stdout, stderr } = await loop('files', ...argv);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const lines = stdout.toString().split('\n').slice(0, -1);
  const entries: Record<string, unknown>[] = lines.map((line) => JSON.parse(line));
  return entries;
}

function file(path: string, text: string): void {
  mkdirSync(join(cwd, path, '..'), { recursive: true });
  writeFileSync(join(cwd, path), text);
}

describe('sending', () => {
  test('a file goes with its bytes and its time; for `stat` without its bytes', async () => {
    file('sub/a.txt', 'text');
    utimesSync(join(cwd, 'sub/a.txt'), 1_500_000_000, 1_500_000_000);
    const entry = { path: 'sub/a.txt', size: 4, mtime_ms: 1_500_000_000_000 };
    expect(await sent('read=sub/a.txt')).toEqual([{ ...entry, kind: 'file', text: 'text' }]);
    expect(await sent('stat=sub/a.txt')).toEqual([{ ...entry, kind: 'stat', text: '' }]);
  });

  test('a tree goes in order, with its empty directories and with links that stay inside', async () => {
    for (const path of ['t/b', 't/a/x', 'other']) file(path, path);
    mkdirSync(join(cwd, 't/empty'));
    symlinkSync('../other', join(cwd, 't/link'));
    expect((await sent('tree=t')).map(({ kind, path, text }) => [kind, path, text])).toEqual([
      ['dir', 't', ''],
      ['dir', 't/a', ''],
      ['file', 't/a/x', 't/a/x'],
      ['file', 't/b', 't/b'],
      ['dir', 't/empty', ''],
      ['file', 't/link', 'other'],
    ]);
    expect((await sent('tree=.')).map(({ path }) => path)).toContain('t/a/x');
    expect((await sent('stattree=t')).map(({ kind }) => kind)).toEqual([
      'dir',
      'dir',
      'stat',
      'stat',
      'dir',
      'stat',
    ]);
  });

  test('`stat` of a directory without its tree is the names in it: files and links, nothing below', async () => {
    for (const path of ['names/b', 'names/.a', 'names/sub/c']) file(path, 'text');
    symlinkSync('/etc/passwd', join(cwd, 'names/link'));
    expect((await sent('stat=names')).map(({ kind, path, text }) => [kind, path, text])).toEqual([
      ['stat', 'names/.a', ''],
      ['stat', 'names/b', ''],
      ['stat', 'names/link', ''],
    ]);
  });

  test('what is not there, no file, or not a tree is not sent, and the tool says so itself', async () => {
    mkdirSync(join(cwd, 'directory'));
    symlinkSync('nowhere', join(cwd, 'dangling'));
    expect(await sent('read=missing', 'read=directory', 'read=dangling', 'read=missing/below')).toEqual([]);
  });

  test.each([
    ['a file that is a link out', 'read=link', '../secret', 'link'],
    ['a link out inside a tree', 'tree=t', '../../secret', 't/link'],
    ['a directory that is a link out', 'read=link/secret', '..', 'link'],
    ['a tree that is a link out', 'tree=link', '..', 'link'],
  ])('%s is refused and nothing of it leaves', async (_what, need, target, link) => {
    mkdirSync(join(cwd, 't'));
    symlinkSync(target, join(cwd, link));
    const { code, stdout, stderr } = await loop('files', need);
    expect(code).toBe(126);
    expect(stderr).toMatch(/^turret: error: the link "[^"]*" leads out of "[^"]*"\nturret: hint: [^\n]*\n$/);
    expect(stdout.toString()).not.toContain('canary');
  });

  test('a link to a directory above itself does not go round for ever', async () => {
    mkdirSync(join(cwd, 't'));
    symlinkSync('.', join(cwd, 't/again'));
    expect(await loop('files', 'tree=t')).toMatchObject({ code: 126 });
  });

  test('an absolute path is refused outside /tmp, and sent below it', async () => {
    expect(await loop('files', `read=${outside}/secret`)).toMatchObject({ code: 126 });
    const place = mkdtempSync('/tmp/tsf-');
    writeFileSync(join(place, 'a'), 'a');
    symlinkSync(join(outside, 'secret'), join(place, 'link'));
    try {
      expect(await sent(`read=${place}/a`)).toMatchObject([{ path: `${place}/a`, text: 'a' }]);
      expect(await loop('files', `read=${place}/link`)).toMatchObject({ code: 126 });
    } finally {
      rmSync(place, { recursive: true });
    }
  });

  test('a large file arrives whole, and a call that does not read it ends all the same', async () => {
    writeFileSync(join(cwd, 'large'), Buffer.alloc(5_000_000, 'x'));
    const [entry] = await sent('read=large');
    expect(entry).toMatchObject({ size: 5_000_000, text: 'x'.repeat(5_000_000) });
    expect(await loop('say', 'read=large')).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('receiving', () => {
  test('a file is written whole, with its time, readable as the umask says, and nothing else is left', async () => {
    expect(await loop('give', 'write=new/a', 'give:new/a=text')).toMatchObject({ code: 0, stderr: '' });
    expect(readFileSync(join(cwd, 'new/a'), 'utf8')).toBe('text');
    const { mode, mtimeMs } = statSync(join(cwd, 'new/a'));
    expect({ mode: mode & 0o7777, mtimeMs }).toEqual({ mode: 0o640, mtimeMs: 1_600_000_000_000 });
    expect(readdirSync(join(cwd, 'new'))).toEqual(['a']);
  });

  test('a tree is written below its need, and a file in it replaces an older one', async () => {
    file('t/a', 'old');
    expect(await loop('give', 'writetree=t', 'give:t/a=new', 'give:t/deep/b=b')).toMatchObject({ code: 0 });
    expect(readFileSync(join(cwd, 't/a'), 'utf8')).toBe('new');
    expect(readFileSync(join(cwd, 't/deep/b'), 'utf8')).toBe('b');
  });

  test.each([
    ['another name', 'write=a', 'b'],
    ['a name below a single file', 'write=a', 'a/b'],
    ['a name beside a tree', 'writetree=t', 'tt/a'],
    ['a hidden program file', 'writetree=t', '.bashrc'],
    ['an absolute name for a relative need', 'writetree=.', '/tmp/turret-must-not-exist'],
    ['a need outside', 'write=/var/tmp/turret-must-not-exist', '/var/tmp/turret-must-not-exist'],
  ])('%s is refused and not written', async (_what, need, path) => {
    expect(await loop('give', need, `give:${path}=evil`)).toMatchObject({ code: 126 });
    expect(readdirSync(cwd)).toEqual([]);
    for (const place of ['/tmp', '/var/tmp'])
      expect(existsSync(join(place, 'turret-must-not-exist'))).toBe(false);
  });

  test('a directory that is a link is not written through, wherever it leads', async () => {
    symlinkSync('..', join(cwd, 'out'));
    mkdirSync(join(cwd, 'real'));
    symlinkSync('real', join(cwd, 'in'));
    for (const link of ['out', 'in']) {
      const { code, stderr } = await loop('give', `writetree=${link}`, `give:${link}/secret=evil`);
      expect({ code, link, stderr: stderr.includes('is a link') }).toEqual({ code: 126, link, stderr: true });
    }
    expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('canary');
    expect(readdirSync(join(cwd, 'real'))).toEqual([]);
  });

  test('a link in the place of the file is replaced and what it leads to stays as it is', async () => {
    symlinkSync('../secret', join(cwd, 'a'));
    expect(await loop('give', 'write=a', 'give:a=text')).toMatchObject({ code: 0 });
    expect(lstatSync(join(cwd, 'a')).isFile()).toBe(true);
    expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('canary');
  });

  test('half a download is no file, also when the shim is interrupted or its broker dies', async () => {
    const own = await startBrokerSession();
    onTestFinished(() => own.close());
    for (const end of [(child: ChildProcess) => interruptTwice(child), () => own.broker.kill('SIGKILL')]) {
      const child = spawn(own.shim, ['give_half', 'write=half'], {
        env: { PATH: '/usr/bin:/bin' },
        cwd,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const ran = outcome(child);
      await once(stdoutOf(child), 'data');
      while (readdirSync(cwd).length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      end(child);
      const { code, signal } = await ran;
      expect(code ?? signal).not.toBe(0);
      expect(readdirSync(cwd)).toEqual([]);
    }
  });

  test('a place that cannot be written ends the call with 125 and the name', async () => {
    file('a', 'a file');
    mkdirSync(join(cwd, 'directory'));
    expect(await loop('give', 'write=directory', 'give:directory=x')).toMatchObject({ code: 126 });
    const { code, stderr } = await loop('give', `write=${'n'.repeat(300)}`, `give:${'n'.repeat(300)}=x`);
    expect(code).toBe(125);
    expect(stderr).toContain('ENAMETOOLONG');
  });
});
