// The socket cases of the corpus as bytes. Each returns what was tried and what the broker made of it; nothing here decides
// whether that is good.

import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

import { CHANNEL, FLAG, FRAME } from '../../src/protocol/codes.js';
import { PREFACE, encodeFrame } from '../../src/protocol/frames.js';
import { encodeControl } from '../../src/protocol/json.js';
import { callMessage, encodeSignedCall, toBase64url } from '../../src/wire/handshake.js';
import { sign, signingKey } from '../../src/crypto/ed25519.js';
import { kidOf } from '../../src/token/identity.js';
import { parseToken } from '../../src/token/token.js';
import { RawClient } from '../helpers/raw-client.js';
import type { SocketWorld, Tried } from './socket-world.js';

type Attack = (world: SocketWorld) => Promise<Tried[]>;

const READ = { tool: 'aws', argv: ['s3', 'ls'], cwd: '/', facts: {} };
const ANSWER_MS_MAX = 8_000;

/** One connection, one trick. The broker's last word decides: END with ok, or WELCOME where nothing was called. */
async function attempt(
  world: SocketWorld,
  what: string,
  trick: (client: RawClient) => Promise<void> | void,
  good: number = FRAME.END,
): Promise<Tried> {
  const client = new RawClient(world.address);
  try {
    await trick(client);
    const told = client.json(good).then((json) => ({ type: good, json }));
    const refused = client.json(FRAME.FATAL).then((json) => ({ type: FRAME.FATAL, json }));
    const silent = new Promise<undefined>((resolve) => {
      setTimeout(() => resolve(undefined), ANSWER_MS_MAX).unref();
    });
    const first = await Promise.race([told, refused, silent]);
    const json = first?.json;
    const served = first?.type === good && json !== undefined && (good !== FRAME.END || json['ok'] === true);
    return {
      what,
      result: served ? 'served' : 'refused',
      said: JSON.stringify(json ?? (first ? 'closed' : 'no answer')),
    };
  } catch (error) {
    return { what, result: 'refused', said: String(error) };
  } finally {
    client.socket.destroy();
  }
}

/** An authenticated connection, then the trick. */
const inside = (world: SocketWorld, what: string, trick: (client: RawClient) => Promise<void> | void) =>
  attempt(world, what, async (client) => {
    await client.greet(world.token);
    if ((await client.frame(FRAME.WELCOME)) === undefined) throw new Error('no WELCOME');
    await trick(client);
  });

/** A properly signed call whose JSON is these bytes. */
function callBytes(world: SocketWorld, client: RawClient, json: Uint8Array, stream = 1, counter = 1n): void {
  const signature = sign(parseToken(world.token).seed, callMessage(client.transcript, stream, counter, json));
  client.send({
    type: FRAME.CALL,
    flags: FLAG.SIGNED,
    stream,
    payload: encodeSignedCall(counter, signature, json),
  });
}

const calls = (world: SocketWorld, requests: Readonly<Record<string, object>>): Promise<Tried[]> =>
  oneByOne(
    Object.entries(requests).map(
      ([what, request]) =>
        () =>
          inside(world, what, (client) => client.call(1, 1n, request)),
    ),
  );

async function oneByOne(attempts: readonly (() => Promise<Tried>)[]): Promise<Tried[]> {
  const tried: Tried[] = [];
  for (const each of attempts) tried.push(await each());
  return tried;
}

/** Sends a HELLO, then an AUTH with this in it. */
const authenticateWith = (
  world: SocketWorld,
  what: string,
  auth: object,
  hello: object = {},
): Promise<Tried> =>
  attempt(
    world,
    what,
    async (client) => {
      const kid = toBase64url(kidOf(signingKey(parseToken(world.token).seed).publicKey));
      const greeting = {
        role: 'agent',
        versions: [1],
        nonce: toBase64url(randomBytes(32)),
        kid,
        client: 'x',
        ...hello,
      };
      client.bytes(PREFACE);
      client.send({ type: FRAME.HELLO, payload: encodeControl(greeting) });
      await client.frame(FRAME.HELLO);
      client.send({ type: FRAME.AUTH, payload: encodeControl({ kid, ...auth }) });
    },
    FRAME.WELCOME,
  );

const CONFUSING: readonly unknown[] = ['', null, [], { $ne: 1 }, 0, true];

const AUTHENTICATION: Record<string, Attack> = {
  'sock-auth-01': async (world) => [
    await attempt(world, 'a call before anything else', (client) => {
      client.bytes(PREFACE);
      client.send({
        type: FRAME.CALL,
        flags: FLAG.SIGNED,
        stream: 1,
        payload: encodeSignedCall(1n, new Uint8Array(64), encodeControl(READ)),
      });
    }),
    await attempt(
      world,
      'no AUTH',
      (client) => {
        client.bytes(PREFACE);
        client.send({
          type: FRAME.HELLO,
          payload: encodeControl({
            role: 'agent',
            versions: [1],
            nonce: toBase64url(randomBytes(32)),
            client: 'x',
          }),
        });
      },
      FRAME.WELCOME,
    ),
  ],
  'sock-auth-02': (world) =>
    oneByOne(
      CONFUSING.flatMap((value) => [
        () =>
          authenticateWith(world, `kid ${JSON.stringify(value)}`, {
            kid: value,
            sig: toBase64url(randomBytes(64)),
          }),
        () => authenticateWith(world, `sig ${JSON.stringify(value)}`, { sig: value }),
        () =>
          authenticateWith(
            world,
            `hello kid ${JSON.stringify(value)}`,
            { sig: toBase64url(randomBytes(64)) },
            { kid: value },
          ),
      ]),
    ),
  'sock-auth-04': async (world) => {
    const { other } = world;
    if (other === undefined) throw new Error('needs another session');
    const stolen = { ...world, token: other.token };
    return [
      await inside(stolen, 'the token of another session, on this socket', (client) =>
        client.call(1, 1n, READ),
      ),
      await inside(other, 'the token of another session, on its own socket', (client) =>
        client.call(1, 1n, READ),
      ),
    ];
  },
  'sock-auth-05': async (world) => [
    await authenticateWith(world, 'alg none', { alg: 'none', sig: '' }),
    await authenticateWith(world, 'zeros', { sig: toBase64url(new Uint8Array(64)) }),
    await inside(world, 'swapped payload', (client) =>
      client.call(1, 1n, READ, { signed: encodeControl({ ...READ, argv: ['sts', 'get-caller-identity'] }) }),
    ),
    await inside(world, 'altered signature', (client) => {
      client.send({
        type: FRAME.CALL,
        flags: FLAG.SIGNED,
        stream: 1,
        payload: encodeSignedCall(1n, randomBytes(64), encodeControl(READ)),
      });
    }),
    await inside(world, 'no signature', (client) => client.call(1, 1n, READ, { flags: 0 })),
  ],
  'sock-auth-07': async (world) => {
    let frame: Buffer = Buffer.alloc(0);
    let replayed: RawClient | undefined;
    const denied = { tool: 'aws', argv: ['iam', 'list-users'], cwd: '/', facts: {} };
    const same = await inside(world, 'the same bytes twice on one connection', (client) => {
      const json = encodeControl(denied);
      const signature = sign(parseToken(world.token).seed, callMessage(client.transcript, 1, 1n, json));
      frame = encodeFrame({
        type: FRAME.CALL,
        flags: FLAG.SIGNED,
        channel: 0,
        stream: 1,
        payload: encodeSignedCall(1n, signature, json),
      });
      client.bytes(frame);
      client.bytes(frame);
      replayed = client;
    });
    replayed?.socket.destroy();
    return [
      same,
      await inside(world, 'the same bytes on a new connection', (client) => client.bytes(frame)),
      await inside(world, 'an old counter', (client) => {
        client.call(1, 5n, denied);
        client.call(3, 4n, READ);
      }),
    ];
  },
  'sock-auth-09': async (world) => [
    await inside(world, 'a second call on the stream of the first, before it is decided', (client) => {
      client.call(1, 1n, { tool: 'aws', argv: ['iam', 'list-users'], cwd: '/', facts: {} });
      client.call(1, 2n, READ);
    }),
    await inside(world, 'other words as DATA, before it runs', (client) => {
      client.call(1, 1n, READ);
      client.send({
        type: FRAME.DATA,
        stream: 1,
        channel: CHANNEL.STDIN,
        payload: encodeControl({ argv: ['iam', 'create-access-key'] }),
      });
    }),
  ],
  'sock-auth-11': async (world) => {
    const own = 'path' in world.address ? world.address.path : '';
    const places = ['/run/turret', '/run/turret/..', '/tmp', '/run', '/var/tmp'].flatMap(socketsIn);
    const listed = readFileSync('/proc/net/unix', 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/)[7] ?? '')
      .filter((name) => name !== '');
    const names = [...new Set([...places, ...listed])].filter(
      (name) => name !== own && !name.startsWith('/tmp/evil'),
    );
    const reached = await Promise.all(names.map(async (name) => ((await opens(name)) ? name : undefined)));
    const open = reached.filter(
      (name) => name !== undefined && /repeater|admin|injector|\/g-|call-/.test(name),
    );
    return [
      {
        what: `${names.length} other sockets by name`,
        result: open.length === 0 ? 'refused' : 'served',
        said: open.join(' '),
      },
    ];
  },
  'sock-auth-12': async (world) => {
    const guesses = 200;
    const tried = await Promise.all(
      Array.from({ length: guesses }, () =>
        authenticateWith(world, 'a guess', { sig: toBase64url(randomBytes(64)) }),
      ),
    );
    return [
      {
        what: `${guesses} signatures guessed at once`,
        result: tried.every(({ result }) => result === 'refused') ? 'refused' : 'served',
        said: '',
      },
    ];
  },
  'sock-auth-14': async () => [
    ...(await oneByOne(
      [`/tmp/${'a'.repeat(200)}`, '\0abstract', '/run/turret/../turret/./agent.sock/x'].map(
        (name) => async () => ({
          what: JSON.stringify(name.slice(0, 30)),
          result: (await opens(name)) ? ('served' as const) : ('refused' as const),
          said: '',
        }),
      ),
    )),
  ],
};

function socketsIn(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isSocket())
      .map((entry) => path.join(entry.parentPath, entry.name));
  } catch {
    // Nothing to be seen there.
    return [];
  }
}

function opens(name: string): Promise<boolean> {
  return new Promise((resolve) => {
    try {
      const socket = connect({ path: name.replace(/^@/, '\0') }, () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    } catch {
      // Not even a name.
      resolve(false);
    }
  });
}

const raw = (text: string): Buffer => Buffer.from(text, 'latin1');

const PROTOCOL: Record<string, Attack> = {
  'sock-proto-01': async (world) => [
    await attempt(world, 'before AUTH', (client) =>
      client.bytes(Buffer.concat([PREFACE, raw('\x01\0\0\0\0\0\0\0\xff\xff\xff\xff')])),
    ),
    await inside(world, 'after AUTH', (client) =>
      client.bytes(raw('\x01\x10\x02\0\0\0\0\x01\xff\xff\xff\xff')),
    ),
  ],
  'sock-proto-02': async (world) => [
    await inside(world, '2 GiB announced, and sent as long as it is taken', async (client) => {
      client.bytes(raw('\x01\x10\x02\0\0\0\0\x01\x7f\xff\xff\xff'));
      for (let sent = 0; sent < 2048 && !client.closed; sent += 1) {
        client.bytes(Buffer.alloc(1 << 20));
        await new Promise((resolve) => setImmediate(resolve));
      }
    }),
    await inside(world, 'DATA without end', async (client) => {
      for (let sent = 0; sent < 64 && !client.closed; sent += 1) {
        client.send({ type: FRAME.DATA, stream: 1, payload: Buffer.alloc(65_536) });
        await new Promise((resolve) => setImmediate(resolve));
      }
    }),
  ],
  'sock-proto-04': async (world) => {
    const asked = 5_000;
    const open: RawClient[] = [];
    for (let at = 0; at < asked; at += 1) {
      open.push(new RawClient(world.address));
      if (at % 100 === 99) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await new Promise((resolve) => setTimeout(resolve, 300));
    const kept = open.filter(({ closed }) => !closed).length;
    for (const { socket } of open) socket.destroy();
    return [
      { what: `${asked} connections`, result: kept <= 320 ? 'refused' : 'served', said: `${kept} were kept` },
    ];
  },
  'sock-proto-05': (world) =>
    oneByOne([
      () =>
        inside(world, 'arrays', (client) =>
          callBytes(
            world,
            client,
            raw(
              `{"tool":"aws","argv":["s3","ls"],"cwd":"/","facts":{},"x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
            ),
          ),
        ),
      () => inside(world, 'not closed', (client) => callBytes(world, client, raw('['.repeat(200_000)))),
    ]),
  'sock-proto-08': async (world) => [
    await inside(world, 'argv twice', (client) =>
      callBytes(
        world,
        client,
        raw('{"tool":"aws","argv":["s3","ls"],"argv":["iam","create-access-key"],"cwd":"/","facts":{}}'),
      ),
    ),
    await inside(world, 'argv twice, once escaped', (client) =>
      callBytes(
        world,
        client,
        raw(
          String.raw`{"tool":"aws","argv":["iam","list-users"],"\u0061rgv":["s3","ls"],"cwd":"/","facts":{}}`,
        ),
      ),
    ),
    await inside(world, '__proto__', (client) =>
      callBytes(
        world,
        client,
        raw('{"tool":"aws","argv":["s3","ls"],"cwd":"/","facts":{},"__proto__":{"x":1}}'),
      ),
    ),
  ],
  'sock-proto-09': async (world) => [
    await inside(world, 'a lone surrogate', (client) =>
      callBytes(
        world,
        client,
        raw(String.raw`{"tool":"aws","argv":["s3","ls","s3://allowed/\ud800"],"cwd":"/","facts":{}}`),
      ),
    ),
    await inside(world, 'bytes that are not UTF-8', (client) =>
      callBytes(
        world,
        client,
        raw('{"tool":"aws","argv":["s3","ls","s3://allowed/\xff\xfe"],"cwd":"/","facts":{}}'),
      ),
    ),
    await inside(world, 'overlong UTF-8', (client) =>
      callBytes(
        world,
        client,
        raw('{"tool":"aws","argv":["s3","ls","s3://allowed/\xc0\xaf"],"cwd":"/","facts":{}}'),
      ),
    ),
  ],
  'sock-proto-10': (world) =>
    calls(world, {
      'NUL in the operation': { ...READ, argv: ['s3', 'ls\0rm'] },
      'NUL in a value': { ...READ, argv: ['s3', 'ls', 's3://allowed\0forbidden'] },
      'NUL in the tool': { ...READ, tool: 'aws\0' },
    }),
  'sock-proto-12': (world) =>
    calls(world, {
      relative: { ...READ, cwd: '../../..' },
      'a name': { ...READ, cwd: 'x' },
      missing: { tool: 'aws', argv: ['s3', 'ls'], facts: {} },
      empty: { ...READ, cwd: '' },
      'another root': { ...READ, cwd: '/proc/1/root' },
    }),
  'sock-proto-13': async (world) => {
    const { other } = world;
    if (other === undefined) throw new Error('needs another session');
    return [
      await inside(world, 'a file of the other workspace', (client) =>
        client.call(1, 1n, {
          tool: 'aws',
          argv: ['s3', 'cp', 'secret-of-the-other.txt', 's3://allowed/stolen'],
          cwd: other.workspace,
        }),
      ),
      await inside(world, 'a call from there', (client) =>
        client.call(1, 1n, { ...READ, cwd: other.workspace, facts: {} }),
      ),
    ];
  },
  'sock-proto-14': (world) =>
    calls(world, {
      'env of a call': {
        ...READ,
        env: { LD_PRELOAD: './evil.so', AWS_ENDPOINT_URL: 'https://attacker.example' },
      },
    }),
  'sock-proto-15': (world) =>
    calls(
      world,
      Object.fromEntries(
        ['../../bin/sh', 'aws\0', 'AWS', 'python', 'aws/../gh', ''].map((tool) => [
          `tool ${JSON.stringify(tool)}`,
          { ...READ, tool },
        ]),
      ),
    ),
  'sock-proto-19': async (world) => [
    await inside(world, 'one frame inside of another', (client) => {
      const frame = (stream: number, argv: string[]): Buffer => {
        const json = encodeControl({ ...READ, argv });
        const signature = sign(
          parseToken(world.token).seed,
          callMessage(client.transcript, stream, BigInt(stream), json),
        );
        return encodeFrame({
          type: FRAME.CALL,
          flags: FLAG.SIGNED,
          channel: 0,
          stream,
          payload: encodeSignedCall(BigInt(stream), signature, json),
        });
      };
      const [first, second] = [frame(1, ['s3', 'ls']), frame(3, ['iam', 'list-users'])];
      client.bytes(first.subarray(0, 90));
      client.bytes(second);
      client.bytes(first.subarray(90));
    }),
    await inside(world, 'a stream id of the other side, and one again', (client) => {
      client.call(3, 1n, { ...READ, argv: ['iam', 'list-users'] });
      client.call(2, 2n, READ);
    }),
  ],
  'sock-proto-21': async (world) => {
    // Kept, on purpose, until the session ends; the session has to end all the same.
    const client = new RawClient(world.address);
    await client.greet(world.token);
    client.socket.end();
    return [{ what: 'half of a connection, kept', result: 'refused', said: '' }];
  },
};

export const ATTACKS_ON_SOCKET: Readonly<Record<string, Attack>> = { ...AUTHENTICATION, ...PROTOCOL };
