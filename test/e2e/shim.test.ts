import { spawn } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BrokerSession, type Ran, outcome, startBrokerSession } from '../helpers/broker-session.js';

let session: BrokerSession;
beforeAll(async () => {
  session = await startBrokerSession();
});
afterAll(() => session.close());

function loop(...argv: string[]): Promise<Ran> {
  return outcome(spawn(session.shim, argv, { env: { PATH: '/usr/bin:/bin' }, stdio: ['ignore', 'pipe', 'pipe'] }));
}

test('say', async () => {
  expect(await loop('say', 'hello')).toEqual({ code: 0, signal: null, stdout: Buffer.from('hello'), stderr: '' });
});
test('exit', async () => {
  expect(await loop('exit', '7')).toMatchObject({ code: 7, stderr: '' });
});
test('deny', async () => {
  expect(await loop('remove', '7')).toMatchObject({ code: 126, stdout: Buffer.alloc(0) });
});
