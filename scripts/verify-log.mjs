#!/usr/bin/env node
// A second verifier of Turret's audit log, from the text of SPEC.md §Audit log alone. It shares no code with the program
// that writes the log: node's own modules only, the whole file in memory, the Merkle tree by its recursive definition.
//
//   node scripts/verify-log.mjs [--host-key BASE64URL] FILE...      each an audit.jsonl, `checkpoints` beside it
//
// Prints a line for each: {"ok","records","findings":[{"kind","seq","line"}],"head","root"}. Exit code 0: whole, 1: damaged, 2: wrong use.

import { isUtf8 } from 'node:buffer';
import { createHash, createPublicKey, verify as checkSignature } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

const LONGEST_LINE = 65536;
const MOST_FINDINGS = 1000;

const digest = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();
const leafHash = (bytes) => digest(Uint8Array.of(0), bytes);

/** MTH of RFC 6962 §2.1. Perfect subtrees that are asked for again and again are remembered by their place. */
function treeHash(leaves, from, to, memory) {
  const size = to - from;
  if (size === 0) return digest();
  if (size === 1) return leaves[from];
  const name = `${from}:${to}`;
  const known = memory.get(name);
  if (known) return known;
  const half = 2 ** (Math.ceil(Math.log2(size)) - 1);
  const hash = digest(
    Uint8Array.of(1),
    treeHash(leaves, from, from + half, memory),
    treeHash(leaves, from + half, to, memory),
  );
  if (Number.isInteger(Math.log2(size))) memory.set(name, hash);
  return hash;
}

function* pieces(bytes) {
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(0x0a, start);
    yield { bytes: bytes.subarray(start, end < 0 ? bytes.length : end), ended: end >= 0 };
    start = end < 0 ? bytes.length : end + 1;
  }
}

function toRecord(bytes) {
  if (bytes.length >= LONGEST_LINE || !isUtf8(bytes)) return null;
  let json;
  try {
    json = JSON.parse(bytes.toString());
  } catch {
    return null;
  }
  const isRecord =
    json !== null &&
    json?.v === 1 &&
    typeof json.prev === 'string' &&
    typeof json.type === 'string' &&
    Number.isSafeInteger(json.seq) &&
    json.seq >= 0;
  return isRecord ? json : null;
}

/** Puts the lines of a file into the order of a chain and says where that did not work. */
function followChain(lines) {
  const found = [];
  const chain = [];
  let next = 0;
  let link = Buffer.alloc(32).toString('base64url');
  let gap = 0;
  let lastLine = 0;
  let excuseNext = false;
  let intactTo = Infinity;
  let before = null;
  const broken = () => (intactTo = Math.min(intactTo, chain.length));
  lines.forEach(({ bytes }, index) => {
    const line = index + 1;
    const leaf = leafHash(bytes);
    const repeated = before !== null && before.equals(leaf);
    before = leaf;
    const record = toRecord(bytes);
    if (record === null) {
      found.push({ kind: 'unreadable', seq: next + gap, line });
      broken();
      gap += 1;
      return;
    }
    const linked = record.prev === link;
    let excuse = false;
    if (record.seq < next && (gap > 0 || !linked)) {
      found.push({ kind: repeated ? 'duplicate' : 'out_of_order', seq: record.seq, line });
      return;
    }
    if (gap > 0) {
      if (record.seq > next + gap) found.push({ kind: 'missing', seq: next + gap, line, to: record.seq - 1 });
      next = record.seq;
    } else if (linked && record.seq !== next) {
      found.push({ kind: 'altered', seq: next, line });
      broken();
      excuse = true;
    } else if (!linked && record.seq > next) {
      found.push({ kind: 'missing', seq: next, line, to: record.seq - 1 });
      broken();
      next = record.seq;
    } else if (!linked && !excuseNext) {
      found.push({ kind: 'altered', seq: Math.max(0, next - 1), line: lastLine || line });
      broken();
    }
    chain.push({ record, leaf, line, at: next, foundBefore: found.length });
    next += 1;
    gap = 0;
    link = leaf.toString('base64url');
    lastLine = line;
    excuseNext = excuse;
  });
  return { found, chain, end: next + gap, next, intactTo };
}

function publicKeyFrom(raw) {
  const small = new Set(['00', '01', 'ec', '26', 'c7']);
  const y = Buffer.from(raw);
  if (y.length !== 32) return null;
  y[31] &= 127;
  const low = [
    '00'.repeat(32),
    `01${'00'.repeat(31)}`,
    `ec${'ff'.repeat(30)}7f`,
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  ];
  if (small.has(y.toString('hex', 0, 1)) && low.includes(y.toString('hex'))) return null;
  if (y[0] >= 0xed && y[31] === 0x7f && y.subarray(1, 31).every((byte) => byte === 0xff)) return null;
  return createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(raw).toString('base64url') },
    format: 'jwk',
  });
}

const signedBy = (key, message, signature) =>
  key !== null && signature.length === 64 && checkSignature(null, message, key, signature);

/** The signed notes of a checkpoints file; null for a block that is not one. */
function readNotes(file) {
  if (!existsSync(file)) return [];
  const rows = readFileSync(file).toString().split('\n');
  const torn = rows.pop() !== '';
  const notes = [];
  while (rows.length > 0) {
    const [origin, size, root, empty, signature, ...rest] = rows.splice(0, 5);
    const parts = /^— (\S+) (\S+)$/u.exec(signature ?? '');
    const blob = Buffer.from(parts?.[2] ?? '', 'base64');
    const fine =
      rest.length === 0 &&
      empty === '' &&
      /^[^\s+]{1,128}$/u.test(origin) &&
      /^(0|[1-9]\d{0,15})$/.test(size) &&
      Number.isSafeInteger(Number(size)) &&
      Buffer.from(root, 'base64').length === 32 &&
      Buffer.from(root, 'base64').toString('base64') === root &&
      parts?.[1] === origin &&
      blob.length === 68 &&
      blob.toString('base64') === parts[2];
    notes.push(
      fine ? { origin, size: Number(size), root, blob, text: `${origin}\n${size}\n${root}\n` } : null,
    );
  }
  if (torn) notes.push(null);
  return notes;
}

const text = (value) => (typeof value === 'string' ? value : '');

/** What the first record says about keys, and whether the host key stands behind it. */
function readIdentity(first, hostKey) {
  const { sid, key, host_key: host, certificate } = first;
  const raw = Buffer.from(text(key), 'base64url');
  const publicKey = publicKeyFrom(raw);
  const id = /^[0-9a-f]{20}$/.test(text(sid)) ? sid : null;
  if (publicKey === null) return { publicKey, id, raw, vouched: true };
  const hostRaw = Buffer.from(text(host), 'base64url');
  const statement = Buffer.concat([Buffer.from('turret-audit-key-v1\0'), Buffer.from(id ?? '', 'hex'), raw]);
  const holds =
    (hostKey === null || hostRaw.equals(hostKey)) &&
    signedBy(publicKeyFrom(hostRaw), statement, Buffer.from(text(certificate), 'base64url'));
  return { publicKey, id, raw, vouched: holds || (hostKey === null && host === undefined) };
}

function noteIsSigned(note, { publicKey, id, raw }) {
  if (publicKey === null || id === null || note.origin !== `turret.local/${id}`) return false;
  const keyId = digest(Buffer.from(`${note.origin}\n`), Uint8Array.of(1), raw).subarray(0, 4);
  return (
    keyId.equals(note.blob.subarray(0, 4)) &&
    signedBy(publicKey, Buffer.from(note.text), note.blob.subarray(4))
  );
}

function verifyFile(file, hostKey) {
  const lines = [...pieces(readFileSync(file))];
  const tornEnd = lines.length > 0 && !lines.at(-1).ended;
  if (tornEnd) lines.pop();
  const { found, chain, end, next, intactTo } = followChain(lines);
  const findings = found.map((finding) => ({ ...finding }));
  const firstIsZero = chain[0]?.at === 0;
  const identity = firstIsZero
    ? readIdentity(chain[0].record, hostKey)
    : { publicKey: null, id: null, raw: Buffer.alloc(0), vouched: true };
  if (!identity.vouched) findings.push({ kind: 'bad_certificate', seq: 0, line: 1 });

  const ending = chain.findIndex(({ record }) => record.type === 'session.end');
  const closed = ending >= 0;
  if (closed)
    for (const { record, line } of chain.slice(ending + 1))
      findings.push({ kind: 'after_end', seq: record.seq, line });

  const notes = readNotes(resolve(dirname(file), 'checkpoints'));
  const leaves = chain.map(({ leaf }) => leaf);
  const memory = new Map();
  let signed = 0;
  let reached = 0;
  for (const note of notes) {
    if (note === null) continue;
    // Only checkpoints that come into reach one after the other, over records no damage lies before, can be compared.
    const behind = note.size <= reached || note.size > leaves.length || note.size > intactTo;
    reached = Math.max(reached, note.size);
    if (behind || chain[note.size - 1]?.at !== note.size - 1) continue;
    if (treeHash(leaves, 0, note.size, memory).toString('base64') !== note.root) {
      findings.push({ kind: 'resigned', seq: signed, line: chain[note.size - 1].line, to: note.size - 1 });
      break;
    }
    if (noteIsSigned(note, identity)) signed = note.size;
  }
  if (tornEnd) findings.push({ kind: 'torn', seq: end, line: lines.length + 1 });

  let size = 0;
  const keyLost = identity.publicKey === null && findings.length > 0;
  notes.forEach((note, index) => {
    const fine = note !== null && note.size > size && (keyLost || noteIsSigned(note, identity));
    if (!fine) findings.push({ kind: 'bad_checkpoint', seq: size, line: index + 1 });
    size = Math.max(size, note?.size ?? 0);
  });
  if (size > end) findings.push({ kind: 'truncated', seq: end, line: lines.length, to: size - 1 });
  if (size === 0 || (closed && size < end)) findings.push({ kind: 'no_checkpoint', seq: size, line: 0 });
  findings.sort((a, b) => a.line - b.line || a.seq - b.seq || (a.kind < b.kind ? -1 : 1));
  return {
    ok: findings.length === 0,
    records: chain.length,
    findings: findings
      .slice(0, MOST_FINDINGS)
      .map(({ kind, seq, line, to }) => ({ kind, seq, line, ...(to === undefined ? {} : { to }) })),
    head: (chain.at(-1)?.leaf ?? Buffer.alloc(32)).toString('base64url'),
    root: treeHash(leaves, 0, leaves.length, memory).toString('base64'),
    closed,
    unsigned: Math.max(0, next - signed),
  };
}

function main(words) {
  let hostKey = null;
  if (words[0] === '--host-key') {
    hostKey = Buffer.from(words[1] ?? '', 'base64url');
    words = words.slice(2);
  }
  if (
    words.length === 0 ||
    words.some((word) => word.startsWith('-')) ||
    (hostKey !== null && hostKey.length !== 32)
  ) {
    process.stderr.write('usage: verify-log.mjs [--host-key BASE64URL] FILE...\n');
    return 2;
  }
  const absent = words.find((word) => !existsSync(word));
  if (absent !== undefined) {
    process.stderr.write(`verify-log: there is no file ${JSON.stringify(absent)}\n`);
    return 2;
  }
  const verdicts = words.map((word) => verifyFile(word, hostKey));
  for (const verdict of verdicts) process.stdout.write(`${JSON.stringify(verdict)}\n`);
  return verdicts.every(({ ok }) => ok) ? 0 : 1;
}

process.exitCode = main(process.argv.slice(2));
