// The vault's file, without its keys: JSON that has exactly one spelling. Whoever changes a byte of it, by accident or not,
// makes another text than the one that would be written, or another than its checksum says. Who changes it on purpose can
// make a new checksum, and is found out by the MAC, which needs the key.
//
//   v            1
//   id           16 random bytes, base64url: which vault this is
//   generation   counts writes
//   slots        each the vault's key, sealed for one way to open it
//   items        name → nonce, box, and the generation it was written in; `from` and `changed` are for people
//   mac          HMAC-SHA-256 over all of the above, under a key derived from the vault's key
//   sha256       hex, over all of the above: tells damage from a wrong passphrase before there is a key

import { sha256 } from '../crypto/hash.js';
import { TurretError } from '../errors.js';
import { SCRYPT_BYTES_MAX, VAULT_BYTES_MAX, VAULT_ITEMS_MAX, VAULT_SLOTS_MAX } from '../protocol/limits.js';

export interface ScryptCost {
  /** Work and memory; a power of two. */
  N: number;
  r: number;
  p: number;
}
export const SLOT_KINDS = ['passphrase', 'key-file', 'keychain'] as const;
export interface Slot {
  /** Counts up; the number of a removed one is not used again while a later one is there. */
  id: number;
  kind: (typeof SLOT_KINDS)[number];
  /** ISO 8601. */
  created: string;
  /** Only of a passphrase. */
  scrypt?: ScryptCost;
  /** These three base64url. */
  salt: string;
  nonce: string;
  box: string;
}
export interface Item {
  generation: number;
  /** ISO 8601. */
  changed: string;
  /** Where an import took it from, for people. */
  from?: string;
  /** These two base64url. */
  nonce: string;
  box: string;
}
export interface VaultDocument {
  id: string;
  generation: number;
  slots: Slot[];
  items: Map<string, Item>;
  mac: string;
}

/** What a name of a secret may be. */
export const SECRET_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;
const BASE64URL = /^[A-Za-z0-9_-]+$/;
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const VERSION = 1;

/** What the MAC is over. */
export function macInput({ id, generation, slots, items }: Omit<VaultDocument, 'mac'>): Buffer {
  return Buffer.from(JSON.stringify(body({ id, generation, slots, items })));
}

export function encodeVault(document: VaultDocument): Buffer {
  const signed = { ...body(document), mac: document.mac };
  return Buffer.from(`${JSON.stringify({ ...signed, sha256: checksum(signed) }, null, 1)}\n`);
}

/** Throws TurretError vault_damaged. Nothing is decrypted and the MAC is not checked here: the key is not known yet. */
export function decodeVault(bytes: Uint8Array): VaultDocument {
  if (bytes.length > VAULT_BYTES_MAX) throw damaged('it is too large');
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw damaged(bytes.length === 0 ? 'it is empty' : 'it is not whole, or was never a vault', cause);
  }
  const document = parse(value);
  if (!encodeVault(document).equals(bytes)) throw damaged('it is not as it was written');
  return document;
}

/** `what` never holds a byte of the file. */
export function damaged(what: string, cause?: unknown): TurretError {
  return new TurretError('vault_damaged', `the vault is damaged: ${what}`, {
    cause,
    hints: [
      'nothing was changed; turret secrets restore looks at the version before it and puts that back, or name a backup',
    ],
  });
}

function checksum(signed: object): string {
  return sha256(Buffer.from(JSON.stringify(signed))).toString('hex');
}

// Key by key: the order is part of the one spelling.
function body({ id, generation, slots, items }: Omit<VaultDocument, 'mac'>) {
  const names = [...items.keys()].sort();
  return {
    v: VERSION,
    id,
    generation,
    slots: slots.map(({ id: number, kind, created, scrypt, salt, nonce, box }) => ({
      id: number,
      kind,
      created,
      ...(scrypt === undefined ? {} : { scrypt: { N: scrypt.N, r: scrypt.r, p: scrypt.p } }),
      salt,
      nonce,
      box,
    })),
    items: Object.fromEntries(names.map((name) => [name, itemBody(items.get(name) as Item)])),
  };
}

function itemBody({ generation, changed, from, nonce, box }: Item): Item {
  return { generation, changed, ...(from === undefined ? {} : { from }), nonce, box };
}

type Fields = Record<string, unknown>;

function parse(value: unknown): VaultDocument {
  const { v, id, generation, slots, items, mac } = fields(value);
  if (v !== VERSION) throw damaged('its version is not 1; a newer turret may have written it');
  if (!Array.isArray(slots) || slots.length === 0 || slots.length > VAULT_SLOTS_MAX)
    throw damaged('its slots cannot be read');
  const entries = Object.entries(fields(items));
  if (entries.length > VAULT_ITEMS_MAX) throw damaged('it holds too many secrets');
  return {
    id: bytesText(id, 16),
    generation: counter(generation),
    slots: slots.map(slotOf),
    items: new Map(entries.map(([name, item]) => [nameOf(name), itemOf(item)])),
    mac: bytesText(mac, 32),
  };
}

function slotOf(value: unknown): Slot {
  const { id, kind, created, scrypt, salt, nonce, box } = fields(value);
  const known = SLOT_KINDS.find((name) => name === kind);
  if (known === undefined) throw damaged('a slot is of an unknown kind');
  return {
    id: counter(id),
    kind: known,
    created: date(created),
    ...(known === 'passphrase' ? { scrypt: costOf(scrypt) } : {}),
    salt: bytesText(salt, 32),
    nonce: bytesText(nonce, 24),
    box: bytesText(box, 48),
  };
}

// Whoever wrote the file decides how much work an attempt is: bounded, or it would be a way to hang us.
function costOf(value: unknown): ScryptCost {
  const { N, r, p } = fields(value);
  const cost = { N: counter(N), r: counter(r), p: counter(p) };
  const power = Number.isInteger(Math.log2(cost.N)) && cost.N >= 2;
  if (!power || 128 * cost.N * cost.r > SCRYPT_BYTES_MAX || cost.p > 16)
    throw damaged('a slot asks for an impossible amount of work');
  return cost;
}

function itemOf(value: unknown): Item {
  const { generation, changed, from, nonce, box } = fields(value);
  if (from !== undefined && typeof from !== 'string') throw damaged('an item cannot be read');
  return {
    generation: counter(generation),
    changed: date(changed),
    ...(from === undefined ? {} : { from }),
    nonce: bytesText(nonce, 24),
    box: bytesText(box, undefined),
  };
}

function fields(value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw damaged('a part is missing');
  return value as Fields;
}
function counter(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1)
    throw damaged('a number is none');
  return value;
}
function date(value: unknown): string {
  if (typeof value !== 'string' || !ISO.test(value)) throw damaged('a date is none');
  return value;
}
function nameOf(name: string): string {
  if (!SECRET_NAME.test(name)) throw damaged('a secret has an impossible name');
  return name;
}
function bytesText(value: unknown, length: number | undefined): string {
  if (typeof value !== 'string' || !BASE64URL.test(value)) throw damaged('a part is not base64url');
  if (length !== undefined && Buffer.from(value, 'base64url').length !== length)
    throw damaged('a part is too short or too long');
  return value;
}
