// The log: what agents typed is in it, and whoever could write the file may have edited it.

import { deepEqual, equal, ok } from 'node:assert/strict';
import * as fc from 'fast-check';

import { advance, encodeLine, GENESIS, leafOf } from '../../../src/audit/chain.js';
import { originOf, signCheckpoint } from '../../../src/audit/checkpoint.js';
import { parseCheckpoint, splitCheckpoints } from '../../../src/audit/checkpoint-read.js';
import { escapeForeign, escapeJson, escapeWord } from '../../../src/audit/escape.js';
import { CompactRange } from '../../../src/audit/merkle.js';
import { fitBody, prepareBody } from '../../../src/audit/prepare.js';
import { readLine } from '../../../src/audit/read-line.js';
import { redactText } from '../../../src/audit/redact.js';
import { LogVerifier, type Verdict } from '../../../src/audit/verify.js';
import { signingKey } from '../../../src/crypto/ed25519.js';
import { AUDIT_LINE_BYTES_MAX } from '../../../src/protocol/limits.js';
import type { JsonObject } from '../../../src/protocol/messages.js';
import { decided } from '../../unit/audit/records.js';
import { mutated, pieced, word } from '../arbitraries/text.js';
import { counter, type FuzzTarget } from '../target.js';

const SID = '03396219237f75a64f12';
const KEY = signingKey(Buffer.alloc(32, 0x61));
/** What a terminal obeys, or what hides. */
const OBEYED = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

const body = fc.oneof(
  fc.record({ call: fc.constantFrom('c1', 'c2', '__proto__'), effect: fc.constantFrom('allow', 'deny'), action: word }).map((one) => ['call.decided', one] as const),
  fc.record({ call: fc.constantFrom('c1', 'c2'), ok: fc.boolean() }).map((one) => ['call.finished', one] as const),
  word.map((text) => ['token.issued', { label: text }] as const),
); // prettier-ignore

/** A whole log: chained, signed, closed. */
function logOf(bodies: readonly (readonly [string, object])[]): { log: Buffer; checkpoints: string } {
  const start = { sid: SID, key: KEY.publicKey.toString('base64url') };
  const range = new CompactRange();
  const lines: Buffer[] = [];
  const notes: string[] = [];
  let head = GENESIS;
  for (const [type, one] of [['session.start', start] as const, ...bodies, ['session.end', {}] as const]) {
    const line = encodeLine(head, { ts: '2026-01-01T00:00:00.000Z' }, type, one as JsonObject);
    lines.push(line);
    head = advance(head, leafOf(line));
    range.append(leafOf(line));
    if (lines.length % 3 === 0 || type === 'session.end')
      notes.push(signCheckpoint({ origin: originOf(SID), size: range.size, root: range.root() }, KEY));
  }
  return {
    log: Buffer.concat(lines.flatMap((line) => [line, Buffer.from('\n')])),
    checkpoints: notes.join(''),
  };
}

function verdictOn(log: Buffer, checkpoints: string): Verdict {
  const verifier = new LogVerifier({ hostKey: undefined, checkpoints: splitCheckpoints(checkpoints) });
  let from = 0;
  for (let end = log.indexOf(10); end >= 0; end = log.indexOf(10, from)) {
    verifier.line(log.subarray(from, end));
    from = end + 1;
  }
  if (from < log.length) verifier.torn(log.subarray(from));
  return verifier.finish();
}

const logs = fc.array(body, { maxLength: 6 }).map(logOf);
const shuffledLines = logs.chain(({ log, checkpoints }) => {
  const lines = log.toString('latin1').split('\n').slice(0, -1);
  return fc
    .oneof(fc.shuffledSubarray(lines), fc.array(fc.constantFrom(...lines), { maxLength: lines.length + 2 }))
    .map((some) => ({
      log,
      checkpoints,
      other: Buffer.from(some.map((line) => `${line}\n`).join(''), 'latin1'),
    }));
});
const damaged = fc.oneof(
  shuffledLines,
  logs.chain(({ log, checkpoints }) =>
    mutated(fc.constant(log)).map((other) => ({ log, checkpoints, other })),
  ),
);

const TAIL = 'a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0';
const SECRETS = [
  'AKIAIOSFODNN7EXAMPLE', `ghp_${TAIL}`, `github_pat_${TAIL}`, `sk-ant-api03-${TAIL}`, `xoxb-123456789012-${TAIL}`,
  'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJlc2lnbmF0dXJl', 'trt_05utW1UE93xxDcTCJWGi3dt88tFLBDLykaLNMBTeNwsx9nEwA0gKy9AFjm4QqnoU',
  '-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\n-----END RSA PRIVATE KEY-----',
]; // prettier-ignore
const context = fc.constantFrom(
  'Authorization: ', 'authorization="', 'password=', '"secret": "', 'token=', 'X-Amz-Signature=', 'https://u:', '@host', 'AKIA', 'eyJ',
  'eyJhbGciOiJI.', '-----BEGIN RSA PRIVATE KEY-----', '‹redacted:named:sha256:ab12›', '‹redacted:', '›', '-', '.', ' ', '\n', 'sk-', '\ud800',
); // prettier-ignore
const secret = fc.constantFrom(...SECRETS);

const lines = counter();

export const AUDIT: FuzzTarget[] = [
  {
    name: 'audit/line',
    claim: 'any bytes are a record or none, and reading never throws',
    cases: 600,
    taken: lines.taken,
    property: fc.property(
      fc.oneof(
        mutated(logs.map(({ log }) => log.subarray(0, log.indexOf(10)))),
        pieced(['{"v":1', ',"seq":0', ',"prev":"x"', ',"type":"t"', '}', ',"__proto__":{"v":1}', ',"seq":-1', ',"v":2', '[', '\u0000']).map((text) => Buffer.from(text)),
      ),
      (bytes) => {
        const line = readLine(bytes);
        if (!line) return;
        lines.add();
        ok(Number.isSafeInteger(line.seq) && line.seq >= 0 && typeof line.prev === 'string');
      },
    ), // prettier-ignore
  },
  {
    name: 'audit/verify',
    claim: 'a whole log verifies, and one with any byte or line changed does not',
    cases: 120,
    property: fc.property(damaged, ({ log, checkpoints, other }) => {
      const whole = verdictOn(log, checkpoints);
      deepEqual([whole.ok, whole.closed, whole.findings], [true, true, []]);
      equal(verdictOn(other, checkpoints).ok, other.equals(log));
    }),
  },
  {
    name: 'audit/verify-hostile',
    claim:
      'whatever the lines, the checkpoints and the host key are, the verifier answers, and never with yes',
    cases: 300,
    property: fc.property(
      fc.array(
        fc.oneof(
          fc.constantFrom(
            '{"v":1,"seq":0,"prev":"","type":"session.start","key":5,"sid":[],"certificate":{}}',
            '{"v":1,"seq":0,"prev":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","type":"session.start","key":"AAAA","host_key":"x"}',
            '{"v":1,"seq":9007199254740991,"prev":"x","type":"call.decided","call":"__proto__","effect":"allow"}',
            '{"v":1,"seq":-1,"prev":"x","type":"t"}',
            '{"v":1,"seq":0,"prev":"x","type":"session.end"}',
            '{"__proto__":{"v":1}}',
            '[]',
            '',
          ).map((text) => Buffer.from(text)),
          fc.uint8Array({ maxLength: 40 }),
        ),
        { maxLength: 8 },
      ),
      fc.oneof(fc.string({ maxLength: 200 }), mutated(logs.map(({ checkpoints }) => Buffer.from(checkpoints))).map((bytes) => bytes.toString())),
      fc.option(fc.uint8Array({ maxLength: 33 }), { nil: undefined }),
      (some, notes, hostKey) => {
        const verifier = new LogVerifier({ hostKey, checkpoints: splitCheckpoints(notes) });
        for (const bytes of some) verifier.line(bytes);
        const verdict = verifier.finish();
        ok(!verdict.ok && verdict.found > 0);
      },
    ), // prettier-ignore
  },
  {
    name: 'audit/checkpoint',
    claim: 'a checkpoint that reads is one that we would write',
    cases: 300,
    property: fc.property(mutated(logs.map(({ checkpoints }) => Buffer.from(checkpoints.split('\n').slice(0, 5).join('\n') + '\n'))), (bytes) => {
      const text = bytes.toString();
      const read = parseCheckpoint(text);
      if (!read) return;
      const signature = Buffer.concat([read.keyId, read.signature]).toString('base64');
      equal(`${read.text}\n— ${read.origin} ${signature}\n`, text);
    }), // prettier-ignore
  },
  {
    name: 'audit/redact',
    claim: 'no whole secret passes with a space around it, and redacting twice changes nothing',
    cases: 600,
    property: fc.property(
      fc.array(context, { maxLength: 5 }),
      secret,
      fc.array(context, { maxLength: 5 }),
      fc.array(fc.oneof(context, secret, fc.string({ unit: 'binary', maxLength: 12 })), { maxLength: 12 }),
      (before, hidden, after, parts) => {
        ok(!redactText(`${before.join('')} ${hidden} ${after.join('')}`).text.includes(hidden));
        const once = redactText(parts.join('')).text;
        deepEqual(redactText(once), { text: once, count: 0 });
      },
    ),
  },
  {
    name: 'audit/record',
    claim: 'whatever was called becomes one line within the limit, without a secret of the call in it',
    cases: 150,
    property: fc.property(
      fc.array(fc.oneof(word, secret, fc.tuple(word, fc.nat({ max: 9_000 })).map(([text, times]) => text.repeat(times).slice(0, 90_000))), { maxLength: 12 }),
      fc.dictionary(word, fc.oneof(word, secret, fc.array(word, { maxLength: 600 })), { maxKeys: 4 }),
      (argv, params) => {
        const record = decided('c1', { argv, capabilities: [{ action: 'a.b', params, read_only: true }] });
        const line = fitBody(prepareBody(record), (fitted: JsonObject) => {
          const encoded = encodeLine(GENESIS, { ts: '' }, 'call.decided', fitted);
          return encoded.length < AUDIT_LINE_BYTES_MAX ? encoded : undefined;
        });
        ok(!line.includes(10) && readLine(line)?.type === 'call.decided');
        for (const one of SECRETS) ok(!line.includes(JSON.stringify(one).slice(1, -1)));
      },
    ), // prettier-ignore
  },
  {
    name: 'audit/escape',
    claim:
      'nothing that a terminal obeys is shown, two texts are shown differently, and JSON keeps its value',
    cases: 1000,
    property: fc.property(fc.oneof(word, fc.string({ unit: 'binary', maxLength: 20 })), fc.oneof(word, fc.string({ unit: 'binary', maxLength: 20 })), fc.jsonValue(), (a, b, value) => {
      ok(!OBEYED.test(escapeForeign(a)) && !OBEYED.test(escapeWord(a)));
      equal(escapeForeign(a) === escapeForeign(b), a === b);
      const json = JSON.stringify({ value, [a]: b });
      deepEqual(JSON.parse(escapeJson(json)), JSON.parse(json));
      ok(!OBEYED.test(escapeJson(json)));
    }), // prettier-ignore
  },
];
