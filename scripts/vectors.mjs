// Writes test/vectors/protocol.json from the built code: node scripts/vectors.mjs. With --check it only compares.
// The fixed seeds and nonces are those of SPEC.md; what is written here is what any other implementation must reproduce.
// A vector that changes is a change of the protocol: SPEC.md comes first.

import { readFileSync, writeFileSync } from 'node:fs';
import { sign, signingKey } from '../dist/src/crypto/ed25519.js';
import { CHANNEL, ERROR_CODES, FLAG, FRAME } from '../dist/src/protocol/codes.js';
import { PREFACE, encodeFrame } from '../dist/src/protocol/frames.js';
import { CREDIT_BYTES_MAX, DATA_BYTES_MAX, WINDOW_BYTES } from '../dist/src/protocol/limits.js';
import { kidOf, sidOf } from '../dist/src/token/identity.js';
import { formatToken } from '../dist/src/token/token.js';
import { delegationMessage } from '../dist/src/token/delegation.js';
import {
  authMessage,
  brokerMessage,
  callMessage,
  encodeSignedCall,
  transcript,
} from '../dist/src/wire/handshake.js';

const hex = (bytes) => Buffer.from(bytes).toString('hex');
const count = (from) => Uint8Array.from({ length: 32 }, (_, index) => from + index);
const u32 = (value) =>
  Buffer.from([value >>> 24, value >>> 16, value >>> 8, value].map((byte) => byte & 0xff));

// --- handshake ---

const token = signingKey(count(0x00));
const broker = signingKey(count(0x40));
const helloClient = `{"role":"agent","versions":[1],"nonce":"${Buffer.alloc(32, 0xaa).toString('base64url')}","kid":"${kidOf(token.publicKey).toString('base64url')}","client":"vec/1"}`;
const helloServer = `{"version":1,"nonce":"${Buffer.alloc(32, 0xbb).toString('base64url')}","broker_pub":"${broker.publicKey.toString('base64url')}","max_frame":65536,"max_streams":128,"window":65536}`;
const T = transcript(Buffer.from(helloClient), Buffer.from(helloServer));
const callJson = '{"action":"s3.list_buckets","params":{}}';
const callSignature = sign(token, callMessage(T, 1, 1n, Buffer.from(callJson)));

/** The same signature with L added to S: valid for a verifier that does not check S < L. */
function malleable(signature) {
  const L = 2n ** 252n + 27742317777372353535851937790883648493n;
  const scalar = BigInt(`0x${hex(Buffer.from(signature.subarray(32)).reverse())}`) + L;
  const spelled = Buffer.from(scalar.toString(16).padStart(64, '0'), 'hex').reverse();
  return Buffer.concat([signature.subarray(0, 32), spelled]);
}
function flipped(signature) {
  const other = Buffer.from(signature);
  other[0] ^= 1;
  return other;
}

const call = { stream: 1, counter: 1, json: callJson, transcript: hex(T), signature: hex(callSignature) };
const handshake = {
  seed: hex(count(0x00)),
  public_key: hex(token.publicKey),
  kid: hex(kidOf(token.publicKey)),
  broker_seed: hex(count(0x40)),
  broker_public_key: hex(broker.publicKey),
  sid: hex(sidOf(broker.publicKey)),
  hello_client: helloClient,
  hello_server: helloServer,
  transcript: hex(T),
  auth_signature: hex(sign(token, authMessage(T))),
  broker_signature: hex(sign(broker, brokerMessage(T))),
  call_payload: hex(encodeSignedCall(1n, callSignature, Buffer.from(callJson))),
};
const calls = [
  { name: 'the call that was signed', ...call, valid: true },
  { name: 'replayed on another stream', ...call, stream: 3, valid: false },
  { name: 'replayed with another counter', ...call, counter: 2, valid: false },
  { name: 'replayed on another connection', ...call, transcript: hex(Buffer.alloc(32, 1)), valid: false },
  {
    name: 'another action under the same signature',
    ...call,
    json: callJson.replace('list', 'drop'),
    valid: false,
  },
  { name: 'one space more in the JSON', ...call, json: callJson.replace(':{', ': {'), valid: false },
  { name: 'signature with one bit turned', ...call, signature: hex(flipped(callSignature)), valid: false },
  {
    name: 'second spelling of the signature (S + L)',
    ...call,
    signature: hex(malleable(callSignature)),
    valid: false,
  },
  { name: 'AUTH signature used for a call', ...call, signature: handshake.auth_signature, valid: false },
];

// --- delegations: with the token above, of the broker above ---

const childPublicKey = signingKey(count(0x80)).publicKey.toString('base64url');
const delegated = {
  child_pub: childPublicKey,
  label: 'researcher',
  grants: [{ allow: ['aws.s3.list_*'], where: { bucket: ['team-a-*'] } }],
  not_after: 1_795_000_000_000,
  max_calls: 50,
  depth: 1,
};
const delegationText = JSON.stringify(delegated);
const delegationSignature = (text, key = token, sid = sidOf(broker.publicKey)) =>
  sign(key, delegationMessage(sid, Buffer.from(text)));
const delegation = (name, text, valid, signature = delegationSignature(text)) => ({
  name,
  json: text,
  signature: hex(signature),
  valid,
});
const altered = (changes) => JSON.stringify({ ...delegated, ...changes });
/** The same six bits but the lowest, which no byte has. */
const spareBitSet = (digit) => {
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return digits[digits.indexOf(digit) | 1];
};
const smallOrder = (y) => Buffer.from(y.padEnd(64, '0'), 'hex').toString('base64url');
const delegations = [
  delegation('the delegation that was signed', delegationText, true),
  delegation('without a budget', altered({ max_calls: undefined }), true),
  delegation('several grants, numbers and booleans', altered({ grants: [{ allow: ['a.b', 'c.**'] }, { allow: ['d.e'], where: { n: [1, 2], b: [true] } }] }), true),
  delegation('one bit of the signature turned', delegationText, false, flipped(delegationSignature(delegationText))),
  delegation('second spelling of the signature (S + L)', delegationText, false, malleable(delegationSignature(delegationText))),
  delegation('signed by the child itself', delegationText, false, delegationSignature(delegationText, signingKey(count(0x80)))),
  delegation('signed for another session', delegationText, false, delegationSignature(delegationText, token, Buffer.alloc(10, 1))),
  delegation('more calls under the same signature', altered({ max_calls: 51 }), false, delegationSignature(delegationText)),
  delegation('one space more in the JSON', delegationText.replace(':', ': '), false, delegationSignature(delegationText)),
  delegation('small-order key: the identity', altered({ child_pub: smallOrder('01') }), false),
  delegation('small-order key: zero', altered({ child_pub: smallOrder('') }), false),
  delegation('a key that is not canonical base64url', altered({ child_pub: `${childPublicKey.slice(0, -1)}${spareBitSet(childPublicKey.slice(-1))}` }), false),
  delegation('a key of 31 bytes', altered({ child_pub: Buffer.alloc(31, 7).toString('base64url') }), false),
  delegation('an unknown key', altered({ only_on: 'mondays' }), false),
  delegation('an unknown key in a grant', altered({ grants: [{ allow: ['a.b'], unless: {} }] }), false),
  delegation('a key twice', delegationText.replace('"depth":1', '"depth":1,"label":"root"'), false),
  delegation('no grants', altered({ grants: [] }), false),
  delegation('grants left out', altered({ grants: undefined }), false),
  delegation('a grant of nothing', altered({ grants: [{ allow: [] }] }), false),
  delegation('a value that is an object', altered({ grants: [{ allow: ['a.b'], where: { p: [{}] } }] }), false),
  delegation('more grants than there may be', altered({ grants: Array.from({ length: 33 }, () => ({ allow: ['a.b'] })) }), false),
  delegation('longer than it may be', altered({ grants: [{ allow: ['a.b'], where: { p: ['x'.repeat(16_384)] } }] }), false),
  delegation('deeper than there may be', altered({ depth: 5 }), false),
  delegation('the depth of a session', altered({ depth: 0 }), false),
  delegation('a label with a slash', altered({ label: 'root/admin' }), false),
  delegation('no calls', altered({ max_calls: 0 }), false),
  delegation('half a call', altered({ max_calls: 0.5 }), false),
  delegation('an end that is a text', altered({ not_after: '2027' }), false),
]; // prettier-ignore

// --- frames ---

const frame = (name, type, rest = {}) => {
  const { flags = 0, channel = 0, stream = 0, payload = Buffer.alloc(0) } = rest;
  const parts = { type, flags, channel, stream, payload: Buffer.from(payload) };
  return { name, hex: hex(encodeFrame(parts)), type, flags, channel, stream, payload: hex(payload) };
};
const json = (value) => Buffer.from(JSON.stringify(value));
const frames = [
  frame('HELLO of a client', FRAME.HELLO, { payload: Buffer.from(helloClient) }),
  frame('signed CALL', FRAME.CALL, {
    flags: FLAG.SIGNED,
    stream: 1,
    payload: Buffer.from(handshake.call_payload, 'hex'),
  }),
  frame('DATA on stdin with FIN', FRAME.DATA, { flags: FLAG.FIN, stream: 1, payload: Buffer.from('hi\n') }),
  frame('empty DATA with FIN', FRAME.DATA, { flags: FLAG.FIN, stream: 1, channel: CHANNEL.STDERR }),
  frame('DATA on stdout', FRAME.DATA, {
    stream: 1,
    channel: CHANNEL.STDOUT,
    payload: Buffer.from('["bucket-a","bucket-b"]\n'),
  }),
  frame('CREDIT for stdout', FRAME.CREDIT, { stream: 1, channel: CHANNEL.STDOUT, payload: u32(32_768) }),
  frame('SIGNAL INT', FRAME.SIGNAL, { stream: 1, payload: json({ signal: 'INT' }) }),
  frame('RESIZE to 80 columns and 24 rows', FRAME.RESIZE, {
    stream: 1,
    payload: Buffer.from('00500018', 'hex'),
  }),
  frame('CANCEL', FRAME.CANCEL, { stream: 1, payload: json({ reason: 'second ^C' }) }),
  frame('END ok', FRAME.END, { stream: 1, payload: json({ ok: true, exit: 0 }) }),
  frame('END denied', FRAME.END, {
    stream: 1,
    payload: json({
      ok: false,
      error: { code: ERROR_CODES.denied, name: 'denied', message: 'no rule allows it' },
    }),
  }),
  frame('RESET', FRAME.RESET, { stream: 1, payload: u32(ERROR_CODES.cancelled) }),
  frame('PING', FRAME.PING, { payload: Buffer.from('0102030405060708', 'hex') }),
  frame('answer to PING', FRAME.PING, { flags: FLAG.ACK, payload: Buffer.from('0102030405060708', 'hex') }),
  frame('largest stream id', FRAME.DATA, {
    stream: 0x7fff_ffff,
    channel: CHANNEL.FILES,
    payload: Buffer.from('x'),
  }),
  {
    name: 'GREASE with flags and a channel nobody knows',
    hex: '0180f8c80000000700000003616263',
    type: 0x80,
    flags: 0xf8,
    channel: 200,
    stream: 7,
    payload: '616263',
  },
  {
    name: 'ignorable type nobody knows',
    hex: '01ff00000000000000000000',
    type: 0xff,
    flags: 0,
    channel: 0,
    stream: 0,
    payload: '',
  },
];

const header = (
  type,
  { version = 1, flags = 0, channel = 0, stream = '00000000', length = '00000000' } = {},
) => hex(Buffer.from([version, type, flags, channel])) + stream + length;
const beyond = (bytes) => hex(u32(bytes + 1));
const refusedFrame = (name, error, bytes, authenticated = true) => ({
  name,
  error,
  authenticated,
  hex: bytes,
});
const frames_refused = [
  refusedFrame('version 0', 'protocol_error', header(FRAME.PING, { version: 0 })),
  refusedFrame('version 2', 'protocol_error', header(FRAME.PING, { version: 2 })),
  refusedFrame('stream id with bit 31', 'protocol_error', header(FRAME.DATA, { stream: '80000001' })),
  refusedFrame('bit 31 on an ignorable frame', 'protocol_error', header(0x90, { stream: '80000000' })),
  refusedFrame('unknown critical type between the known', 'protocol_error', header(0x09)),
  refusedFrame('last unknown critical type', 'protocol_error', header(0x7f)),
  refusedFrame(
    'unknown flag on a critical frame',
    'protocol_error',
    header(FRAME.DATA, { flags: 0x08, stream: '00000001' }),
  ),
  refusedFrame('flag 0x80 on a critical frame', 'protocol_error', header(FRAME.PING, { flags: 0x80 })),
  refusedFrame(
    'DATA one byte over',
    'frame_too_large',
    header(FRAME.DATA, { stream: '00000001', length: beyond(65_536) }),
  ),
  refusedFrame(
    'CALL one byte over',
    'frame_too_large',
    header(FRAME.CALL, { stream: '00000001', length: beyond(262_144) }),
  ),
  refusedFrame(
    'END one byte over',
    'frame_too_large',
    header(FRAME.END, { stream: '00000001', length: beyond(262_144) }),
  ),
  refusedFrame(
    'REGISTER one byte over',
    'frame_too_large',
    header(FRAME.REGISTER, { length: beyond(1_048_576) }),
  ),
  refusedFrame('ignorable frame one byte over', 'frame_too_large', header(0xff, { length: beyond(262_144) })),
  refusedFrame(
    'length of 2 GiB',
    'frame_too_large',
    header(FRAME.DATA, { stream: '00000001', length: '80000000' }),
  ),
  refusedFrame(
    'length of 4 GiB',
    'frame_too_large',
    header(FRAME.CALL, { stream: '00000001', length: 'ffffffff' }),
  ),
  refusedFrame(
    'HELLO one byte over before AUTH',
    'frame_too_large',
    header(FRAME.HELLO, { length: beyond(4_096) }),
    false,
  ),
  refusedFrame(
    'DATA of 8 KiB before AUTH',
    'frame_too_large',
    header(FRAME.DATA, { stream: '00000001', length: '00002000' }),
    false,
  ),
];

const preface = hex(PREFACE);
const ping = frames.find(({ name }) => name === 'PING').hex;
const connections = [
  { name: 'preface and two frames', hex: preface + ping + ping, frames: 2 },
  { name: 'preface without its last byte', hex: preface.slice(0, -2), frames: 0 },
  { name: 'CR LF turned into LF', hex: `5452540a1a0a01${ping}`, error: 'protocol_error' },
  { name: 'LF turned into CR LF', hex: `5452540d0d0a1a0d0a01${ping}`, error: 'protocol_error' },
  { name: 'another major version', hex: `5452540d0a1a0a02${ping}`, error: 'protocol_error' },
  { name: 'JSON lines', hex: hex(Buffer.from('{"t":"HELLO"}\n')), error: 'protocol_error' },
  { name: 'HTTP', hex: hex(Buffer.from('GET / HTTP/1.1\r\n')), error: 'protocol_error' },
  { name: 'preface twice', hex: preface + preface + ping, error: 'protocol_error' },
];

// --- tokens ---

const seed = count(0x00);
const sid = sidOf(broker.publicKey);
const tokens = ['session', 'child', 'repeater', 'admin'].map((kind) => ({
  name: `${kind} token`,
  text: formatToken({ kind, seed, sid }),
  kind,
  seed: hex(seed),
  sid: hex(sid),
}));
tokens.push({
  name: 'all bits clear',
  text: formatToken({ kind: 'session', seed: Buffer.alloc(32), sid: Buffer.alloc(10) }),
  kind: 'session',
  seed: '00'.repeat(32),
  sid: '00'.repeat(10),
});
tokens.push({
  name: 'all bits set',
  text: formatToken({ kind: 'admin', seed: Buffer.alloc(32, 255), sid: Buffer.alloc(10, 255) }),
  kind: 'admin',
  seed: 'ff'.repeat(32),
  sid: 'ff'.repeat(10),
});

const text = tokens[0].text;
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const CRC = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) value = (value & 1) === 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});
/** The same text with a checksum that fits: only what stands before it can be wrong. */
function checked(body) {
  let rest =
    ([...Buffer.from(body)].reduce((crc, byte) => (crc >>> 8) ^ CRC[(crc ^ byte) & 0xff], 0xffffffff) ^
      0xffffffff) >>>
    0;
  let digits = '';
  for (let digit = 0; digit < 6; digit += 1) {
    digits = ALPHABET[rest % 62] + digits;
    rest = Math.floor(rest / 62);
  }
  return body + digits;
}
function body(kind) {
  let rest = BigInt(`0x${hex(Buffer.concat([Buffer.from([kind]), seed, sid]))}`);
  let digits = '';
  for (let digit = 0; digit < 58; digit += 1) {
    digits = ALPHABET[Number(rest % 62n)] + digits;
    rest /= 62n;
  }
  return digits;
}
const tokens_refused = [
  { name: 'one character turned', text: text.replace('05ut', '05uu') },
  { name: 'two characters exchanged', text: text.replace('E93', 'E39') },
  { name: 'one character missing', text: text.slice(0, -1) },
  { name: 'one character more', text: `${text}0` },
  { name: 'line feed behind it', text: `${text}\n` },
  { name: 'space before it', text: ` ${text}` },
  { name: 'character outside the alphabet', text: text.replace('UE93', 'U-93') },
  { name: 'prefix in capitals', text: text.replace('trt_', 'TRT_') },
  { name: 'another prefix', text: text.replace('trt_', 'trb_') },
  { name: 'prefix of another kind, checksum right', text: checked(`tra_${text.slice(4, -6)}`) },
  { name: 'kind 0, checksum right', text: checked(`trt_${body(0)}`) },
  { name: 'kind 5, checksum right', text: checked(`trt_${body(5)}`) },
  { name: 'body of more than 43 bytes, checksum right', text: checked(`trt_${'z'.repeat(58)}`) },
  { name: 'checksum beyond 32 bits', text: `${text.slice(0, -6)}zzzzzz` },
  { name: 'nothing', text: '' },
];

// --- I-JSON ---

const nested = (depth) => '['.repeat(depth) + ']'.repeat(depth);
const ok = (name, source) => ({ name, hex: hex(Buffer.from(source)), value: JSON.parse(source) });
const json_accepted = [
  ok('an empty object', '{}'),
  ok('keys in any order, white space anywhere', ' {"b" : 1,\n\t"a" : [true, false, null]}\r\n'),
  ok('largest integer', '{"n":9007199254740991}'),
  ok('smallest integer', '{"n":-9007199254740991}'),
  ok('a fraction', '{"n":0.5,"m":-1.5e3}'),
  ok('a surrogate pair, escaped', '{"s":"\\ud83d\\ude00"}'),
  ok('a surrogate pair, raw', '{"s":"😀"}'),
  ok('control characters, escaped', '{"s":"\\u0000\\n\\u001b"}'),
  ok('brackets and commas inside strings', '{"a":"[{,","b":"}]\\"","c":"\\\\"}'),
  ok('the same key in two objects', '{"a":{"k":1},"b":{"k":2},"k":3}'),
  ok('a key that only looks like another', '{"a":1,"A":2,"á":3}'),
  ok('__proto__ as a value', '{"a":"__proto__"}'),
  ok('32 levels', nested(32)),
];
const bad = (name, source) => ({ name, hex: hex(typeof source === 'string' ? Buffer.from(source) : source) });
const json_refused = [
  bad('nothing', ''),
  bad('text behind the value', '{}{}'),
  bad('trailing comma', '{"a":1,}'),
  bad('comment', '{/**/}'),
  bad('single quotes', "{'a':1}"),
  bad('NaN', '{"n":NaN}'),
  bad('Infinity', '{"n":-Infinity}'),
  bad('leading zero', '{"n":01}'),
  bad('byte order mark', Buffer.from('efbbbf7b7d', 'hex')),
  bad('UTF-16', Buffer.from('7b007d00', 'hex')),
  bad('invalid UTF-8', Buffer.from('7b2273223a22ff227d', 'hex')),
  bad('overlong UTF-8', Buffer.from('7b2273223a22c0af227d', 'hex')),
  bad('surrogate in UTF-8', Buffer.from('7b2273223a22eda080227d', 'hex')),
  bad('raw control character in a string', '{"s":"\u0001"}'),
  bad('the same key twice', '{"action":"a","action":"b"}'),
  bad('the same key twice, once escaped', '{"action":"a","\\u0061ction":"b"}'),
  bad('the same key twice, deep inside', '{"a":[{"b":{"k":1,"c":[],"k":1}}]}'),
  bad('the empty key twice', '{"":1,"":2}'),
  bad('lone high surrogate', '{"s":"\\ud800"}'),
  bad('lone low surrogate', '{"s":"\\udc00x"}'),
  bad('surrogates in the wrong order', '{"s":"\\ude00\\ud83d"}'),
  bad('lone surrogate in a key', '{"\\ud800":1}'),
  bad('2^53', '{"n":9007199254740992}'),
  bad('-2^53', '{"n":-9007199254740992}'),
  bad('an integer of 400 digits', `{"n":${'9'.repeat(400)}}`),
  bad('a float beyond all numbers', '{"n":1e400}'),
  bad('33 levels', nested(33)),
  bad('3000 levels', nested(3_000)),
  bad('__proto__ as a key', '{"__proto__":{"ok":true}}'),
  bad('__proto__ as a key, escaped', '{"\\u005f_proto__":1}'),
  bad('constructor as a key', '{"a":{"constructor":1}}'),
  bad('prototype as a key', '{"prototype":1}'),
];

// --- credit ---

const credit_given = [
  {
    name: 'half a window back',
    payloads: [hex(u32(WINDOW_BYTES / 2))],
    credit: WINDOW_BYTES + WINDOW_BYTES / 2,
  },
  { name: 'one byte', payloads: [hex(u32(1))], credit: WINDOW_BYTES + 1 },
  {
    name: 'up to the largest credit',
    payloads: [hex(u32(CREDIT_BYTES_MAX - WINDOW_BYTES))],
    credit: CREDIT_BYTES_MAX,
  },
  {
    name: 'one byte past the largest credit',
    payloads: [hex(u32(CREDIT_BYTES_MAX - WINDOW_BYTES + 1))],
    error: 'flow_control',
  },
  {
    name: 'past the largest credit in two steps',
    payloads: [hex(u32(CREDIT_BYTES_MAX - WINDOW_BYTES)), hex(u32(1))],
    error: 'flow_control',
  },
  { name: 'nothing', payloads: [hex(u32(0))], error: 'flow_control' },
  { name: 'bit 31', payloads: ['80000000'], error: 'flow_control' },
];
const whole = Array.from({ length: WINDOW_BYTES / DATA_BYTES_MAX }, () => DATA_BYTES_MAX);
const credit_spent = [
  { name: 'the whole window', sizes: whole },
  { name: 'one byte past the window', sizes: [...whole, 1], error: 'flow_control' },
  {
    name: 'the last frame past the window',
    sizes: [...whole.slice(1), DATA_BYTES_MAX - 1, 2],
    error: 'flow_control',
  },
  { name: 'empty frames cost nothing', sizes: [...whole, 0, 0] },
];

// --- line profile ---

const data = (name, channel, payload, content) => {
  const fields = { t: 'DATA', s: 2, c: channel, ...content };
  return { name, line: JSON.stringify(fields), channel, payload: hex(payload) };
};
const lines = [
  data('text', CHANNEL.STDOUT, Buffer.from('hi\n'), { text: 'hi\n' }),
  data('text with escapes', CHANNEL.STDERR, Buffer.from('\0\x1b"\\'), { text: '\0\x1b"\\' }),
  data('text beyond ASCII', CHANNEL.STDOUT, Buffer.from('ü😀'), { text: 'ü😀' }),
  data('bytes that are no text', CHANNEL.STDIN, Buffer.from('ff00fe', 'hex'), { b64: '/wD+' }),
  data('half a character', CHANNEL.STDOUT, Buffer.from('c3', 'hex'), { b64: 'ww==' }),
];
const lines_refused = [
  { name: 'text and b64', line: '{"t":"DATA","s":2,"c":1,"text":"a","b64":"YQ=="}' },
  { name: 'neither text nor b64', line: '{"t":"DATA","s":2,"c":1}' },
  { name: 'b64 without padding', line: '{"t":"DATA","s":2,"c":1,"b64":"YQ"}' },
  { name: 'b64 with bits left over', line: '{"t":"DATA","s":2,"c":1,"b64":"YR=="}' },
  { name: 'b64 of the URL alphabet', line: '{"t":"DATA","s":2,"c":1,"b64":"_wD-"}' },
  { name: 'text that is a number', line: '{"t":"DATA","s":2,"c":1,"text":1}' },
  { name: 'text twice', line: '{"t":"DATA","s":2,"c":1,"text":"a","text":"b"}' },
];

const vectors = {
  about: 'TRT/1 test vectors, made by scripts/vectors.mjs. Bytes are hex. SPEC.md says what they mean.',
  window: WINDOW_BYTES,
  handshake,
  calls,
  delegations,
  frames,
  frames_refused,
  connections,
  tokens,
  tokens_refused,
  json_accepted,
  json_refused,
  credit_given,
  credit_spent,
  lines,
  lines_refused,
};
const file = new URL('../test/vectors/protocol.json', import.meta.url);
const made = `${JSON.stringify(vectors, null, 1)}\n`;
if (process.argv[2] === '--check') {
  if (readFileSync(file, 'utf8') !== made) {
    console.error(
      'test/vectors/protocol.json is not what the code makes; run node scripts/vectors.mjs and look at the difference',
    );
    process.exitCode = 1;
  }
} else {
  writeFileSync(file, made);
}
