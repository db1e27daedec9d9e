#!/usr/bin/env node
// Writes test/vectors/audit.json from the text of SPEC.md §Audit log: node's own modules only, nothing from src/.
// What is expected of each damaged log is written down here by hand, not computed.

import { createHash, createPrivateKey, createPublicKey, sign as signRaw } from 'node:crypto';
import { writeFileSync } from 'node:fs';

const hash = (...parts) => parts.reduce((sum, part) => sum.update(part), createHash('sha256')).digest();
const seedFrom = (first) => Buffer.from(Array.from({ length: 32 }, (_, index) => first + index));

function keyFrom(seed) {
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  const publicKey = Buffer.from(createPublicKey(key).export({ format: 'jwk' }).x, 'base64url');
  return { publicKey, sign: (message) => signRaw(null, message, key) };
}

function merkle(leaves) {
  if (leaves.length === 0) return hash();
  if (leaves.length === 1) return leaves[0];
  let half = 1;
  while (half * 2 < leaves.length) half *= 2;
  return hash(Buffer.from([1]), merkle(leaves.slice(0, half)), merkle(leaves.slice(half)));
}

function chainOf(records) {
  let previous = Buffer.alloc(32);
  return records.map((record, seq) => {
    const line = JSON.stringify({ v: 1, seq, prev: previous.toString('base64url'), ...record });
    previous = hash(Buffer.from([0]), Buffer.from(line));
    return { line, leaf: previous };
  });
}

function noteOf(key, sid, leaves) {
  const origin = `turret.local/${sid}`;
  const text = `${origin}\n${leaves.length}\n${merkle(leaves).toString('base64')}\n`;
  const keyId = hash(Buffer.from(`${origin}\n`), Buffer.from([1]), key.publicKey).subarray(0, 4);
  const signature = Buffer.concat([keyId, key.sign(Buffer.from(text))]);
  return `${text}\n— ${origin} ${signature.toString('base64')}\n`;
}

const SID = '03396219237f75a64f12';
const broker = keyFrom(seedFrom(0x40));
const second = (n) => `2026-01-01T00:00:0${n}.000Z`;

// The lines and the checkpoint of the protocol's first vectors: fields that are optional are left out.
const bare = chainOf([
  { ts: second(0), type: 'session.start' },
  { ts: second(1), type: 'call.decided', action: 's3.list_buckets', effect: 'allow', rule: 'aws-readonly/1' },
  { ts: second(2), type: 'call.finished', ok: true },
]);

const host = keyFrom(seedFrom(0x80));
const audit = keyFrom(seedFrom(0xa0));
const certificate = host.sign(
  Buffer.concat([Buffer.from('turret-audit-key-v1\0'), Buffer.from(SID, 'hex'), audit.publicKey]),
);
const start = {
  ts: second(0),
  mono_us: 0,
  sid: SID,
  type: 'session.start',
  turret: '0.1.0',
  label: 'vector',
  command: 'true',
  argv: ['true'],
  isolation: 'none',
  policy_sha256: '00'.repeat(32),
  config: [],
  pid: 1,
  key: audit.publicKey.toString('base64url'),
  host_key: host.publicKey.toString('base64url'),
  certificate: certificate.toString('base64url'),
};
const call = (n, fields) => ({ ts: second(n), mono_us: n * 1_000_000, sid: SID, ...fields });
const records = [
  start,
  call(1, {
    type: 'call.decided',
    call: 'c1',
    kid: 'k',
    tool: 'aws',
    argv: ['s3', 'ls'],
    action: 'aws.s3.list_buckets',
    capabilities: [{ action: 'aws.s3.list_buckets', params: {} }],
    params_sha256: '',
    effect: 'allow',
  }),
  call(2, { type: 'call.finished', call: 'c1', outcome: 'done', exit: 0, ms: 1, in: 0, out: 9 }),
  call(3, {
    type: 'call.refused',
    call: 'c2',
    kid: 'k',
    tool: 'aws',
    argv: ['configure'],
    code: 'unresolvable',
    reason: 'no',
  }),
  call(4, {
    type: 'call.decided',
    call: 'c3',
    kid: 'k',
    action: 'gh.pr.list',
    capabilities: [],
    params_sha256: '',
    effect: 'allow',
  }),
  call(5, { type: 'session.end', exit: 0, reason: 'exit', ms: 5000, calls: 3, allowed: 2, denied: 1 }),
];
const lines = chainOf(records);
const leaves = lines.map(({ leaf }) => leaf);
const notes = [1, 3, 6].map((size) => noteOf(audit, SID, leaves.slice(0, size)));
const texts = lines.map(({ line }) => line);
const file = (list) => list.map((line) => `${line}\n`).join('');

const forged = chainOf(records.with(3, { ...records[3], reason: 'yes' }));
const otherKey = keyFrom(seedFrom(0x20));
const finding = (kind, seq, line, to) => ({ kind, seq, line, ...(to === undefined ? {} : { to }) });
const logs = [
  ['a whole log', file(texts), notes, []],
  ['killed before its end', file(texts.slice(0, 5)), notes.slice(0, 2), []],
  [
    'one letter of a record changed',
    file(texts.with(3, texts[3].replace('"no"', '"on"'))),
    notes,
    [finding('altered', 3, 4)],
  ],
  [
    'a number changed so that the chain still links',
    file(texts.with(2, texts[2].replace('"seq":2', '"seq":7'))),
    notes,
    [finding('altered', 2, 3)],
  ],
  ['a denial removed', file(texts.toSpliced(3, 1)), notes, [finding('missing', 3, 4, 3)]],
  ['the first record removed', file(texts.slice(1)), notes, [finding('missing', 0, 1, 0)]],
  [
    'two records swapped',
    file([texts[0], texts[1], texts[2], texts[4], texts[3], texts[5]]),
    notes,
    [finding('missing', 3, 4, 3), finding('out_of_order', 3, 5)],
  ],
  ['a record written twice', file(texts.toSpliced(2, 0, texts[2])), notes, [finding('duplicate', 2, 4)]],
  ['cut after record 3, checkpoints kept', file(texts.slice(0, 4)), notes, [finding('truncated', 4, 4, 5)]],
  [
    'cut in the middle of record 4',
    `${file(texts.slice(0, 4))}${texts[4].slice(0, 40)}`,
    notes,
    [finding('truncated', 4, 4, 5), finding('torn', 4, 5)],
  ],
  [
    'a line that is no JSON in place of a record',
    file(texts.with(3, 'x')),
    notes,
    [finding('unreadable', 3, 4)],
  ],
  [
    'rewritten from record 3 on with a chain of its own',
    file(forged.map(({ line }) => line)),
    notes,
    [finding('resigned', 3, 6, 5)],
  ],
  [
    'the last record changed',
    file(texts.with(5, texts[5].replace('"denied":1', '"denied":0'))),
    notes,
    [finding('resigned', 3, 6, 5)],
  ],
  [
    'a record after the end',
    file([...texts, chainOf([...records, call(6, { type: 'auth.ok', connection: 1, kid: 'k' })])[6].line]),
    notes,
    [finding('no_checkpoint', 6, 0), finding('after_end', 6, 7)],
  ],
  ['no checkpoints at all', file(texts), [], [finding('no_checkpoint', 0, 0)]],
  ['the final checkpoint removed', file(texts), notes.slice(0, 2), [finding('no_checkpoint', 3, 0)]],
  [
    'a checkpoint signed by another key',
    file(texts),
    [notes[0], noteOf(otherKey, SID, leaves.slice(0, 3)), notes[2]],
    [finding('bad_checkpoint', 1, 2)],
  ],
  [
    'checkpoints of another session',
    file(texts),
    [noteOf(audit, 'ff'.repeat(10), leaves)],
    [finding('bad_checkpoint', 0, 1)],
  ],
  [
    'checkpoints that go backwards',
    file(texts),
    [notes[0], notes[2], notes[1]],
    [finding('bad_checkpoint', 6, 3)],
  ],
  [
    'a checkpoint whose signature is spelled differently',
    file(texts),
    [notes[0], notes[1], respell(notes[2])],
    [finding('no_checkpoint', 3, 0), finding('bad_checkpoint', 3, 3)],
  ],
  ['certified by the host key of another machine', ...elsewhere(), [finding('bad_certificate', 0, 1)]],
  ['an invented session whose key no host vouched for', ...invented(), [finding('bad_certificate', 0, 1)]],
].map(([name, log, blocks, findings]) => ({
  name,
  log,
  checkpoints: blocks.join(''),
  ok: findings.length === 0,
  findings,
}));

/** The last character before the padding has two bits that no decoder looks at. */
function respell(note) {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  const at = note.length - 3;
  return `${note.slice(0, at)}${alphabet[alphabet.indexOf(note[at]) + 1]}${note.slice(at + 1)}`;
}

/** A session that is sound in itself, from a machine with its own host key. */
function elsewhere() {
  const foreign = keyFrom(seedFrom(0x60));
  const vouched = foreign.sign(
    Buffer.concat([Buffer.from('turret-audit-key-v1\0'), Buffer.from(SID, 'hex'), audit.publicKey]),
  );
  const own = {
    host_key: foreign.publicKey.toString('base64url'),
    certificate: vouched.toString('base64url'),
  };
  const list = chainOf([{ ...start, ...own }, records[5]]);
  return [
    file(list.map(({ line }) => line)),
    [
      noteOf(
        audit,
        SID,
        list.map(({ leaf }) => leaf),
      ),
    ],
  ];
}

function invented() {
  const list = chainOf([{ ...start, key: otherKey.publicKey.toString('base64url') }, records[5]]);
  return [
    file(list.map(({ line }) => line)),
    [
      noteOf(
        otherKey,
        SID,
        list.map(({ leaf }) => leaf),
      ),
    ],
  ];
}

const vectors = {
  comment: 'made by scripts/vectors-audit.mjs; SPEC.md, Audit log',
  seeds: {
    checkpoint: seedFrom(0x40).toString('hex'),
    host: seedFrom(0x80).toString('hex'),
    audit: seedFrom(0xa0).toString('hex'),
  },
  sid: SID,
  bare: {
    lines: bare.map(({ line, leaf }) => ({ line, leaf: leaf.toString('hex') })),
    root: merkle(bare.map(({ leaf }) => leaf)).toString('base64'),
    checkpoint: noteOf(
      broker,
      SID,
      bare.map(({ leaf }) => leaf),
    ),
  },
  certificate: {
    host_key: host.publicKey.toString('base64url'),
    key: audit.publicKey.toString('base64url'),
    certificate: certificate.toString('base64url'),
  },
  logs,
};
writeFileSync(
  new URL('../test/vectors/audit.json', import.meta.url),
  `${JSON.stringify(vectors, null, 1)}\n`,
);
