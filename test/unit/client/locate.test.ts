import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';

import { type Surroundings, locate } from '../../../src/client/locate.js';
import { formatToken } from '../../../src/token/token.js';

const SID = Buffer.alloc(10, 7);
const TOKEN = formatToken({ kind: 'session', seed: Buffer.alloc(32, 3), sid: SID });
const OTHER = formatToken({ kind: 'session', seed: Buffer.alloc(32, 4), sid: SID });
const uid = process.getuid?.() ?? -1;

let base: string;
beforeEach(() => {
  base = mkdtempSync('/tmp/tul-');
});
afterEach(() => rmSync(base, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));

async function socketAt(path: string): Promise<string> {
  mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 });
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(() => void server.close());
  return path;
}

function find(env: NodeJS.ProcessEnv, more: Partial<Surroundings> = {}): ReturnType<typeof locate> {
  return locate({ env, program: join(base, 'agent/bin/aws'), uid, ...more });
}

test('token and socket beside the command are found without any variable', async () => {
  const socketPath = await socketAt(join(base, 'agent/agent.sock'));
  writeFileSync(join(base, 'agent/token'), `${TOKEN}\n`);
  expect(find({})).toMatchObject({ address: { path: socketPath }, token: { sid: SID } });
});

test('where there is no socket, a port of loopback beside the token is; nothing but a port is read', () => {
  mkdirSync(join(base, 'agent'), { recursive: true });
  writeFileSync(join(base, 'agent/token'), TOKEN);
  writeFileSync(join(base, 'agent/port'), '45123');
  expect(find({}).address).toEqual({ host: '127.0.0.1', port: 45_123 });
  for (const other of ['evil.example:1', '0x50', '-1', '451234', '']) {
    writeFileSync(join(base, 'agent/port'), other);
    expect(() => find({})).toThrow(/is not to be found/);
  }
});

test('variables win over what lies beside the command', async () => {
  await socketAt(join(base, 'agent/agent.sock'));
  writeFileSync(join(base, 'agent/token'), TOKEN);
  const found = find({ TURRET_TOKEN: OTHER, TURRET_SOCKET: '/elsewhere' });
  expect(found.address).toEqual({ path: '/elsewhere' });
  expect(found.token.seed[0]).toBe(4);
});

test('the session directory of the token is found in the runtime directory when it is ours alone', async () => {
  const socketPath = await socketAt(join(base, 'turret', SID.toString('hex'), 'agent/agent.sock'));
  const env = { TURRET_TOKEN: TOKEN, XDG_RUNTIME_DIR: base };
  expect(find(env).address).toEqual({ path: socketPath });
  chmodSync(join(base, 'turret', SID.toString('hex')), 0o750);
  expect(() => find(env)).toThrow(/is not to be found/);
  chmodSync(join(base, 'turret', SID.toString('hex')), 0o700);
  expect(() => find(env, { uid: uid + 1 })).toThrow(/is not to be found/);
});

test('a directory that is a link, or a plain file in place of the socket, is not asked', async () => {
  await socketAt(join(base, 'real', SID.toString('hex'), 'agent/agent.sock'));
  symlinkSync('real', join(base, 'turret'));
  expect(() => find({ TURRET_TOKEN: TOKEN, XDG_RUNTIME_DIR: base })).toThrow(/is not to be found/);
  mkdirSync(join(base, 'agent'));
  writeFileSync(join(base, 'agent/agent.sock'), '');
  expect(() => find({ TURRET_TOKEN: TOKEN })).toThrow(/is not to be found/);
});

test('no token is said, and a mistyped one is not repeated', () => {
  expect(() => find({})).toThrow(expect.objectContaining({ code: 'not_in_session' }));
  const mistyped = `${TOKEN.slice(0, -1)}${TOKEN.endsWith('a') ? 'b' : 'a'}`;
  const refusal = expect.objectContaining({
    code: 'token_malformed',
    message: expect.not.stringContaining(TOKEN.slice(4, 20)),
  });
  expect(() => find({ TURRET_TOKEN: mistyped })).toThrow(refusal);
});
