// Whoever can listen where a broker should be, and a broker that has gone mad: each shim ends with a sentence, in a bounded time, and both with
// the same one. No crash, no hang, no byte of it believed.

import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { CHANNEL, FLAG, FRAME } from '../../src/protocol/codes.js';
import { CREDIT_BYTES_MAX, WINDOW_BYTES } from '../../src/protocol/limits.js';
import { type Ran, outcome } from '../helpers/broker-session.js';
import { FalseBroker, type Play, frame, header } from '../helpers/false-broker.js';

let broker: FalseBroker;
beforeAll(() => {
  broker = new FalseBroker();
});
afterAll(() => broker.close());

function both(): Promise<Ran[]> {
  return Promise.all(
    ['bin', 'node'].map((kind) =>
      outcome(
        spawn(join(broker.directory, kind, 'loop'), ['say', 'x'], {
          env: { PATH: '/usr/bin:/bin' },
          cwd: broker.directory,
          stdio: ['ignore', 'pipe', 'pipe'],
        }),
      ),
    ),
  );
}

const CALL = { stream: 1 };
const u32 = (value: number): Buffer => Buffer.from(value.toString(16).padStart(8, '0'), 'hex');
const data = (bytes: number, channel: number = CHANNEL.STDOUT, flags = 0): Buffer =>
  frame(FRAME.DATA, Buffer.alloc(bytes, 'x'), { ...CALL, channel, flags });
const running = (files: object[] = [], stdin = false): Buffer =>
  frame(FRAME.STATUS, { state: 'running', call: 'c', needs: { stdin, files } }, CALL);
const over = frame(FRAME.END, { ok: true, exit: 0 }, CALL);
const file = (path: string, size: number, content = ''): Buffer => {
  const json = Buffer.from(JSON.stringify({ path, kind: 'file', size, mode: 420, mtime_ms: 0 }));
  return frame(FRAME.DATA, Buffer.concat([u32(json.length), json, Buffer.from(content)]), {
    ...CALL,
    channel: CHANNEL.FILES,
  });
};
const writable = running([{ path: 'new', use: 'write', tree: false }]);
const text = (words: string): Buffer => Buffer.from(words);
const instead = (from: Play['from'], ...say: Uint8Array[]): Play => ({ from, say });
const call = (...say: Uint8Array[]): Play => ({ from: 'call', say });
const ending = (...say: Uint8Array[]): Play => ({ from: 'call', say, ends: true });

test.each<[string, Play, RegExp]>([
  ['another protocol', instead('preface', text('HTTP/1.1 400 Bad Request\r\n\r\n')), /does not speak TRT/],
  ['another version', instead('hello', header(FRAME.HELLO, 2, { version: 2 })), /frame of another version/],
  ['4 GiB announced', instead('hello', header(FRAME.HELLO, 0xffff_ffff)), /over the limit/],
  ['more than a stranger may say', instead('hello', header(FRAME.HELLO, 4_097)), /over the limit/],
  ['no JSON', instead('hello', frame(FRAME.HELLO, text('{"a":'))), /not JSON in UTF-8/],
  ['a key twice', instead('hello', frame(FRAME.HELLO, text('{"a":1,"a":2}'))), /a key twice/],
  ['no key at all', instead('hello', frame(FRAME.HELLO, {})), /broker_pub is not 32 bytes/],
  [
    'the key of another',
    instead('hello', frame(FRAME.HELLO, { broker_pub: Buffer.alloc(32, 1).toString('base64url') })),
    /not the broker of this token/,
  ],
  [
    'a frame out of turn',
    instead('hello', frame(FRAME.PING, Buffer.alloc(8))),
    /unexpected frame in the handshake/,
  ],
  [
    'a refusal',
    instead('hello', frame(FRAME.FATAL, { name: 'token_expired', message: 'a\u001b[31m', hint: 'b' })),
    /a\\u\{1b\}/,
  ],
  [
    'a refusal of no known kind',
    instead('hello', frame(FRAME.FATAL, { name: 'x', message: 'a' })),
    /cannot be reached/,
  ],
  [
    'an end in the middle',
    { from: 'hello', say: [frame(FRAME.GREASE, text('x')), header(FRAME.HELLO, 9)], ends: true },
    /cannot be reached/,
  ],
  [
    'no proof',
    instead('welcome', frame(FRAME.WELCOME, { sig: Buffer.alloc(64).toString('base64url') })),
    /not the broker of this token/,
  ],
  ['a proof too short', instead('welcome', frame(FRAME.WELCOME, { sig: 'AA' })), /sig is not 64 bytes/],
  ['an unknown critical frame', call(header(0x7f, 0)), /unknown critical frame 0x7f/],
  ['an unknown flag', call(header(FRAME.DATA, 0, { flags: 0x40, stream: 1 })), /unknown flag/],
  ['bit 31', call(header(FRAME.DATA, 0, { stream: 0x8000_0001 })), /bit 31/],
  ['data of 64 KiB and a byte', call(header(FRAME.DATA, 65_537, CALL)), /over the limit/],
  ['a frame of the broker’s own', call(frame(FRAME.CALL, {}, CALL)), /unexpected frame on a call/],
  ['no credit', call(frame(FRAME.CREDIT, u32(0), CALL)), /credit of no use/],
  ['credit of three bytes', call(frame(FRAME.CREDIT, Buffer.alloc(3), CALL)), /CREDIT is four bytes/],
  [
    'too much credit',
    call(frame(FRAME.CREDIT, u32(CREDIT_BYTES_MAX - WINDOW_BYTES + 1), CALL)),
    /credit overflow/,
  ],
  ['data on no channel', call(data(1, 3)), /data on an unknown channel/],
  [
    'data after the end',
    call(data(0, CHANNEL.STDERR, FLAG.FIN), data(1, CHANNEL.STDERR)),
    /after the end of its channel/,
  ],
  ['a status that is none', call(frame(FRAME.STATUS, text('[]'), CALL)), /not an object/],
  ...[
    { name: '../../../tmp/0123456789abc', ticket: 'A'.repeat(43) },
    { name: '01234567/9abcdef012345', ticket: 'A'.repeat(42) },
    { name: '01234567/9abcdef01234', ticket: 'A'.repeat(43) },
    { name: '0123456789abcdef012345', ticket: 'A'.repeat(43) },
    { name: '0123/567/9abcdef012345', ticket: 'A'.repeat(43) },
    { name: '01234567/../../gent.so', ticket: 'A'.repeat(43) },
    { ticket: 'A'.repeat(43) },
  ].map((place): [string, Play, RegExp] => [
    `output handed over at ${place.name}`,
    call(running(), frame(FRAME.STATUS, { state: 'handoff', ...place }, CALL)),
    /output handed over in a way that nobody asked for/,
  ]),
  [
    'an end that is deep',
    call(frame(FRAME.END, text(`{"a":${'['.repeat(40)}${']'.repeat(40)}}`), CALL)),
    /nested too deeply/,
  ],
  ['an end with no reason', call(frame(FRAME.END, { ok: false }, CALL)), /the peer gave no reason/],
  [
    'facts without end',
    call(
      frame(FRAME.END, { ok: false, error: { name: 'facts_needed', message: 'm', facts: [1, {}] } }, CALL),
    ),
    /error: m\n/,
  ],
  ['a reset', call(frame(FRAME.RESET, u32(104), CALL)), /was revoked/],
  ['a reset of no length', call(frame(FRAME.RESET, Buffer.alloc(0), CALL)), /cut off \(internal\)/],
  ['a last word', call(frame(FRAME.FATAL, { name: 'draining', message: 'a\nb' })), /a\\u\{a\}b/],
  [
    'an end in the middle of output',
    ending(running(), data(9), header(FRAME.DATA, 9, CALL)),
    /cannot be reached/,
  ],
  ['a file nobody asked for', call(writable, file('other', 1, 'x')), /"other", which it did not name/],
  ['a file above', call(writable, file('../new', 1, 'x')), /a file path that leaves its place/],
  [
    'a file header of 4 GiB',
    call(writable, frame(FRAME.DATA, u32(0xffff_ffff), { ...CALL, channel: CHANNEL.FILES })),
    /a file header of 4294967295 bytes/,
  ],
  ['half a file', call(writable, file('new', 9, 'x'), over), /an end in the middle of a file/],
  [
    'half a header',
    call(writable, frame(FRAME.DATA, u32(9), { ...CALL, channel: CHANNEL.FILES }), over),
    /an end in the middle of an entry/,
  ],
  [
    'a need above',
    call(running([{ path: '../x', use: 'read', tree: false }])),
    /not below the working directory/,
  ],
])('%s', async (_what, play, told) => {
  broker.play = play;
  const before = performance.now();
  const [native, node] = await both();
  expect(performance.now() - before).toBeLessThan(5_000);
  expect(native).toEqual(node);
  expect(native?.signal).toBeNull();
  expect([125, 126]).toContain(native?.code);
  expect(native?.stderr).toMatch(told);
  expect(readdirSync(broker.directory).toSorted()).toEqual(['agent.sock', 'bin', 'node', 'token']);
});

// The native one: Node's may have ended before it has read as much.
test('more than the window is refused, by a shim whose reader stands still', async () => {
  broker.play = call(...Array.from({ length: 40 }, () => data(65_536)));
  const child = spawn(join(broker.directory, 'bin/loop'), [], {
    env: {},
    cwd: broker.directory,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stderr = '';
  for await (const part of child.stderr) stderr += String(part);
  expect(stderr).toContain('data beyond the credit given');
});

// Standard error is a socket, as Node gives it to its children, and full from the start.
const FULL = `import socket, subprocess, sys
_reader, full = socket.socketpair()
try:
    while True:
        full.send(bytes(4096), socket.MSG_DONTWAIT)
except BlockingIOError:
    print(subprocess.run(sys.argv[1:], stderr=full, timeout=20, env={"PATH": "/usr/bin:/bin"}).returncode)`;

test.each([
  ['native', 'bin/loop', '125'],
  // A thread waits for the reader, and Node for the thread.
  ['Node', 'node/loop', '-9'],
])('a shim whose last words nobody reads ends all the same (%s)', async (_which, program, told) => {
  broker.play = call(frame(FRAME.RESET, u32(104), CALL));
  const child = spawn('/usr/bin/python3', ['-c', FULL, join(broker.directory, program)], {
    env: {},
    cwd: broker.directory,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  expect(await outcome(child)).toMatchObject({ stdout: Buffer.from(`${told}\n`), stderr: '' });
});

test('its neighbour, which keeps the rules and says what nobody knows, is believed', async () => {
  broker.play = call(
    frame(FRAME.GREASE, text('x'), { flags: 0xff, channel: 7, stream: 99 }),
    frame(FRAME.PING, Buffer.alloc(8)),
    frame(FRAME.GOAWAY, { code: 109 }),
    frame(FRAME.END, { ok: true, exit: 9 }, { stream: 7 }),
    frame(FRAME.STATUS, { state: 'queued', more: [null] }, CALL),
    running(),
    data(3),
    data(0, CHANNEL.STDOUT, FLAG.FIN),
    frame(FRAME.END, { ok: true, exit: 3, more: 1 }, CALL),
  );
  const [native, node] = await both();
  expect(native).toEqual(node);
  expect(native).toMatchObject({ code: 3, stdout: Buffer.from('xxx'), stderr: '' });
});
