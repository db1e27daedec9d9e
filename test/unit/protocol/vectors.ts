// test/vectors/protocol.json, typed.

import protocol from '../../vectors/protocol.json' with { type: 'json' };
import type { Json } from '../../../src/protocol/messages.js';
import type { TokenKind } from '../../../src/token/token.js';

export interface FrameVector {
  name: string;
  hex: string;
  type: number;
  flags: number;
  channel: number;
  stream: number;
  payload: string;
}
export interface CallVector {
  name: string;
  stream: number;
  counter: number;
  json: string;
  transcript: string;
  signature: string;
  valid: boolean;
}
interface Vectors {
  window: number;
  handshake: Record<
    | 'seed'
    | 'public_key'
    | 'kid'
    | 'broker_seed'
    | 'broker_public_key'
    | 'sid'
    | 'hello_client'
    | 'hello_server'
    | 'transcript'
    | 'auth_signature'
    | 'broker_signature'
    | 'call_payload',
    string
  >;
  calls: CallVector[];
  delegations: { name: string; json: string; signature: string; valid: boolean }[];
  frames: FrameVector[];
  frames_refused: { name: string; hex: string; error: string; authenticated: boolean }[];
  connections: { name: string; hex: string; frames?: number; error?: string }[];
  tokens: { name: string; text: string; kind: TokenKind; seed: string; sid: string }[];
  tokens_refused: { name: string; text: string }[];
  json_accepted: { name: string; hex: string; value: Json }[];
  json_refused: { name: string; hex: string }[];
  credit_given: { name: string; payloads: string[]; credit?: number; error?: string }[];
  credit_spent: { name: string; sizes: number[]; error?: string }[];
  lines: { name: string; line: string; channel: number; payload: string }[];
  lines_refused: { name: string; line: string }[];
}

export const vectors = protocol as unknown as Vectors;

export function bytes(hex: string): Buffer {
  return Buffer.from(hex, 'hex');
}

/** The code of what it throws; undefined when it does not. */
export function codeOf(act: () => unknown): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}
