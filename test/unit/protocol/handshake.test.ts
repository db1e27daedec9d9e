import nacl from 'tweetnacl';
import { describe, expect, it } from 'vitest';
import { sign, signingKey, verify } from '../../../src/crypto/ed25519.js';
import { kidOf, sidOf } from '../../../src/token/identity.js';
import {
  authMessage,
  brokerMessage,
  callMessage,
  encodeSignedCall,
  fromBase64url,
  splitSignedCall,
  toBase64url,
  transcript,
} from '../../../src/wire/handshake.js';
import { bytes, codeOf, vectors } from './vectors.js';

const { handshake } = vectors;
const T = bytes(handshake.transcript);

describe('the handshake of the vectors', () => {
  it('is the published one, byte for byte', () => {
    // Written down before there was any code: whatever makes the file, these do not move.
    expect(handshake.transcript).toBe('47d54c004095b9121ff4223c5ef4216a30244f17080538d50f966392d336f8e7');
    expect(handshake.auth_signature).toBe(
      '5f6fd9ad57050fc8519ec3979edcf24105f9296d5d4dcd8b386553f5f192dcbe2bc5d354eda1b2a2d09d6c18bb2a39a437bbae5f5d99328f65975a75f9945a04',
    );
    expect(handshake.broker_signature).toBe(
      '122c32acdc96e33d0f1fdbaa06883d047a1cc09380a818af2d57e04eaf2cf7201d2d1dd2ef1a01453c8b2142d32fe9d475273a8b5ac126c69e263c6c93cdbf06',
    );
    expect(handshake.call_payload.slice(0, 144)).toBe(
      '00000000000000019298835c3a509beb95e484b619c5145cde749e65fb3bd65dce0342a052d58494ac84398e3e0faa3afcaf7ecf286a16f9a01e5064fc13635370518a0b0ddd530c',
    );
  });

  it('hashes both HELLO payloads exactly as sent', () => {
    const [client, server] = [Buffer.from(handshake.hello_client), Buffer.from(handshake.hello_server)];
    expect(transcript(client, server).toString('hex')).toBe(handshake.transcript);
    expect(transcript(Buffer.from(`${handshake.hello_client} `), server).equals(T)).toBe(false);
    // The lengths are hashed, too: a byte cannot move from one HELLO to the other.
    expect(transcript(Buffer.concat([client, server.subarray(0, 1)]), server.subarray(1)).equals(T)).toBe(
      false,
    );
  });

  it('derives keys and ids from the seeds', () => {
    expect(signingKey(bytes(handshake.seed)).publicKey.toString('hex')).toBe(handshake.public_key);
    expect(signingKey(bytes(handshake.broker_seed)).publicKey.toString('hex')).toBe(
      handshake.broker_public_key,
    );
    expect(kidOf(bytes(handshake.public_key)).toString('hex')).toBe(handshake.kid);
    expect(sidOf(bytes(handshake.broker_public_key)).toString('hex')).toBe(handshake.sid);
  });

  it('proves both sides, and neither signature is good for the other purpose', () => {
    const [token, broker] = [bytes(handshake.public_key), bytes(handshake.broker_public_key)];
    const [auth, proof] = [bytes(handshake.auth_signature), bytes(handshake.broker_signature)];
    expect(sign(bytes(handshake.seed), authMessage(T)).equals(auth)).toBe(true);
    expect(verify(token, authMessage(T), auth)).toBe(true);
    expect(verify(broker, brokerMessage(T), proof)).toBe(true);
    expect(verify(token, brokerMessage(T), auth)).toBe(false);
    expect(verify(broker, authMessage(T), proof)).toBe(false);
  });
});

describe('signed calls', () => {
  it.each(vectors.calls)('$name: valid is $valid', (call) => {
    const message = callMessage(
      bytes(call.transcript),
      call.stream,
      BigInt(call.counter),
      Buffer.from(call.json),
    );
    expect(verify(bytes(handshake.public_key), message, bytes(call.signature))).toBe(call.valid);
  });

  it('are taken apart as they were put together', () => {
    const { counter, signature, json } = splitSignedCall(bytes(handshake.call_payload));
    expect([counter, Buffer.from(json).toString()]).toEqual([1n, vectors.calls[0]?.json]);
    expect(encodeSignedCall(counter, signature, json).toString('hex')).toBe(handshake.call_payload);
    expect(codeOf(() => splitSignedCall(Buffer.alloc(71)))).toBe('protocol_error');
    expect(splitSignedCall(Buffer.alloc(72)).json).toHaveLength(0);
  });

  it('have the signatures that an independent Ed25519 makes', () => {
    for (let round = 0; round < 20; round += 1) {
      const seed = Buffer.alloc(32, round);
      const message = callMessage(T, 2 * round + 1, BigInt(round), Buffer.from(`{"round":${round}}`));
      const oracle = nacl.sign.keyPair.fromSeed(seed);
      expect(signingKey(seed).publicKey.equals(oracle.publicKey)).toBe(true);
      expect(sign(seed, message).equals(nacl.sign.detached(message, oracle.secretKey))).toBe(true);
    }
  });
});

describe('bytes in JSON', () => {
  it('have one spelling only', () => {
    expect(fromBase64url('nonce', toBase64url(Buffer.alloc(32, 7)), 32)).toEqual(Buffer.alloc(32, 7));
    const kid = toBase64url(bytes(handshake.kid));
    const others = [`${kid}==`, `${kid} `, kid.replace(/.$/, 'R'), kid.slice(1), '', undefined, 7];
    const codes = others.map((other) => codeOf(() => fromBase64url('kid', other, 10)));
    expect(codes).toEqual(others.map(() => 'protocol_error'));
  });
});
