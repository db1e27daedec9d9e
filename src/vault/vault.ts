// An opened vault: what can be done with it in memory. Reading and writing the file is vault-file.ts.
//
// secretbox knows no associated data, so an item's box holds its name and generation with its value: boxes that were
// exchanged, or put back from an older file, are found out, each for what it is.

import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';

import { BOX_KEY_BYTES, BOX_NONCE_BYTES, openBox, sealBox } from '../crypto/nacl.js';
import { TurretError } from '../errors.js';
import { SECRET_BYTES_MAX, VAULT_ITEMS_MAX, VAULT_SLOTS_MAX } from '../protocol/limits.js';
import { damaged, type Item, macInput, SECRET_NAME, type Slot, type VaultDocument } from './document.js';
import { type NewSlot, type PreparedSlot, resealSlot, sealSlot } from './slot.js';

const ID_BYTES = 16;
/** A box tells how long its value is, up to this. */
const PADDING_BYTES = 128;

interface Plain {
  name: string;
  generation: number;
  value: string;
}

export class Vault {
  readonly id: string;
  /** Of the file it came from; what is written is the next. 0: it was never written. */
  readonly generation: number;
  #key: Buffer;
  #slots: Slot[];
  readonly #items: Map<string, Item>;

  private constructor(key: Buffer, { id, generation, slots, items }: Omit<VaultDocument, 'mac'>) {
    this.id = id;
    this.generation = generation;
    this.#key = Buffer.from(key);
    this.#slots = [...slots];
    this.#items = new Map(items);
  }

  /** An empty one under a new key, with one way to open it. */
  static async create(id: string, slot: NewSlot): Promise<Vault> {
    const key = randomBytes(BOX_KEY_BYTES);
    const sealed = await sealSlot(key, id, slot, randomBytes);
    return new Vault(key, { id, generation: 0, slots: [{ id: 1, ...sealed }], items: new Map() });
  }

  /** Throws TurretError vault_damaged, with what is wrong; then nothing of it is to be believed. */
  static open(document: VaultDocument, key: Buffer): Vault {
    const vault = new Vault(key, document);
    // First the items: of what was changed on purpose they tell more than the MAC does.
    for (const [name, item] of document.items) vault.#openItem(name, item);
    const mac = Buffer.from(document.mac, 'base64url');
    if (!timingSafeEqual(mac, vault.#mac(document)))
      throw damaged('somebody without its key has changed it: parts of it do not belong together');
    return vault;
  }

  get slots(): readonly Slot[] {
    return this.#slots;
  }
  get items(): ReadonlyMap<string, Omit<Item, 'nonce' | 'box'>> {
    return this.#items;
  }
  /** Of the next generation. */
  get #next(): number {
    return this.generation + 1;
  }

  /** The value; undefined when there is no secret of that name. */
  get(name: string): string | undefined {
    const item = this.#items.get(name);
    return item === undefined ? undefined : this.#openItem(name, item).value;
  }

  /** Throws TurretError usage for a name or value that cannot be kept. */
  set(name: string, value: string, { changed, from }: { changed: string; from?: string }): void {
    checkName(name);
    if (value === '' || Buffer.byteLength(value) > SECRET_BYTES_MAX)
      throw usage(value === '' ? 'the value is empty' : `the value is longer than ${SECRET_BYTES_MAX} bytes`);
    if (!this.#items.has(name) && this.#items.size >= VAULT_ITEMS_MAX)
      throw usage(`the vault holds ${VAULT_ITEMS_MAX} secrets and no more`);
    this.#items.set(name, {
      ...this.#sealItem({ name, generation: this.#next, value }),
      changed,
      ...(from === undefined ? {} : { from }),
    });
  }

  /** Whether there was one. */
  remove(name: string): boolean {
    return this.#items.delete(name);
  }

  /** A new way to open it, not yet one of its slots: this takes time, and nobody should hold the lock meanwhile. */
  prepareSlot(slot: NewSlot): Promise<PreparedSlot> {
    return sealSlot(this.#key, this.id, slot, randomBytes);
  }

  /** Adds a prepared one; gives its number. Throws TurretError usage when there are too many. */
  addSlot(slot: PreparedSlot): number {
    if (this.#slots.length >= VAULT_SLOTS_MAX)
      throw usage(`there are ${VAULT_SLOTS_MAX} ways to open it and no more`);
    const id = Math.max(...this.#slots.map((one) => one.id)) + 1;
    this.#slots.push({ id, ...slot });
    return id;
  }

  /** Throws TurretError usage for the last one, and for one that is not there. */
  removeSlot(id: number): Slot {
    const slot = this.#slots.find((one) => one.id === id);
    if (slot === undefined) throw usage(`there is no slot ${id}`, 'turret secrets slot list shows them');
    if (this.#slots.length === 1)
      throw usage('this is the only way to open the vault', 'add another one first: turret secrets slot add');
    this.#slots = this.#slots.filter((one) => one !== slot);
    return slot;
  }

  /** A new key for everything. `slotKeys` are the keys of all slots, by number. Throws TurretError usage without one of them. */
  rotate(slotKeys: ReadonlyMap<number, Uint8Array>): void {
    const key = randomBytes(BOX_KEY_BYTES);
    const slots = this.#slots.map((slot) => {
      const slotKey = slotKeys.get(slot.id);
      if (slotKey === undefined)
        throw usage(`slot ${slot.id} (${slot.kind}) was added in the meantime`, 'try again');
      return resealSlot(slot, slotKey, key, randomBytes);
    });
    const plain = [...this.#items].map(([name, item]) => this.#openItem(name, item));
    this.#key.fill(0);
    this.#key = key;
    this.#slots = slots;
    for (const one of plain)
      this.#items.set(one.name, { ...(this.#items.get(one.name) as Item), ...this.#sealItem(one) });
  }

  /** To be written. */
  seal(generation = this.#next): VaultDocument {
    const document = { id: this.id, generation, slots: this.#slots, items: this.#items };
    return { ...document, mac: this.#mac(document).toString('base64url') };
  }

  /** Forgets the key. Not to be used after. */
  close(): void {
    this.#key.fill(0);
  }

  #sealItem(plain: Plain): Pick<Item, 'generation' | 'nonce' | 'box'> {
    const nonce = randomBytes(BOX_NONCE_BYTES);
    const { name, generation, value } = plain;
    const bytes = Buffer.from(JSON.stringify({ name, generation, value }));
    const padded = Buffer.alloc(Math.ceil(bytes.length / PADDING_BYTES) * PADDING_BYTES, ' ');
    bytes.copy(padded);
    const box = sealBox(this.#subkey('items'), nonce, padded);
    return { generation, nonce: nonce.toString('base64url'), box: box.toString('base64url') };
  }

  #openItem(name: string, { nonce, box, generation }: Item): Plain {
    const bytes = openBox(
      this.#subkey('items'),
      Buffer.from(nonce, 'base64url'),
      Buffer.from(box, 'base64url'),
    );
    if (bytes === undefined) throw damaged(`the secret "${name}" cannot be opened`);
    const plain = JSON.parse(bytes.toString()) as Plain;
    if (plain.name !== name) throw damaged(`in the place of "${name}" is another secret, "${plain.name}"`);
    if (plain.generation !== generation)
      throw damaged(
        `"${name}" is an older version of itself: of generation ${plain.generation}, not ${generation}`,
      );
    return plain;
  }

  #mac(document: Omit<VaultDocument, 'mac'>): Buffer {
    return createHmac('sha256', this.#subkey('mac')).update(macInput(document)).digest();
  }

  #subkey(purpose: 'items' | 'mac'): Buffer {
    return Buffer.from(hkdfSync('sha256', this.#key, this.id, `turret vault ${purpose}`, BOX_KEY_BYTES));
  }
}

export function newVaultId(): string {
  return randomBytes(ID_BYTES).toString('base64url');
}

/** Throws TurretError usage. */
export function checkName(name: string): void {
  // Not shown: somebody may have put the secret where its name belongs.
  if (!SECRET_NAME.test(name))
    throw usage(
      'this cannot be the name of a secret',
      'use letters, digits, dots, dashes and underscores, a letter or digit first; never the secret itself',
    );
}

function usage(message: string, ...hints: string[]): TurretError {
  return new TurretError('usage', message, { hints });
}
