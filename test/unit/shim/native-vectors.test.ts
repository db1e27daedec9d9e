// The native shim is a third implementation of the protocol: it agrees on every vector, built as it is shipped and built to
// notice every step beyond an array.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { NATIVE_SHIM, type Question, ask, refusal } from '../../helpers/native-shim.js';
import { bytes, vectors } from '../protocol/vectors.js';
import { version } from '../../../src/installation.js';

const BUILD = fileURLToPath(new URL('../../../scripts/native-shim.mjs', import.meta.url));
const KINDS = { session: 1, child: 2, repeater: 3, admin: 4 };

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'turret-native-'));
  execFileSync(process.execPath, [BUILD, directory, 'sanitize']);
}, 120_000);
afterAll(() => rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));

it('says its version when it is called by its own name', () => {
  expect(execFileSync(NATIVE_SHIM, { encoding: 'utf8', env: {} })).toBe(`turret-shim ${version}\n`);
});

describe.each(['as shipped', 'with sanitizers'])('%s', (how) => {
  const answers = (questions: Question[]): string[] =>
    ask(questions, how === 'as shipped' ? undefined : join(directory, 'turret-shim-vectors'));

  it.each([1, 7, 65_536])('reads the frames in pieces of %i bytes, and writes them the same', (piece) => {
    const told = answers(vectors.frames.map(({ hex: raw }) => ['frames', 1, 0, piece, bytes(raw)]));
    expect(told).toEqual(
      vectors.frames.map(
        ({ type, flags, channel, stream, hex: raw }) => `${type} ${flags} ${channel} ${stream} ${raw};`,
      ),
    );
  });

  it('refuses the frames that are to be refused', () => {
    const told = answers(
      vectors.frames_refused.map((vector) => [
        'frames',
        Number(vector.authenticated),
        0,
        65_536,
        bytes(vector.hex),
      ]),
    );
    expect(told.map((answer) => refusal(answer)?.name)).toEqual(
      vectors.frames_refused.map(({ error }) => error),
    );
  });

  it('takes or refuses whole connections, in any pieces', () => {
    for (const piece of [1, 5, 65_536]) {
      const told = answers(vectors.connections.map((vector) => ['frames', 1, 1, piece, bytes(vector.hex)]));
      expect(told.map((answer) => refusal(answer)?.name)).toEqual(
        vectors.connections.map(({ error }) => error),
      );
      const counted = vectors.connections.map(({ frames }, at) =>
        frames === undefined ? undefined : (told[at]?.split(';').length ?? 0) - 1,
      );
      expect(counted).toEqual(vectors.connections.map(({ frames }) => frames));
    }
  });

  it('hashes and signs the handshake and the calls', () => {
    const hand = vectors.handshake;
    const [seed, transcript] = [bytes(hand.seed), bytes(hand.transcript)];
    const [broker, proof] = [bytes(hand.broker_public_key), bytes(hand.broker_signature)];
    const damaged = Buffer.from(proof);
    damaged[0] = (damaged[0] ?? 0) ^ 1;
    expect(
      answers([
        ['transcript', hand.hello_client, hand.hello_server],
        ['key', seed],
        ['key', bytes(hand.broker_seed)],
        ['auth', seed, transcript],
        ['welcome', broker, transcript, proof],
        ['welcome', broker, transcript, damaged],
        ['welcome', bytes(hand.public_key), transcript, proof],
        ['welcome', Buffer.alloc(32), transcript, Buffer.alloc(64)],
      ]),
    ).toEqual([
      hand.transcript,
      `${hand.public_key} ${hand.kid}`,
      `${hand.broker_public_key} ${hand.sid}`,
      hand.auth_signature,
      'true',
      'false',
      'false',
      'false',
    ]);
    const signed = answers(
      vectors.calls.map((call) => [
        'call',
        seed,
        bytes(call.transcript),
        call.stream,
        call.counter,
        call.json,
      ]),
    );
    expect(signed.map((signature, at) => signature === vectors.calls[at]?.signature)).toEqual(
      vectors.calls.map(({ valid }) => valid),
    );
  });

  it('reads tokens, and refuses the others without a part of them', () => {
    expect(answers(vectors.tokens.map(({ text }) => ['token', text]))).toEqual(
      vectors.tokens.map(({ kind, seed, sid }) => `ok ${KINDS[kind]} ${seed} ${sid}`),
    );
    const no = answers(vectors.tokens_refused.map(({ text }) => ['token', text])).map(refusal);
    expect(no.map((why) => why?.name)).toEqual(vectors.tokens_refused.map(() => 'token_malformed'));
    const told = vectors.tokens_refused.filter(
      ({ text }, at) => text.length > 12 && no[at]?.message.includes(text.slice(4, 12)),
    );
    expect(told).toEqual([]);
  });

  it('reads JSON as it is meant, and refuses what two readers could read differently', () => {
    const told = answers(vectors.json_accepted.map((vector) => ['json', bytes(vector.hex)]));
    expect(told.map((answer): unknown => JSON.parse(answer.replace(/^ok /, '')))).toEqual(
      vectors.json_accepted.map(({ value }) => value),
    );
    const no = answers(vectors.json_refused.map((vector) => ['json', bytes(vector.hex)]));
    expect(no.map((answer) => refusal(answer)?.name)).toEqual(
      vectors.json_refused.map(() => 'protocol_error'),
    );
  });

  it('counts credit that is given and spent', () => {
    const given = answers(vectors.credit_given.map(({ payloads }) => ['credit', ...payloads.map(bytes)]));
    expect(given.map((answer) => refusal(answer)?.name ?? Number(answer.slice(3)))).toEqual(
      vectors.credit_given.map(({ error, credit }) => error ?? credit),
    );
    const spent = answers(vectors.credit_spent.map(({ sizes }) => ['spent', ...sizes]));
    expect(spent.map((answer) => refusal(answer)?.name)).toEqual(
      vectors.credit_spent.map(({ error }) => error),
    );
  });

  it('is given keys in their one spelling only', () => {
    const text = Buffer.alloc(32, 0xff).toString('base64url');
    const told = answers(
      [text, `${text}=`, `${text.slice(0, -1)}9`, text.slice(1), ''].map((word) => ['base64', 32, word]),
    );
    expect(told.map((answer) => answer.slice(0, 2))).toEqual(['ok', 'no', 'no', 'no', 'no']);
    expect(told[0]).toBe(`ok ${'ff'.repeat(32)}`);
  });
});
