// The text form of a token and what is derived from it. Pure. SPEC.md §Token.
//
//   trt_ ‖ 58 base62 digits of the body ‖ 6 base62 digits of CRC-32 over all before
//   body (43 bytes): kind u8 ‖ 32-byte Ed25519 seed ‖ 10-byte sid
//
// A token in this form is *unverified*: the checksum only says that nobody mistyped it.

import { TurretError } from '../errors.js';
import { crc32 } from './crc32.js';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const BODY_BYTES = 43;
const BODY_DIGITS = 58;
const CHECK_DIGITS = 6;
export const SEED_BYTES = 32;

export const TOKEN_KINDS = { session: 0x01, child: 0x02, repeater: 0x03, admin: 0x04 } as const;
export type TokenKind = keyof typeof TOKEN_KINDS;
const PREFIXES: Record<TokenKind, string> = {
  session: 'trt_',
  child: 'trt_',
  repeater: 'trr_',
  admin: 'tra_',
};

export interface Token {
  kind: TokenKind;
  /** The private half. Only the holder of the token ever has it. */
  seed: Uint8Array;
  /** First ten bytes of SHA-256 of the broker's public key: finds the broker, and pins it. */
  sid: Uint8Array;
}

/** 68 characters, `\btr[tra]_[0-9A-Za-z]{64}\b`. */
export function formatToken(token: Token): string {
  const body = Buffer.alloc(BODY_BYTES);
  body[0] = TOKEN_KINDS[token.kind];
  body.set(token.seed, 1);
  body.set(token.sid, 1 + SEED_BYTES);
  const text = PREFIXES[token.kind] + toBase62(BigInt(`0x${body.toString('hex')}`), BODY_DIGITS);
  return text + toBase62(BigInt(crc32(Buffer.from(text, 'ascii'))), CHECK_DIGITS);
}

/** Throws TurretError token_malformed; the message never holds a part of the text. */
export function parseToken(text: string): Token {
  if (!/^tr[tra]_[0-9A-Za-z]{64}$/.test(text)) throw malformed('it has the wrong form');
  const checked = text.slice(0, -CHECK_DIGITS);
  if (toBase62(BigInt(crc32(Buffer.from(checked, 'ascii'))), CHECK_DIGITS) !== text.slice(-CHECK_DIGITS)) {
    throw malformed('its checksum does not match');
  }
  const number = fromBase62(checked.slice(4));
  if (number >> BigInt(8 * BODY_BYTES) !== 0n) throw malformed('it is out of range');
  const body = Buffer.from(number.toString(16).padStart(2 * BODY_BYTES, '0'), 'hex');
  const kind = (Object.keys(TOKEN_KINDS) as TokenKind[]).find((name) => TOKEN_KINDS[name] === body[0]);
  if (kind === undefined) throw malformed('it is of an unknown kind');
  if (PREFIXES[kind] !== text.slice(0, 4)) throw malformed('its prefix does not fit its kind');
  return { kind, seed: body.subarray(1, 1 + SEED_BYTES), sid: body.subarray(1 + SEED_BYTES) };
}

function toBase62(value: bigint, digits: number): string {
  let rest = value;
  let text = '';
  for (let digit = 0; digit < digits; digit += 1) {
    text = ALPHABET.charAt(Number(rest % 62n)) + text;
    rest /= 62n;
  }
  return text;
}

function fromBase62(text: string): bigint {
  let value = 0n;
  for (const digit of text) value = value * 62n + BigInt(ALPHABET.indexOf(digit));
  return value;
}

function malformed(why: string): TurretError {
  return new TurretError('token_malformed', `the token cannot be read: ${why}`, {
    hints: ['a token is 68 characters, starts with trt_ and lives as long as its `turret run`'],
  });
}
