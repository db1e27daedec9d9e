import { randomBytes } from 'node:crypto';

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { TurretError } from '../../../src/errors.js';
import { decodeVault, encodeVault, type VaultDocument } from '../../../src/vault/document.js';
import { keyText, openSlot, type Opener, parseKeyText } from '../../../src/vault/slot.js';
import { newVaultId, Vault } from '../../../src/vault/vault.js';
import { CHANGED, makeVault, PASSPHRASE, slotOf } from './vaults.js';

const VALUES = { one: 'canary-one-0001', two: 'canary-two-0002', three: 'canary-three-0003' };

async function open(document: VaultDocument, opener: Opener = PASSPHRASE): Promise<Vault | undefined> {
  const [slot] = document.slots;
  const opened = slot && (await openSlot(slot, document.id, opener));
  return opened && Vault.open(document, opened.vaultKey);
}
const again = (document: VaultDocument): VaultDocument => decodeVault(encodeVault(document));

/** The code and message of what is thrown, or what came out. */
async function outcome(
  work: () => Promise<unknown>,
): Promise<{ code: string; message: string } | { value: unknown }> {
  try {
    return { value: await work() };
  } catch (error) {
    if (!(error instanceof TurretError)) throw error;
    return { code: error.code, message: error.message };
  }
}

describe('a vault', () => {
  test('gives back what was put in, and nothing of it can be read in the file', async () => {
    const written = (await makeVault(VALUES)).seal();
    const text = encodeVault(written).toString('latin1');
    for (const value of Object.values(VALUES)) {
      expect(text).not.toContain(value);
      expect(text).not.toContain(Buffer.from(value).toString('base64url').slice(2, -2));
    }
    const opened = await open(again(written));
    for (const [name, value] of Object.entries(VALUES)) expect(opened?.get(name)).toBe(value);
    expect(opened?.get('four')).toBeUndefined();
  });
  test('keeps any text whatever as it is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 300 }), async (value) => {
        fc.pre(value.isWellFormed());
        const opened = await open(again((await makeVault({ it: value })).seal()));
        expect(opened?.get('it')).toBe(value);
      }),
      { numRuns: 30 },
    );
  });
  test('opens with every slot and with nothing else', async () => {
    const key = randomBytes(32);
    const vault = await makeVault(VALUES);
    vault.addSlot(await vault.prepareSlot(slotOf({ key }, 'key-file')));
    const document = again(vault.seal());
    const tries = async (opener: Opener) =>
      Promise.all(
        document.slots.map(async (slot) => (await openSlot(slot, document.id, opener)) !== undefined),
      );
    expect(await tries(PASSPHRASE)).toEqual([true, false]);
    expect(await tries({ key: parseKeyText(keyText(key), 'it') })).toEqual([false, true]);
    expect(await tries({ passphrase: 'correct horse ' })).toEqual([false, false]);
    expect(await tries({ key: randomBytes(32) })).toEqual([false, false]);
  });
  test('takes a passphrase in whatever composition its accents are typed', async () => {
    const vault = await Vault.create(newVaultId(), slotOf({ passphrase: 'pässw\u00f6rt' }));
    expect(await open(vault.seal(), { passphrase: 'pa\u0308sswo\u0308rt' })).toBeDefined();
  });
  test('is not opened by the key of a slot it lost, and never loses the last one', async () => {
    const key = randomBytes(32);
    const vault = await makeVault(VALUES);
    expect(() => vault.removeSlot(1)).toThrow('the only way');
    vault.addSlot(await vault.prepareSlot(slotOf({ key }, 'key-file')));
    vault.removeSlot(1);
    const document = again(vault.seal());
    expect(document.slots.map(({ id }) => id)).toEqual([2]);
    expect(await open(document)).toBeUndefined();
    expect((await open(document, { key }))?.get('one')).toBe(VALUES.one);
  });
  test('a new key leaves values, names and slots, and the old key opens nothing', async () => {
    const vault = await makeVault(VALUES);
    const before = again(vault.seal());
    const [slot] = before.slots;
    const opened = slot && (await openSlot(slot, before.id, PASSPHRASE));
    if (opened === undefined) throw new Error('it does not open');
    vault.rotate(new Map([[1, opened.slotKey]]));
    const after = again(vault.seal());
    expect((await open(after))?.get('three')).toBe(VALUES.three);
    expect(() => Vault.open(after, opened.vaultKey)).toThrow('cannot be opened');
    expect(() => vault.rotate(new Map())).toThrow('slot 1');
  });
  test.each(['', '.x', '__proto__', 'a b', 'a/b', 'x'.repeat(129), 'ü'])(
    'does not take %j as a name',
    async (name) => {
      const vault = await makeVault();
      expect(() => vault.set(name, 'value', { changed: CHANGED })).toThrow('name of a secret');
    },
  );
  test('does not take an empty value, nor one that is too long', async () => {
    const vault = await makeVault();
    expect(() => vault.set('a', '', { changed: CHANGED })).toThrow('empty');
    expect(() => vault.set('a', 'x'.repeat(65_537), { changed: CHANGED })).toThrow('longer than 65536');
    vault.set('a', 'x'.repeat(65_536), { changed: CHANGED });
    expect((await open(again(vault.seal())))?.get('a')).toHaveLength(65_536);
  });
});

describe('damage', () => {
  test('of any byte, a cut, or bytes added anywhere is told as damage, never as a wrong passphrase, and never opens', async () => {
    const bytes = encodeVault((await makeVault(VALUES)).seal());
    const place = fc.nat(bytes.length - 1);
    const damage = fc.oneof(
      fc.record({ at: place, flip: fc.integer({ min: 1, max: 255 }) }).map(({ at, flip }) => {
        const copy = Buffer.from(bytes);
        copy[at] = (copy[at] ?? 0) ^ flip;
        return copy;
      }),
      place.map((at) => bytes.subarray(0, at)),
      fc
        .tuple(place, fc.uint8Array({ minLength: 1, maxLength: 40 }))
        .map(([at, more]) => Buffer.concat([bytes.subarray(0, at), more, bytes.subarray(at)])),
      fc.tuple(place, place).map(([a, b]) => {
        const [from, to] = [Math.min(a, b), Math.max(a, b) + 1];
        return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
      }),
      // A sector of another file.
      place.map((at) => Buffer.concat([bytes.subarray(0, at), Buffer.alloc(bytes.length - at)])),
    );
    await fc.assert(
      fc.asyncProperty(damage, async (changed) => {
        const found = await outcome(async () => open(decodeVault(changed)));
        expect(found).toMatchObject({ code: 'vault_damaged' });
      }),
      { numRuns: 2_000 },
    );
  });

  /** As somebody who can write the file makes it: the checksum fits. */
  async function tampered(
    change: (document: VaultDocument, older: VaultDocument) => void,
  ): Promise<{ code: string; message: string } | { value: unknown }> {
    const first = await makeVault(VALUES);
    const older = first.seal();
    const opened = await open(older);
    opened?.set('one', 'canary-one-of-the-second-write', { changed: CHANGED });
    const document = opened?.seal();
    if (document === undefined) throw new Error('it did not open');
    change(document, older);
    return outcome(() => open(again(document)));
  }
  const item = (document: VaultDocument, name: string) => {
    const found = document.items.get(name);
    if (found === undefined) throw new Error(`no ${name}`);
    return found;
  };

  test('exchanged items are told by name', async () => {
    const found = await tampered((document) => {
      const [one, two] = [item(document, 'one'), item(document, 'two')];
      document.items.set('one', two).set('two', one);
    });
    expect(found).toMatchObject({
      code: 'vault_damaged',
      message: expect.stringMatching(/in the place of "(one|two)" is another secret, "(one|two)"/) as string,
    });
  });
  test('an older box in the place of a newer one is told as that', async () => {
    const found = await tampered((document, older) => {
      const { nonce, box } = item(older, 'one');
      document.items.set('one', { ...item(document, 'one'), nonce, box });
    });
    expect(found).toMatchObject({
      code: 'vault_damaged',
      message: expect.stringContaining(
        '"one" is an older version of itself: of generation 1, not 2',
      ) as string,
    });
  });
  test.each<[string, (document: VaultDocument, older: VaultDocument) => void]>([
    ['an older item with its number', (document, older) => document.items.set('one', item(older, 'one'))],
    ['an item left out', (document) => document.items.delete('three')],
    ['another generation', (document) => (document.generation += 5)],
    ['another date', (document) => (item(document, 'two').changed = '2026-11-24T12:00:00.000Z')],
    [
      'a slot twice',
      (document) => document.slots.push({ ...(document.slots[0] as never as object), id: 2 } as never),
    ],
    ['the MAC of before', (document, older) => (document.mac = older.mac)],
  ])('%s is told as a change without the key', async (_, change) => {
    expect(await tampered(change)).toMatchObject({
      code: 'vault_damaged',
      message: expect.stringContaining('without its key') as string,
    });
  });
  test('no pair of writes of two vaults can be put together to anything that opens', async () => {
    const other = await makeVault({ one: 'canary-of-the-other' });
    const found = await tampered((document) => document.items.set('one', item(other.seal(), 'one')));
    expect(found).toMatchObject({ message: expect.stringContaining('"one" cannot be opened') as string });
  });
  test('an amount of work that would hang us is refused before it is done', async () => {
    const document = (await makeVault()).seal();
    for (const scrypt of [
      { N: 2 ** 24, r: 8, p: 1 },
      { N: 3, r: 8, p: 1 },
      { N: 2 ** 17, r: 8, p: 1_000 },
    ]) {
      const [slot] = document.slots;
      const bad = { ...document, slots: [{ ...slot, scrypt } as never] };
      expect(() => again(bad)).toThrow('impossible amount of work');
    }
  });
});
