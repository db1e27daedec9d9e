// test/vectors/audit.json is written by a script that shares no code with src/; the first part repeats the vectors the
// protocol began with.

import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { certify, isCertified } from '../../../src/audit/certificate.js';
import { advance, encodeLine, GENESIS, leafOf } from '../../../src/audit/chain.js';
import { originOf, signCheckpoint } from '../../../src/audit/checkpoint.js';
import { parseCheckpoint, verifyCheckpoint } from '../../../src/audit/checkpoint-read.js';
import { CompactRange } from '../../../src/audit/merkle.js';
import { signingKey, verifyingKey } from '../../../src/crypto/ed25519.js';
import { verifyLog } from '../../../src/platform/audit-read.js';
import type { JsonObject } from '../../../src/protocol/messages.js';
import { temporaryDirectory } from './records.js';

interface Vectors {
  seeds: { checkpoint: string; host: string; audit: string };
  sid: string;
  bare: { lines: { line: string; leaf: string }[]; root: string; checkpoint: string };
  certificate: { host_key: string; key: string; certificate: string };
  logs: {
    name: string;
    log: string;
    checkpoints: string;
    ok: boolean;
    findings: { kind: string; seq: number; line: number }[];
  }[];
}
const VECTORS: Vectors = JSON.parse(readFileSync('test/vectors/audit.json', 'utf8'));
const { bare, sid } = VECTORS;
const keyOf = (seed: string): ReturnType<typeof signingKey> => signingKey(Buffer.from(seed, 'hex'));

describe('audit vectors', () => {
  it('has the leaves of the first vectors, to the byte', () => {
    expect(bare.lines.map(({ leaf }) => leaf.slice(0, 8))).toEqual(['63349987', '936fd7fe', '602ff36c']);
    let head = GENESIS;
    const range = new CompactRange();
    for (const { line, leaf } of bare.lines) {
      const parsed: { v: 1; seq: number; prev: string; ts: string; type: string } & JsonObject =
        JSON.parse(line);
      const { v: _v, seq: _seq, prev: _prev, ts, type, ...body } = parsed;
      const bytes = encodeLine(head, { ts }, type, body);
      expect(bytes.toString()).toBe(line);
      expect(leafOf(bytes).toString('hex')).toBe(leaf);
      range.append(leafOf(bytes));
      head = advance(head, leafOf(bytes));
    }
    expect(range.root().toString('base64')).toBe(bare.root);
    expect(bare.root).toBe('/fXlFZ1t5/V0EBUhmjW1J5C45S+nile6rh29f1o1Yzc=');
  });

  it('signs the same checkpoint, and accepts it from that key only', () => {
    const key = keyOf(VECTORS.seeds.checkpoint);
    const note = signCheckpoint(
      { origin: originOf(sid), size: 3, root: Buffer.from(bare.root, 'base64') },
      key,
    );
    expect(note).toBe(bare.checkpoint);
    expect(note).toContain(
      'zEzHNRcQvQg0tI7yBmgd4LOrP0FtjaYZQPDi4kKKlgSwCnKiCbjJP1pTq669H2HK4hqQlYLvC9xsbD0ZBmXYRI4i2Qs=',
    );
    const parsed = parseCheckpoint(note);
    if (parsed === undefined) throw new Error('the checkpoint is not read back');
    expect(verifyCheckpoint(parsed, verifyingKey(key.publicKey))).toBe(true);
    expect(verifyCheckpoint(parsed, verifyingKey(keyOf(VECTORS.seeds.host).publicKey))).toBe(false);
  });

  it('certifies the same audit key with the same bytes, for this session and no other', () => {
    const [host, audit] = [keyOf(VECTORS.seeds.host), keyOf(VECTORS.seeds.audit)];
    const certificate = certify(host, Buffer.from(sid, 'hex'), audit.publicKey);
    expect(certificate.signature.toString('base64url')).toBe(VECTORS.certificate.certificate);
    expect(isCertified(certificate, Buffer.from(sid, 'hex'), audit.publicKey)).toBe(true);
    expect(isCertified(certificate, Buffer.alloc(10), audit.publicKey)).toBe(false);
    expect(isCertified(certificate, Buffer.from(sid, 'hex'), host.publicKey)).toBe(false);
  });

  describe.each(VECTORS.logs.map((vector) => [vector.name, vector] as const))('%s', (_name, vector) => {
    it('gets the verdict that was written down, from both verifiers', () => {
      const directory = join(temporaryDirectory(), 'session');
      mkdirSync(directory);
      const file = join(directory, 'audit.jsonl');
      writeFileSync(file, vector.log);
      writeFileSync(join(directory, 'checkpoints'), vector.checkpoints);
      const hostKey = keyOf(VECTORS.seeds.host).publicKey;
      const verdict = verifyLog({ file, hostKey, live: false });
      const expected = { ok: vector.ok, findings: vector.findings };
      const findings = verdict.findings.map(({ offset: _offset, ...finding }) => finding);
      expect({ ok: verdict.ok, findings }).toEqual(expected);
      const words = [resolve('scripts/verify-log.mjs'), '--host-key', hostKey.toString('base64url'), file];
      const second = spawnSync(process.execPath, words, { encoding: 'utf8', env: {} });
      expect(JSON.parse(second.stdout)).toMatchObject({
        ...expected,
        head: verdict.head,
        root: verdict.root,
      });
      expect(second.status).toBe(vector.ok ? 0 : 1);
    });
  });
});
