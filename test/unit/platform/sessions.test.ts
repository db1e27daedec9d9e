import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { isCertified } from '../../../src/audit/certificate.js';
import { signingKey } from '../../../src/crypto/ed25519.js';
import { hostPublicKey, loadHostKey } from '../../../src/platform/host-key.js';
import { withLock } from '../../../src/platform/lock-file.js';
import { isAlive, startTicks } from '../../../src/platform/process-alive.js';
import { appendIndex, readIndex } from '../../../src/platform/session-index.js';
import {
  createSession,
  findSession,
  isRunning,
  listSessions,
  stateDirectory,
} from '../../../src/platform/sessions.js';
import { temporaryDirectory } from '../audit/records.js';

const SID = Buffer.from('03396219237f75a64f12', 'hex');
const SESSION = { label: '', command: 'x', pid: process.pid, now: Date.UTC(2026, 0, 1) };

describe('the host key', () => {
  it('is made once, only its owner can read it, and it certifies audit keys', () => {
    const state = join(temporaryDirectory(), 'turret');
    expect(hostPublicKey(state)).toBeUndefined();
    const first = loadHostKey(state);
    expect(statSync(join(state, 'host.key')).mode & 0o777).toBe(0o600);
    expect(readdirSync(state)).toEqual(['host.key']);
    expect(loadHostKey(state).publicKey.equals(first.publicKey)).toBe(true);
    expect(hostPublicKey(state)?.equals(first.publicKey)).toBe(true);
    const audit = signingKey(Buffer.alloc(32, 1)).publicKey;
    expect(isCertified(first.certify(SID, audit), SID, audit)).toBe(true);
  });

  it.each([
    ['readable by others', (file: string) => chmodSync(file, 0o640)],
    ['not a key', (file: string) => writeFileSync(file, 'turret-host-key-v1 AAAA\n')],
    ['empty', (file: string) => writeFileSync(file, '')],
  ])('is refused when it is %s', (_what, spoil) => {
    const state = temporaryDirectory();
    loadHostKey(state);
    spoil(join(state, 'host.key'));
    expect(() => loadHostKey(state)).toThrowError(expect.objectContaining({ code: 'state_unwritable' }));
  });

  it('is not read through a symbolic link', () => {
    const state = temporaryDirectory();
    loadHostKey(state);
    const other = temporaryDirectory();
    symlinkSync(join(state, 'host.key'), join(other, 'host.key'));
    expect(() => loadHostKey(other)).toThrowError(expect.objectContaining({ code: 'state_unwritable' }));
  });
});

describe('the state directory', () => {
  it('is where XDG says, when that is absolute, else below HOME', () => {
    expect(stateDirectory({ XDG_STATE_HOME: '/s', HOME: '/h' })).toBe('/s/turret');
    expect(stateDirectory({ XDG_STATE_HOME: 'relative', HOME: '/h' })).toBe('/h/.local/state/turret');
    expect(() => stateDirectory({ HOME: '' })).toThrowError(
      expect.objectContaining({ code: 'state_unwritable' }),
    );
  });

  it('says state_unwritable, with a hint, when a session cannot be made', () => {
    const state = join(temporaryDirectory(), 'file');
    writeFileSync(state, '');
    expect(() => createSession(state, { ...SESSION, sid: 'aa'.repeat(10) })).toThrowError(
      expect.objectContaining({ code: 'state_unwritable' }),
    );
  });

  it('finds sessions by last, prefix or name, newest first, and ignores what is no session', () => {
    const state = temporaryDirectory();
    const old = createSession(state, { ...SESSION, sid: 'ab'.repeat(10) });
    const recent = createSession(state, { ...SESSION, sid: 'ac'.repeat(10), now: SESSION.now + 1_000 });
    mkdirSync(join(state, 'sessions', 'notes'));
    expect(listSessions(state).map(({ name }) => name)).toEqual([recent.name, old.name]);
    expect(recent.name).toBe(`20260101T000001Z-${'ac'.repeat(10)}`);
    expect(findSession(state, 'last').sid).toBe(recent.sid);
    expect(findSession(state, 'AB').sid).toBe(old.sid);
    expect(findSession(state, old.name).sid).toBe(old.sid);
    for (const selector of ['a', 'ff', '', '../..']) {
      expect(() => findSession(state, selector)).toThrowError(
        expect.objectContaining({ code: 'session_unknown' }),
      );
    }
    expect(statSync(join(state, 'sessions')).mode & 0o777).toBe(0o700);
  });

  it('knows a living supervisor from a dead one, and from another process with its number', () => {
    const state = temporaryDirectory();
    expect(isRunning(createSession(state, { ...SESSION, sid: 'ab'.repeat(10) }))).toBe(true);
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    expect(isRunning(createSession(state, { ...SESSION, sid: 'ac'.repeat(10), pid }))).toBe(false);
    expect(isAlive(process.pid, startTicks(process.pid))).toBe(true);
    expect(isAlive(process.pid, '1')).toBe(false);
  });
});

describe('the index of sessions', () => {
  it('keeps one unbroken chain when many processes write at once', async () => {
    const base = temporaryDirectory();
    const program = join(base, 'index-writer.mjs');
    buildSync({
      stdin: {
        contents: `import { appendIndex } from './src/platform/session-index.js';
          for (let n = 0; n < 25; n += 1) appendIndex(process.argv[2], { type: 'session.open', name: process.argv[3] + n }, 0);`,
        resolveDir: process.cwd(),
      },
      outfile: program,
      bundle: true,
      platform: 'node',
      format: 'esm',
    });
    const state = join(base, 'state');
    mkdirSync(state);
    const writers = ['a', 'b', 'c', 'd'].map((name) =>
      spawn(process.execPath, [program, state, name], { env: {} }),
    );
    const codes = await Promise.all(writers.map(async (writer) => (await once(writer, 'exit'))[0]));
    expect(codes).toEqual([0, 0, 0, 0]);
    const index = readIndex(state);
    expect(index.sessions.size).toBe(100);
    expect(index.brokenAt).toBeUndefined();
    expect(existsSync(join(state, 'index.lock'))).toBe(false);
  });

  it('shows the line where it was edited, and continues after a torn one', () => {
    const state = temporaryDirectory();
    for (const name of ['a', 'b', 'c']) appendIndex(state, { type: 'session.open', name }, 0);
    const file = join(state, 'index.jsonl');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, `${text}{"v":1,"se`);
    appendIndex(state, { type: 'session.open', name: 'd' }, 0);
    expect(readIndex(state).brokenAt).toBeUndefined();
    expect([...readIndex(state).sessions.keys()]).toEqual(['a', 'b', 'c', 'd']);
    writeFileSync(file, text.replace('"name":"b"', '"name":"B"'));
    expect(readIndex(state).brokenAt).toBe(3);
    writeFileSync(file, text.split('\n').slice(1).join('\n'));
    expect(readIndex(state).brokenAt).toBe(1);
  });

  it('takes over the lock of a process that was killed, and waits for one that lives', () => {
    const state = temporaryDirectory();
    const lock = join(state, 'index.lock');
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    writeFileSync(lock, `${pid} 12345 00\n`);
    expect(withLock(lock, () => 'mine')).toBe('mine');
    writeFileSync(lock, `${process.pid} ${startTicks(process.pid) ?? '-'} 00\n`);
    expect(() => withLock(lock, () => 'mine')).toThrowError(
      expect.objectContaining({ code: 'state_unwritable' }),
    );
    expect(existsSync(lock)).toBe(true);
  });
});
