// How the holder of a token hands on a part of its rights: the child makes a key pair of its own, the parent signs what
// that key may do. Pure. SPEC.md §Delegation.
//
//   Ed25519( parent's token key, "turret-delegate-v1\0" ‖ sid ‖ the delegation's JSON, byte for byte )
//
// The text is the agent's. What it says can only take away: it is asked after the policy, of what the policy allowed.

import { isSoundPublicKey } from '../crypto/ed25519.js';
import { TurretError } from '../errors.js';
import { parseJson } from '../protocol/json.js';
import { DELEGATION_BYTES_MAX, GRANTS_MAX, TOKEN_DEPTH_MAX } from '../protocol/limits.js';
import type { Json, JsonObject, ParamScalar } from '../protocol/messages.js';
import { parseInteger, parseObject, parseText } from '../protocol/parse.js';

/** Actions, when every named param is one of its values; `*` in a text stands for any characters. */
export interface Grant {
  allow: string[];
  where: Record<string, ParamScalar[]>;
}
export interface Delegation {
  /** 32 bytes. */
  publicKey: Buffer;
  label: string;
  /** One of them must cover what is asked for. */
  grants: Grant[];
  /** Unix time, milliseconds. */
  notAfterMs: number;
  maxCalls: number | undefined;
  /** 1 for the child of a session's token. */
  depth: number;
}

const KEYS = ['child_pub', 'label', 'grants', 'not_after', 'max_calls', 'depth'];
const LABEL = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

/** What the parent signs. */
export function delegationMessage(sid: Uint8Array, json: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from('turret-delegate-v1\0'), sid, json]);
}

/** Its shape and bounds. Who signed it, and whether that one may, is not looked at. Throws TurretError protocol_error. */
export function parseDelegation(json: Uint8Array): Delegation {
  if (json.length > DELEGATION_BYTES_MAX) throw bad('the delegation is too long');
  const object = parseObject('delegation', parseJson(json));
  // What is not understood could have been meant to narrow.
  refuseOthers('delegation', object, KEYS);
  const text = parseText('child_pub', object['child_pub'], 64);
  const publicKey = Buffer.from(text, 'base64url');
  if (publicKey.toString('base64url') !== text || !isSoundPublicKey(publicKey))
    throw bad('child_pub is not a sound ed25519 key');
  const maxCalls = object['max_calls'];
  return {
    publicKey,
    label: parseLabel(object['label']),
    grants: parseGrants(object['grants']),
    notAfterMs: parseInteger('not_after', object['not_after'], 0, Number.MAX_SAFE_INTEGER),
    maxCalls:
      maxCalls === undefined ? undefined : parseInteger('max_calls', maxCalls, 1, Number.MAX_SAFE_INTEGER),
    depth: parseInteger('depth', object['depth'], 1, TOKEN_DEPTH_MAX),
  };
}

/** Same errors. */
export function parseLabel(value: Json | undefined): string {
  const label = parseText('label', value, 64);
  if (!LABEL.test(label)) throw bad('a label is letters, digits, "_", "." and "-", at most 64');
  return label;
}

/** Same errors. Whether the patterns are any is the policy's to say. */
export function parseGrants(value: Json | undefined): Grant[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > GRANTS_MAX)
    throw bad(`grants are a list of one to ${GRANTS_MAX}`);
  return value.map((item) => {
    const grant = parseObject('grant', item);
    refuseOthers('grant', grant, ['allow', 'where']);
    const allow = grant['allow'];
    if (!Array.isArray(allow) || allow.length === 0) throw bad('a grant allows at least one action');
    const where = Object.entries(parseObject('where', grant['where'] ?? {}));
    return {
      allow: allow.map((pattern) => parseText('allow', pattern, 200)),
      where: Object.fromEntries(where.map(([param, values]) => [param, parseValues(param, values)])),
    };
  });
}

function parseValues(param: string, values: Json): ParamScalar[] {
  const isScalar = (value: Json): value is ParamScalar =>
    ['string', 'number', 'boolean'].includes(typeof value);
  if (!Array.isArray(values) || values.length === 0 || !values.every(isScalar))
    throw bad(`the values of ${JSON.stringify(param)} are not a list of texts, numbers or booleans`);
  return values;
}

function refuseOthers(what: string, object: JsonObject, known: string[]): void {
  const other = Object.keys(object).find((key) => !known.includes(key));
  if (other !== undefined) throw bad(`the ${what} has an unknown key ${JSON.stringify(other)}`);
}

function bad(message: string): TurretError {
  return new TurretError('protocol_error', message);
}
