// What both sides hash and sign to prove who they are. SPEC.md §Handshake.
//
//   T = SHA-256( preface ‖ u32 len(hello_c) ‖ hello_c ‖ u32 len(hello_s) ‖ hello_s )   payload bytes exactly as sent
//   AUTH    Ed25519(token key,  "turret-auth-v1\0"   ‖ T)
//   WELCOME Ed25519(broker key, "turret-broker-v1\0" ‖ T)
//   CALL    Ed25519(token key,  "turret-call-v1\0"   ‖ T ‖ u32 stream ‖ u64 counter ‖ SHA-256(json))
//
// Both nonces are in T, so nothing signed on one connection is worth anything on another.

import { sha256 } from '../crypto/hash.js';
import { TurretError } from '../errors.js';
import { PREFACE } from '../protocol/frames.js';
import type { Json } from '../protocol/messages.js';

export const NONCE_BYTES = 32;
export const SIGNATURE_BYTES = 64;
const CALL_HEAD_BYTES = 8 + SIGNATURE_BYTES;

/** T, 32 bytes, of the payloads of both HELLOs. */
export function transcript(helloClient: Uint8Array, helloServer: Uint8Array): Buffer {
  return sha256(PREFACE, u32(helloClient.length), helloClient, u32(helloServer.length), helloServer);
}

/** What the key of a token signs in AUTH; `hash` is T, here and below. */
export function authMessage(hash: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from('turret-auth-v1\0'), hash]);
}

/** What the key that a token pins signs in WELCOME. */
export function brokerMessage(hash: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from('turret-broker-v1\0'), hash]);
}

/** What the key of a token signs of one CALL; `json` is its text as sent. */
export function callMessage(hash: Uint8Array, stream: number, counter: bigint, json: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from('turret-call-v1\0'), hash, u32(stream), u64(counter), sha256(json)]);
}

/** Payload of a signed CALL: u64 counter ‖ 64-byte signature ‖ JSON. */
export function encodeSignedCall(counter: bigint, signature: Uint8Array, json: Uint8Array): Buffer {
  return Buffer.concat([u64(counter), signature, json]);
}

/** Takes it apart again; nothing is verified yet. Throws TurretError protocol_error when it is too short. */
export function splitSignedCall(payload: Uint8Array): {
  counter: bigint;
  signature: Uint8Array;
  json: Uint8Array;
} {
  if (payload.length < CALL_HEAD_BYTES)
    throw new TurretError('protocol_error', 'a signed call is longer than that');
  return {
    counter: Buffer.from(payload.buffer, payload.byteOffset, 8).readBigUInt64BE(),
    signature: payload.subarray(8, CALL_HEAD_BYTES),
    json: payload.subarray(CALL_HEAD_BYTES),
  };
}

export function toBase64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}

/** Exactly `length` bytes from canonical base64url. Throws TurretError protocol_error. */
export function fromBase64url(name: string, value: Json | undefined, length: number): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'base64url') : Buffer.alloc(0);
  if (bytes.length !== length || bytes.toString('base64url') !== value) {
    throw new TurretError('protocol_error', `${name} is not ${length} bytes in base64url`);
  }
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}
