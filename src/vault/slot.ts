// A slot: the vault's key, sealed under a key that one way of opening gives. A passphrase gives it through scrypt; a key
// file and a keychain hold 32 random bytes, which need no stretching.

import { hkdfSync, scrypt } from 'node:crypto';

import { BOX_KEY_BYTES, BOX_NONCE_BYTES, openBox, sealBox } from '../crypto/nacl.js';
import { TurretError } from '../errors.js';
import type { ScryptCost, Slot } from './document.js';

/** About a third of a second and 134 MB on a laptop of 2020. */
export const SCRYPT_COST: ScryptCost = { N: 2 ** 17, r: 8, p: 1 };
const SALT_BYTES = 32;
const KEY_FORM = /^turret-vault-key-v1 (?<key>[A-Za-z0-9_-]{43})\s*$/;

/** What somebody gives to open a slot. */
export type Opener = { passphrase: string } | { key: Buffer };

export interface NewSlot {
  kind: Slot['kind'];
  opener: Opener;
  /** ISO 8601. */
  created: string;
  cost?: ScryptCost;
}

/** A slot that has no number yet. */
export type PreparedSlot = Omit<Slot, 'id'>;

/** `random` gives fresh bytes each time. */
export async function sealSlot(
  vaultKey: Uint8Array,
  vaultId: string,
  { kind, opener, created, cost = SCRYPT_COST }: NewSlot,
  random: (bytes: number) => Buffer,
): Promise<PreparedSlot> {
  const bare = {
    kind,
    created,
    ...('passphrase' in opener ? { scrypt: cost } : {}),
    salt: random(SALT_BYTES).toString('base64url'),
  };
  return sealUnder(await slotKey(bare, vaultId, opener), vaultKey, bare, random(BOX_NONCE_BYTES));
}

/** The same slot around another vault key; `slotKey` is what `openSlot` gave. */
export function resealSlot(
  slot: Slot,
  slotKey: Uint8Array,
  vaultKey: Uint8Array,
  random: (bytes: number) => Buffer,
): Slot {
  return sealUnder(slotKey, vaultKey, slot, random(BOX_NONCE_BYTES));
}

/** The vault's key and the slot's; undefined when the passphrase or key is another one. */
export async function openSlot(
  slot: Slot,
  vaultId: string,
  opener: Opener,
): Promise<{ vaultKey: Buffer; slotKey: Buffer } | undefined> {
  if ('passphrase' in opener !== (slot.kind === 'passphrase')) return undefined;
  const key = await slotKey(slot, vaultId, opener);
  const { nonce, box } = slot;
  const vaultKey = openBox(key, Buffer.from(nonce, 'base64url'), Buffer.from(box, 'base64url'));
  if (vaultKey !== undefined) return { vaultKey, slotKey: key };
  key.fill(0);
  return undefined;
}

/** The text of a key file, or of a keychain's entry. */
export function keyText(key: Uint8Array): string {
  return `turret-vault-key-v1 ${Buffer.from(key).toString('base64url')}\n`;
}

/** Throws TurretError vault_locked when it is something else; `where` says whose text it is. */
export function parseKeyText(text: string, where: string): Buffer {
  const key = Buffer.from(KEY_FORM.exec(text)?.groups?.['key'] ?? '', 'base64url');
  if (key.length === BOX_KEY_BYTES) return key;
  throw new TurretError('vault_locked', `${where} does not hold a vault key`, {
    hints: ['turret secrets slot add key-file FILE makes one'],
  });
}

function sealUnder<Bare extends object>(
  key: Uint8Array,
  vaultKey: Uint8Array,
  bare: Bare,
  nonce: Buffer,
): Bare & Pick<Slot, 'nonce' | 'box'> {
  const box = sealBox(key, nonce, vaultKey);
  return { ...bare, nonce: nonce.toString('base64url'), box: box.toString('base64url') };
}

async function slotKey(
  { kind, salt, scrypt: cost }: Pick<Slot, 'kind' | 'salt' | 'scrypt'>,
  vaultId: string,
  opener: Opener,
): Promise<Buffer> {
  const secret =
    'passphrase' in opener
      ? await stretched(opener.passphrase, Buffer.from(salt, 'base64url'), cost ?? SCRYPT_COST)
      : opener.key;
  const info = `turret vault ${vaultId} slot ${kind}`;
  return Buffer.from(hkdfSync('sha256', secret, Buffer.from(salt, 'base64url'), info, BOX_KEY_BYTES));
}

function stretched(passphrase: string, salt: Buffer, { N, r, p }: ScryptCost): Promise<Buffer> {
  // Twice what it needs: Node counts a little more than 128·N·r.
  const maxmem = 256 * N * r + 1_048_576;
  return new Promise((resolve, reject) => {
    // The same characters typed on another system may come in another composition.
    scrypt(passphrase.normalize('NFC'), salt, BOX_KEY_BYTES, { N, r, p, maxmem }, (error, key) => {
      if (error) reject(error);
      else resolve(key);
    });
  });
}
