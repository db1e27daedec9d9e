// Who is there: token texts, the transcript that both sides sign, signed calls.

import { deepEqual, equal, notDeepEqual, ok } from 'node:assert/strict';
import * as fc from 'fast-check';

import { parseDelegation } from '../../../src/token/delegation.js';
import { formatToken, parseToken, type TokenKind } from '../../../src/token/token.js';
import {
  callMessage,
  encodeSignedCall,
  fromBase64url,
  splitSignedCall,
  toBase64url,
  transcript,
} from '../../../src/wire/handshake.js';
import { vectors } from '../../unit/protocol/vectors.js';
import { mutated } from '../arbitraries/text.js';
import { type FuzzTarget, refusedOr } from '../target.js';

const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const kinds = fc.constantFrom<TokenKind>('session', 'child', 'repeater', 'admin');
const tokens = fc.record({ kind: kinds, seed: bytesOf(32), sid: bytesOf(10) });
const some = fc.uint8Array({ maxLength: 40 });
const DELEGATION_KEYS = ['child_pub', 'label', 'grants', 'not_after', 'max_calls', 'depth'];
const delegations = fc.constantFrom(...vectors.delegations.map(({ json }) => Buffer.from(json)));

export const TOKEN_AND_HANDSHAKE: FuzzTarget[] = [
  {
    name: 'token/round',
    claim: 'a token comes back for every seed, sid and kind',
    cases: 100,
    property: fc.property(tokens, (token) => {
      const text = formatToken(token);
      ok(/^tr[tra]_[0-9A-Za-z]{64}$/.test(text));
      deepEqual(parseToken(text), {
        kind: token.kind,
        seed: Buffer.from(token.seed),
        sid: Buffer.from(token.sid),
      });
    }),
  },
  {
    name: 'token/hostile',
    claim: 'a changed token is refused without a word of it, or is a token in its one spelling',
    cases: 500,
    property: fc.property(mutated(tokens.map((token) => Buffer.from(formatToken(token)))), (bytes) => {
      const text = bytes.toString('latin1');
      const token = refusedOr(['token_malformed'], () => parseToken(text));
      if (token) equal(formatToken(token), text);
    }),
  },
  {
    name: 'token/delegation',
    claim: 'a changed delegation is refused, or is read as what it says and as no more',
    cases: 400,
    property: fc.property(mutated(delegations), (json) => {
      const read = refusedOr(['protocol_error'], () => parseDelegation(json));
      if (!read) return;
      const said = JSON.parse(Buffer.from(json).toString()) as Record<string, unknown>;
      deepEqual(
        [read.label, read.depth, read.notAfterMs, read.maxCalls, read.publicKey.toString('base64url')],
        [said['label'], said['depth'], said['not_after'], said['max_calls'], said['child_pub']],
      );
      deepEqual(
        Object.keys(said).filter((key) => !DELEGATION_KEYS.includes(key)),
        [],
      );
      ok(read.depth >= 1 && read.depth <= 4 && read.grants.every(({ allow }) => allow.length > 0));
    }),
  },
  {
    name: 'handshake/signed-call',
    claim: 'a signed call comes apart as it was put together, and too few bytes are refused',
    cases: 300,
    property: fc.property(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), bytesOf(64), some, some, (counter, signature, json, noise) => {
      const { counter: n, signature: s, json: j } = splitSignedCall(encodeSignedCall(counter, signature, json));
      deepEqual([n, Buffer.from(s), Buffer.from(j)], [counter, Buffer.from(signature), Buffer.from(json)]);
      const odd = refusedOr(['protocol_error'], () => splitSignedCall(noise));
      equal(odd === undefined, noise.length < 72);
    }), // prettier-ignore
  },
  {
    name: 'handshake/transcript',
    claim: 'two handshakes that differ anywhere are signed as different ones',
    cases: 300,
    property: fc.property(some, some, fc.nat(), fc.integer({ min: 0, max: 9 }), (client, server, cut, stream) => {
      const both = Buffer.concat([client, server]);
      const at = cut % (both.length + 1);
      const other = [both.subarray(0, at), both.subarray(at)] as const;
      const same = at === client.length;
      equal(transcript(client, server).equals(transcript(...other)), same);
      const hash = transcript(client, server);
      const call = callMessage(hash, stream, 1n, client);
      notDeepEqual(call, callMessage(hash, stream + 1, 1n, client));
      notDeepEqual(call, callMessage(hash, stream, 2n, client));
    }), // prettier-ignore
  },
  {
    name: 'handshake/base64url',
    claim: 'bytes have one spelling in base64url',
    cases: 300,
    property: fc.property(mutated(some.map((bytes) => Buffer.from(toBase64url(bytes)))), fc.nat(40), (raw, length) => {
      const text = raw.toString('latin1');
      const bytes = refusedOr(['protocol_error'], () => fromBase64url('x', text, length));
      if (bytes) equal(toBase64url(bytes), text);
    }), // prettier-ignore
  },
];
