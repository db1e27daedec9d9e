import { readFileSync, readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { BrokerConnection } from '../../src/client/broker-connection.js';
import type { ClientCall } from '../../src/client/client-call.js';
import { parseToken } from '../../src/token/token.js';
import { type Ran, outcome } from '../helpers/broker-session.js';
import { World } from '../helpers/turret-world.js';

const STREAMS = 128;
const TRIES = 5;
const LAST_BYTE_MS_MAX = 50;

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.close());

interface Session {
  ended: Promise<Ran>;
  /** Lets the agent exit. */
  release(): void;
  /** A connection of the agent's, or of the operator's. */
  open(who: 'agent' | 'admin'): Promise<BrokerConnection>;
  agentSocket: string;
  sid: string;
}

/** A session whose agent waits; its token and sockets are used from here. */
async function startSession(): Promise<Session> {
  const child = world.start(
    // Only without a sandbox the agent's socket can be reached from out here.
    world.words(
      ['sh', '-c', 'echo READY; read -r go; turret call echo.say text=after; echo "code $?"'],
      ['--isolation=none'],
    ),
    {
      stdio: 'pipe',
    },
  );
  const ended = outcome(child);
  await new Promise((resolve) => child.stdout?.once('data', resolve));
  const [sid = ''] = world.runtimeSessions();
  const directory = join(world.runtime, 'turret', sid);
  const paths = {
    agent: { path: join(directory, 'agent/agent.sock'), file: join(directory, 'agent/token') },
    admin: { path: join(directory, 'admin.sock'), file: join(directory, 'admin.token') },
  };
  return {
    ended,
    release: () => child.stdin?.end('go\n'),
    open: (who) => {
      const { path, file } = paths[who];
      return BrokerConnection.open({
        address: { path },
        token: parseToken(readFileSync(file, 'utf8').trim()),
        client: 'test',
      });
    },
    agentSocket: paths.agent.path,
    sid,
  };
}

interface Flood {
  calls: ClientCall[];
  /** When the last byte came, by performance.now(). */
  lastByteAt: number;
  bytes: number;
}

/** Starts calls that say bytes without an end, and reads them all; resolves when every one has said some. */
async function flood(connection: BrokerConnection): Promise<Flood> {
  const running: Flood = { calls: [], lastByteAt: 0, bytes: 0 };
  const began = Array.from({ length: STREAMS }, async () => {
    const call = connection.call({ action: 'echo.flood', params: { bytes: 1_099_511_627_776 }, cwd: '/' });
    running.calls.push(call);
    await new Promise<void>((resolve, reject) => {
      call.finished.catch(reject);
      // By iteration: 128 floods on `data` events would leave this one event loop no time for the admin's answer.
      void (async () => {
        for await (const chunk of call.stdout.iterator() as AsyncIterable<Uint8Array>) {
          running.lastByteAt = performance.now();
          running.bytes += chunk.length;
          resolve();
        }
      })();
    });
  });
  await Promise.all(began);
  return running;
}

describe(`turret revoke, with ${STREAMS} calls that say bytes without an end`, () => {
  test(`cuts all of them: the last byte comes within ${LAST_BYTE_MS_MAX} ms of the answer, and nothing after it`, async () => {
    const late: number[] = [];
    for (let attempt = 0; attempt < TRIES; attempt += 1) {
      const session = await startSession();
      const [agent, admin] = await Promise.all([session.open('agent'), session.open('admin')]);
      const running = await flood(agent);
      const { result } = await admin.call({ admin: 'revoke', reason: 'test' }).finished;
      const answeredAt = performance.now();
      expect(result).toEqual({ revoked: 1, cancelled: STREAMS });
      const ends = await Promise.all(
        running.calls.map((call) => call.finished.catch((error: { code: string }) => error.code)),
      );
      expect(new Set(ends).size).toBe(1);
      expect(['token_revoked', 'broker_gone']).toContain(ends[0]);
      const cut = running.bytes;
      late.push(Math.max(0, running.lastByteAt - answeredAt));
      // The token is dead for new connections, too; by the time that is known, nothing more has come.
      await expect(session.open('agent')).rejects.toMatchObject({ code: 'token_revoked' });
      expect(running.bytes).toBe(cut);
      session.release();
      const ran = await session.ended;
      expect(ran.stdout.toString()).toBe('READY\ncode 125\n');
      expect(ran.stderr).toMatch(/turret: error: the token of this session was revoked/);
      expect(ran.code).toBe(0);
    }
    const median = late.sort((a, b) => a - b)[Math.floor(TRIES / 2)];
    expect(median).toBeLessThan(LAST_BYTE_MS_MAX);
  });

  test('cuts a caller that does not read as well', async () => {
    const session = await startSession();
    const [agent, admin] = await Promise.all([session.open('agent'), session.open('admin')]);
    const calls = Array.from({ length: STREAMS }, () =>
      agent.call({ action: 'echo.flood', params: { bytes: 1_099_511_627_776 }, cwd: '/' }),
    );
    await Promise.all(calls.map((call) => call.running));
    await admin.call({ admin: 'revoke', reason: 'test' }).finished;
    for (const call of calls)
      await expect(call.finished).rejects.toMatchObject({
        code: expect.stringMatching(/^(?:token_revoked|broker_gone)$/) as string,
      });
    session.release();
    expect((await session.ended).code).toBe(0);
  });
});

test('the log says who revoked what, how many calls were cut, and that nobody knows what became of them', async () => {
  const session = await startSession();
  const [agent, admin] = await Promise.all([session.open('agent'), session.open('admin')]);
  const call = agent.call({ action: 'echo.slow', params: { ms: 60_000 }, cwd: '/' });
  await call.running;
  await admin.call({ admin: 'revoke', reason: 'it went mad' }).finished;
  await expect(call.finished).rejects.toBeDefined();
  session.release();
  const ran = await session.ended;
  expect(ran.stderr).toContain("turret: the agent's token was revoked: it went mad");
  const [directory = ''] = world.sessions();
  const log = readFileSync(join(directory, 'audit.jsonl'), 'utf8');
  const records = log
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(records.find(({ type }) => type === 'token.revoked')).toMatchObject({
    reason: 'it went mad',
    by: 'turret revoke',
    cancelled: 1,
  });
  expect(records.find(({ type }) => type === 'call.finished')).toMatchObject({ outcome: 'unknown' });
  expect(records.filter(({ type }) => type === 'token.revoked')).toHaveLength(1);
  expect((await world.turret('audit', 'verify')).code).toBe(0);
});

test('the command revokes the one session that runs; the agent lives on, without rights', async () => {
  const session = await startSession();
  const revoked = await world.turret('revoke', session.sid.slice(0, 6), '--reason', 'enough');
  expect(revoked.stdout.toString()).toMatch(new RegExp(`^revoked ${session.sid.slice(0, 8)} `));
  session.release();
  const ran = await session.ended;
  expect(ran.stdout.toString()).toBe('READY\ncode 125\n');
  expect(ran.stderr).toContain("turret: the agent's token was revoked: enough");
});

test('another session is not touched', async () => {
  const session = await startSession();
  const other = world.start(
    world.words(['sh', '-c', 'echo READY; read -r go; turret call echo.say text=still']),
    { stdio: 'pipe' },
  );
  const ended = outcome(other);
  await new Promise((resolve) => other.stdout?.once('data', resolve));
  await world.turret('revoke', session.sid);
  other.stdin?.end('go\n');
  expect((await ended).stdout.toString()).toBe('READY\nstill\n');
  session.release();
  await session.ended;
});

test("the agent's token cannot revoke, and the admin's cannot call", async () => {
  const session = await startSession();
  const [agent, admin] = await Promise.all([session.open('agent'), session.open('admin')]);
  await expect(agent.call({ admin: 'revoke', reason: 'me' }).finished).rejects.toBeDefined();
  await expect(
    admin.call({ action: 'echo.say', params: { text: 'hi' }, cwd: '/' }).finished,
  ).rejects.toMatchObject({ code: 'no_such_action' });
  expect(await agent.call({ action: 'echo.say', params: { text: 'hi' }, cwd: '/' }).finished).toMatchObject({
    exit: 0,
  });
  session.release();
  expect((await session.ended).stdout.toString()).toBe('READY\nafter\ncode 0\n');
});

test('connections that never prove anything are closed by the end of the session', async () => {
  const session = await startSession();
  const stranger = connect(session.agentSocket);
  await new Promise((resolve) => stranger.once('connect', resolve));
  const closed = new Promise((resolve) => stranger.once('close', resolve));
  stranger.resume();
  session.release();
  await session.ended;
  await closed;
  expect(readdirSync(join(world.runtime, 'turret'))).toEqual([]);
});
