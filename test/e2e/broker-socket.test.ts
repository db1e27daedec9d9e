// The agent's socket, attacked with bytes: a real broker process, and a peer that sends what no honest client sends.

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { CHANNEL, FRAME } from '../../src/protocol/codes.js';
import { PREFACE, encodeFrame } from '../../src/protocol/frames.js';
import {
  CONTROL_BYTES_MAX,
  CREDIT_BYTES_MAX,
  UNAUTHENTICATED_CONNECTIONS_MAX,
  WINDOW_BYTES,
} from '../../src/protocol/limits.js';
import { type BrokerSession, startBrokerSession } from '../helpers/broker-session.js';
import { RawClient } from '../helpers/raw-client.js';

/** What the loopback repeater registers. */
const LOOP_CONCURRENCY = 16;
/** One byte on a command line, six in JSON: a request that is within every bound and as large as a frame. */
const LONG = '\u0001';
const FITTING = Math.floor((CONTROL_BYTES_MAX - 140) / 6);
const SAY = { tool: 'loop', argv: ['exit', '0'], cwd: '/' };
let session: BrokerSession;
let clients: RawClient[] = [];

beforeAll(async () => {
  session = await startBrokerSession();
});
afterAll(() => session.close());

function raw(): RawClient {
  const client = new RawClient(join(session.agentDirectory, 'agent.sock'));
  clients.push(client);
  return client;
}

async function authenticated(): Promise<RawClient> {
  const client = raw();
  await client.greet(session.token);
  expect(await client.frame(FRAME.WELCOME)).toBeDefined();
  return client;
}

function records({ agentDirectory }: BrokerSession = session): {
  type: string;
  call?: string;
  effect?: string;
  action?: string;
}[] {
  const lines = readFileSync(join(agentDirectory, '../audit/audit.jsonl'), 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line));
}

/** The broker is none the worse: an honest client still gets its answer. */
async function expectServing(): Promise<void> {
  const client = await authenticated();
  client.call(1, 1n, SAY);
  expect(await client.json(FRAME.END)).toMatchObject({ ok: true, exit: 0 });
  for (const each of clients) each.socket.destroy();
  clients = [];
}

describe('before authentication', () => {
  const strangers: [string, (client: RawClient) => Promise<void> | void, string][] = [
    ['another protocol', (client) => client.bytes(Buffer.from('GET / HTTP/1.1\r\n\r\n')), 'protocol_error'],
    [
      'a frame of 4 GiB',
      (client) => client.bytes(Buffer.concat([PREFACE, Buffer.from('0100000000000000ffffffff', 'hex')])),
      'frame_too_large',
    ],
    ['a CALL', (client) => (client.bytes(PREFACE), client.call(1, 1n, SAY)), 'protocol_error'],
    [
      'a HELLO of an unknown version',
      (client) => (
        client.bytes(PREFACE),
        client.send({ type: FRAME.HELLO, payload: Buffer.from('{"versions":[9]}') })
      ),
      'version_unsupported',
    ],
    [
      'a HELLO with a key twice',
      (client) => (
        client.bytes(PREFACE),
        client.send({ type: FRAME.HELLO, payload: Buffer.from('{"role":"agent","role":"admin"}') })
      ),
      'protocol_error',
    ],
    [
      'a role that does not exist',
      (client) => (
        client.bytes(PREFACE),
        client.send({ type: FRAME.HELLO, payload: Buffer.from('{"versions":[1],"role":"repeater"}') })
      ),
      'protocol_error',
    ],
    [
      'a foreign seed under our key id',
      (client) => client.greet(session.token, { seed: randomBytes(32) }),
      'unauthenticated',
    ],
    [
      'a key id nobody knows',
      (client) => client.greet(session.token, { kid: randomBytes(10).toString('base64url') }),
      'unauthenticated',
    ],
    [
      "an agent's key with the role of an admin",
      (client) => client.greet(session.token, { role: 'admin' }),
      'unauthenticated',
    ],
  ];

  it.each(strangers)('refuses %s and goes on serving', async (_title, attack, name) => {
    const client = raw();
    await attack(client);
    expect(await client.json(FRAME.FATAL)).toMatchObject({ name });
    expect(await client.frame(FRAME.WELCOME)).toBeUndefined();
    await expectServing();
  });

  it('tells a stranger nothing about the session', async () => {
    const client = raw();
    await client.greet(session.token, { seed: randomBytes(32) });
    await client.frame(FRAME.FATAL);
    const said = client.frames.map(({ payload }) => Buffer.from(payload).toString()).join('');
    expect(said).not.toContain(session.sid);
    expect(said).not.toContain('loop');
  });

  it('drops strangers past the bound and keeps those it serves', async () => {
    const served = await authenticated();
    const crowd = Array.from({ length: UNAUTHENTICATED_CONNECTIONS_MAX + 20 }, () => raw());
    await expect.poll(() => crowd.filter(({ closed }) => closed).length).toBeGreaterThanOrEqual(20);
    served.call(1, 1n, SAY);
    expect(await served.json(FRAME.END)).toMatchObject({ ok: true });
    for (const client of crowd) client.socket.destroy();
    // The broker notices the crowd's leaving in its own time; from then on there is room again.
    await expect
      .poll(() =>
        authenticated().then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
    await expectServing();
  });
});

describe('after authentication', () => {
  const attacks: [string, (client: RawClient) => void, string][] = [
    ['a call that is not signed', (client) => client.call(1, 1n, SAY, { flags: 0 }), 'unauthenticated'],
    [
      'a call whose signature is over other bytes',
      (client) => client.call(1, 1n, SAY, { signed: Buffer.from('{}') }),
      'unauthenticated',
    ],
    [
      'a counter that does not grow',
      (client) => (client.call(1, 5n, SAY), client.call(3, 5n, SAY)),
      'replay',
    ],
    ['a counter the log cannot keep', (client) => client.call(1, 2n ** 53n, SAY), 'protocol_error'],
    [
      'a stream id used twice',
      (client) => (client.call(1, 1n, SAY), client.call(1, 2n, SAY)),
      'protocol_error',
    ],
    ['an even stream id', (client) => client.call(2, 1n, SAY), 'protocol_error'],
    [
      'data on a stream that was never opened',
      (client) => client.send({ type: FRAME.DATA, stream: 9, payload: Buffer.from('x') }),
      'protocol_error',
    ],
    [
      'a second AUTH',
      (client) => client.send({ type: FRAME.AUTH, payload: Buffer.from('{}') }),
      'protocol_error',
    ],
    [
      'REGISTER from the agent',
      (client) => client.send({ type: FRAME.REGISTER, payload: Buffer.from('{}') }),
      'protocol_error',
    ],
    ['an unknown critical frame', (client) => client.send({ type: 0x40 }), 'protocol_error'],
    [
      'an unknown flag',
      (client) => client.send({ type: FRAME.PING, flags: 0x80, payload: Buffer.alloc(8) }),
      'protocol_error',
    ],
    [
      'data before the call runs',
      (client) =>
        client.atOnce(() => {
          client.call(1, 1n, SAY);
          client.send({ type: FRAME.DATA, stream: 1, payload: Buffer.from('x') });
        }),
      'protocol_error',
    ],
  ];

  it.each(attacks)('ends the connection at %s and goes on serving', async (_title, attack, name) => {
    const client = await authenticated();
    attack(client);
    expect(await client.json(FRAME.FATAL)).toMatchObject({ name });
    await expectServing();
  });

  it('skips an unknown ignorable frame', async () => {
    const client = await authenticated();
    client.send({ type: FRAME.GREASE, flags: 0xff, payload: randomBytes(100) });
    client.call(1, 1n, SAY);
    expect(await client.json(FRAME.END)).toMatchObject({ ok: true });
  });

  it('cuts a caller that sends more than it has credit for', async () => {
    const client = await authenticated();
    client.call(1, 1n, { tool: 'loop', argv: ['stdin_hold'], cwd: '/' });
    expect(await client.json(FRAME.STATUS)).toMatchObject({ state: 'running' });
    for (let sent = 0; sent <= WINDOW_BYTES; sent += 65_536) {
      client.send({ type: FRAME.DATA, stream: 1, channel: CHANNEL.STDIN, payload: Buffer.alloc(65_536) });
    }
    expect(await client.json(FRAME.FATAL)).toMatchObject({ name: 'flow_control' });
    await expectServing();
  });

  // What the broker holds of a channel is what its receiver allowed: who allows more than a window and reads nothing
  // would have it hold two gigabytes.
  it('cuts a caller that gives credit for bytes that were never sent', async () => {
    const client = await authenticated();
    client.call(1, 1n, { tool: 'loop', argv: ['flood', '1000'], cwd: '/' });
    expect(await client.json(FRAME.STATUS)).toMatchObject({ state: 'running' });
    const payload = Buffer.alloc(4);
    payload.writeUInt32BE(CREDIT_BYTES_MAX - WINDOW_BYTES);
    client.send({ type: FRAME.CREDIT, stream: 1, channel: CHANNEL.STDOUT, payload });
    expect(await client.json(FRAME.FATAL)).toMatchObject({ name: 'flow_control' });
    await expectServing();
  });

  it.each([
    ['data nobody asked for', ['signals'], [{}]],
    ['data after the end of its channel', ['stdin_hold'], [{ flags: 0x01 }, {}]],
    ['data on the channel of the output', ['stdin_hold'], [{ channel: CHANNEL.STDOUT }]],
  ])('ends the connection at %s; the repeater lives on', async (_title, argv, frames) => {
    const bystander = await authenticated();
    bystander.call(1, 1n, { tool: 'loop', argv: ['signals'], cwd: '/' });
    expect(await bystander.json(FRAME.STATUS)).toBeDefined();
    const client = await authenticated();
    client.call(1, 1n, { tool: 'loop', argv, cwd: '/' });
    expect(await client.json(FRAME.STATUS)).toMatchObject({ state: 'running' });
    for (const frame of frames)
      client.send({ type: FRAME.DATA, stream: 1, payload: Buffer.from('x'), ...frame });
    expect(await client.json(FRAME.FATAL)).toMatchObject({ name: 'protocol_error' });
    bystander.send({ type: FRAME.SIGNAL, stream: 1, payload: Buffer.from('{"signal":"TERM"}') });
    expect(await bystander.json(FRAME.END)).toMatchObject({ ok: true, signal: 'TERM' });
    await expectServing();
  });

  it('keeps no answers for a peer that asks and does not read', async () => {
    const client = await authenticated();
    client.socket.pause();
    const ping = encodeFrame({ type: FRAME.PING, flags: 0, channel: 0, stream: 0, payload: Buffer.alloc(8) });
    const block = Buffer.concat(Array.from({ length: 50_000 }, () => ping));
    const asked = 20;
    for (let round = 0; round < asked; round += 1)
      await new Promise((resolve) => client.socket.write(block, resolve));
    const before = client.frames.length;
    client.socket.resume();
    client.call(1, 1n, SAY);
    expect(await client.json(FRAME.END)).toMatchObject({ ok: true });
    // What the kernel took and one window are answered; the other answers were never made.
    expect((client.frames.length - before) * ping.length).toBeLessThan(4 * WINDOW_BYTES);
    await expectServing();
  });

  it('lets a call wait while the repeater has as many as it takes', async () => {
    const client = await authenticated();
    const running = () => client.frames.filter(({ type }) => type === FRAME.STATUS).length;
    for (let call = 0; call < LOOP_CONCURRENCY + 1; call += 1) {
      client.call(2 * call + 1, BigInt(call + 1), { tool: 'loop', argv: ['signals'], cwd: '/' });
    }
    await expect.poll(running).toBe(LOOP_CONCURRENCY);
    client.send({ type: FRAME.PING, payload: Buffer.alloc(8) });
    await client.frame(FRAME.PING);
    expect(running()).toBe(LOOP_CONCURRENCY);
    client.send({ type: FRAME.SIGNAL, stream: 1, payload: Buffer.from('{"signal":"TERM"}') });
    await expect.poll(running).toBe(LOOP_CONCURRENCY + 1);
    client.socket.destroy(); // and with it its places
    await expectServing();
  });

  it('gives every allowed call an end in the log, also one that grows past a frame on its way', async () => {
    // What the broker adds to a request on its way to the repeater is some hundred bytes: all sizes around that are tried.
    for (let letters = FITTING - 120; letters <= FITTING; letters += 1) {
      const client = await authenticated();
      client.call(1, 1n, { tool: 'loop', argv: ['exit', '0', LONG.repeat(letters)], cwd: '/' });
      await client.frame(FRAME.END);
      client.socket.destroy();
    }
    await expectServing();
    const calls = records();
    const allowed = calls
      .filter(({ type, effect }) => type === 'call.decided' && effect === 'allow')
      .map(({ call }) => call);
    const ended = new Set(calls.filter(({ type }) => type === 'call.finished').map(({ call }) => call));
    const refused = new Set(calls.filter(({ type }) => type === 'call.refused').map(({ call }) => call));
    expect(allowed.filter((call) => !ended.has(call))).toEqual([]);
    expect(allowed.filter((call) => refused.has(call))).toEqual([]);
  });

  it('records a refused action by its name and its params, without what looks secret', async () => {
    const client = await authenticated();
    client.call(1, 1n, { action: 'loop.nothing', params: { id: 'of this call', password: 'hidden' } });
    expect(await client.json(FRAME.END)).toMatchObject({ ok: false });
    const refused = records().find(({ action }) => action === 'loop.nothing');
    expect(refused).toMatchObject({ type: 'call.refused', params: { id: 'of this call' } });
    expect(JSON.stringify(refused)).not.toContain('hidden');
  });

  it('answers a signature of another connection with a refusal', async () => {
    const first = await authenticated();
    const second = await authenticated();
    second.transcript = first.transcript;
    second.call(1, 1n, SAY);
    expect(await second.json(FRAME.FATAL)).toMatchObject({ name: 'unauthenticated' });
  });
});

describe('a supervisor that is killed', () => {
  it('ends the log even when the broker wants something of it before it knows', async () => {
    const other = await startBrokerSession();
    const client = new RawClient(join(other.agentDirectory, 'agent.sock'));
    await client.greet(other.token);
    await client.frame(FRAME.WELCOME);
    const exited = once(other.broker, 'exit');
    other.broker.kill('SIGSTOP');
    client.call(1, 1n, SAY); // the first one: the repeater is to be started
    await new Promise((resolve) => client.socket.write('', resolve));
    other.broker.disconnect();
    other.broker.kill('SIGCONT');
    expect(await exited).toEqual([0, null]);
    const log = records(other);
    expect(log.find(({ type }) => type === 'call.refused')).toMatchObject({
      tool: 'loop',
      code: 'cancelled',
    });
    expect(log.at(-1)).toMatchObject({ type: 'session.end', reason: 'the supervisor died' });
    client.socket.destroy();
    other.close();
  });
});
