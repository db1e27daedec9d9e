import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { TurretError } from '../../../src/errors.js';
import { loadKeychain } from '../../../src/vault/keychain.js';
import { addSlot, openOrNewStore, openStore, removeSlot, rotateKey } from '../../../src/vault/manage.js';
import { restoreFrom } from '../../../src/vault/restore.js';
import type { UnlockMeans } from '../../../src/vault/unlock.js';
import { createVault, readVault } from '../../../src/vault/vault-file.js';
import { CHANGED, makeVault, PASSPHRASE, type TemporaryVault, temporaryPlaces } from './vaults.js';

let places: TemporaryVault;
let keyFile: string;
beforeEach(() => {
  places = temporaryPlaces();
  keyFile = join(places.state, 'ci.key');
});
afterEach(() => places.remove());

/** A person who answers in turn, and a keychain in memory. */
function means(
  answers: string[] | undefined,
  more: Partial<UnlockMeans> = {},
): UnlockMeans & { asked: string[]; told: string[] } {
  const asked: string[] = [];
  const told: string[] = [];
  return {
    env: {},
    asked,
    told,
    ask:
      answers &&
      (async (question) => {
        asked.push(question);
        const answer = answers.shift();
        if (answer === undefined) throw new Error(`nobody answers ${question}`);
        return answer;
      }),
    keychain: () => ({ problem: 'there is none in this test' }),
    tell: (line) => void told.push(line),
    ...more,
  };
}
function memoryKeychain() {
  const entries = new Map<string, string>();
  const keychain: UnlockMeans['keychain'] = () => ({
    keychain: {
      read: (id) => entries.get(id),
      write: (id, text) => void entries.set(id, text),
      remove: (id) => void entries.delete(id),
    },
  });
  return { entries, keychain };
}
const stored = async (values: Record<string, string> = { a: 'first-value' }) =>
  createVault(places, await makeVault(values));
async function failure(work: Promise<unknown>): Promise<{ code: string; message: string; hints: string[] }> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof TurretError)) throw new Error(`not refused: ${String(error)}`);
  return { code: error.code, message: error.message, hints: error.hints };
}
const write =
  (value: string) => (vault: { set(name: string, value: string, at: { changed: string }): void }) =>
    vault.set('a', value, { changed: CHANGED });

describe('a passphrase', () => {
  test('has three tries, and then it is said that it is wrong and that the file is whole', async () => {
    await stored();
    const person = means(['no', 'neither', 'nor this']);
    expect(await failure(openStore(places, person))).toMatchObject({ code: 'vault_passphrase_wrong' });
    expect(person.asked).toHaveLength(3);
    const second = means(['no', PASSPHRASE.passphrase]);
    expect((await openStore(places, second)).vault.get('a')).toBe('first-value');
    expect(second.told).toEqual(['this is not the passphrase of the vault; try again']);
  });
  test('that cannot be asked for leaves the vault locked, with what to do', async () => {
    await stored();
    const error = await failure(openStore(places, means(undefined)));
    expect(error).toMatchObject({
      code: 'vault_locked',
      message: expect.stringContaining('no terminal') as string,
    });
    expect(error.hints.join()).toContain('turret secrets slot add key-file FILE');
    expect(error.hints.join()).toContain('TURRET_VAULT_KEY_FILE=FILE');
  });
  test(
    'is asked for twice when a vault is made, and must be the same and long enough',
    { timeout: 30_000 },
    async () => {
      const error = await failure(openOrNewStore(places, means(['short'])));
      expect(error.message).toContain('at least 8');
      expect(
        (await failure(openOrNewStore(places, means(['long enough', 'long enougj'])))).message,
      ).toContain('different');
      expect(readVault(places.file)).toBeUndefined();
      const store = await openOrNewStore(places, means(['long enough', 'long enough']));
      expect(readVault(places.file)).toBeUndefined();
      store.change('kept', write('kept-value'));
      expect(readVault(places.file)?.slots[0]?.scrypt).toEqual({ N: 131_072, r: 8, p: 1 });
      expect((await openStore(places, means(['long enough']))).vault.get('a')).toBe('kept-value');
    },
  );
  test('is not asked for before a damaged file is looked at', async () => {
    await stored();
    writeFileSync(places.file, readFileSync(places.file).subarray(0, 300));
    const person = means([]);
    expect(await failure(openStore(places, person))).toMatchObject({ code: 'vault_damaged' });
    expect(person.asked).toEqual([]);
  });
});

describe('a key file', () => {
  test('is made private, once, and opens the vault without a question: by option, variable or as a systemd credential', async () => {
    await stored();
    await addSlot(places, means([PASSPHRASE.passphrase]), { kind: 'key-file', file: keyFile });
    expect(statSync(keyFile).mode & 0o777).toBe(0o600);
    const credentials = join(places.state, 'credentials');
    mkdirSync(credentials);
    writeFileSync(join(credentials, 'turret-vault-key'), readFileSync(keyFile), { mode: 0o440 });
    for (const given of [
      { keyFile },
      { env: { TURRET_VAULT_KEY_FILE: keyFile } },
      { env: { CREDENTIALS_DIRECTORY: credentials } },
    ]) {
      const { vault } = await openStore(places, means(undefined, given));
      expect(vault.get('a')).toBe('first-value');
    }
    const again = addSlot(places, means([PASSPHRASE.passphrase]), { kind: 'key-file', file: keyFile });
    expect((await failure(again)).message).toContain('is there already');
  });
  test('makes a vault where there is none', async () => {
    const made = await addSlot(places, means(undefined), { kind: 'key-file', file: keyFile });
    expect(made).toEqual({ id: 1, created: true });
    const store = await openOrNewStore(places, means(undefined, { keyFile }));
    store.change('kept', write('by-the-job'));
    expect((await openStore(places, means(undefined, { keyFile }))).vault.get('a')).toBe('by-the-job');
  });
  test('that is named and cannot be used ends it: nobody is asked instead', async () => {
    await stored();
    await addSlot(places, means([PASSPHRASE.passphrase]), { kind: 'key-file', file: keyFile });
    const other = join(places.state, 'other.key');
    await addSlot({ ...places, file: join(places.state, 'v.json') }, means(undefined), {
      kind: 'key-file',
      file: other,
    });
    const cases: [string, string, string][] = [
      [other, 'vault_locked', 'opens no slot'],
      [join(places.state, 'none'), 'vault_locked', 'ENOENT'],
      [places.file, 'vault_locked', 'does not hold a vault key'],
    ];
    for (const [file, code, message] of cases) {
      const error = await failure(openStore(places, means(['never asked'], { keyFile: file })));
      expect(error).toMatchObject({ code, message: expect.stringContaining(message) as string });
    }
    chmodSync(keyFile, 0o644);
    expect(await failure(openStore(places, means([], { keyFile })))).toMatchObject({ code: 'vault_exposed' });
  });
  test('leaves room for a passphrase where the service has other credentials only', async () => {
    await stored();
    const env = { CREDENTIALS_DIRECTORY: places.state };
    expect((await openStore(places, means([PASSPHRASE.passphrase], { env }))).vault.get('a')).toBe(
      'first-value',
    );
  });
});

describe('a keychain', () => {
  test('opens the vault without a question, and forgets it with its slot', async () => {
    await stored();
    const { entries, keychain } = memoryKeychain();
    await addSlot(places, means([PASSPHRASE.passphrase], { keychain }), { kind: 'keychain' });
    expect((await openStore(places, means([], { keychain }))).vault.get('a')).toBe('first-value');
    expect((await failure(addSlot(places, means([], { keychain }), { kind: 'keychain' }))).message).toContain(
      'already',
    );
    await removeSlot(places, means([], { keychain }), 2);
    expect(entries.size).toBe(0);
  });
  test('that is locked or on another machine leaves the passphrase', async () => {
    await stored();
    const { keychain } = memoryKeychain();
    await addSlot(places, means([PASSPHRASE.passphrase], { keychain }), { kind: 'keychain' });
    const refuse = (): never => {
      throw new Error('AccessDenied');
    };
    for (const other of [
      memoryKeychain().keychain,
      () => ({ keychain: { read: refuse, write: refuse, remove: refuse } }),
    ])
      expect(
        (await openStore(places, means([PASSPHRASE.passphrase], { keychain: other }))).vault.get('a'),
      ).toBe('first-value');
  });
  test('of the system is one that works, or says why it does not; it never throws where it is loaded', () => {
    const loaded = loadKeychain();
    const problem = 'problem' in loaded ? loaded.problem : 'the package @napi-rs/keyring is there';
    expect(problem).toContain('@napi-rs/keyring');
  });
  test('that is not there is said, and no slot is added', async () => {
    await stored();
    const error = await failure(addSlot(places, means([PASSPHRASE.passphrase]), { kind: 'keychain' }));
    expect(error.message).toContain('there is none in this test');
    expect(readVault(places.file)?.slots).toHaveLength(1);
  });
});

describe('rotating the key', () => {
  test('takes along every slot that can be opened, and removes the version before', async () => {
    await stored();
    const { keychain } = memoryKeychain();
    await addSlot(places, means([PASSPHRASE.passphrase], { keychain }), { kind: 'keychain' });
    await addSlot(places, means([], { keychain }), { kind: 'key-file', file: keyFile });
    await rotateKey(places, means([PASSPHRASE.passphrase], { keychain, keyFile }));
    expect(readVault(`${places.file}.bak`)).toBeUndefined();
    for (const one of [
      means([PASSPHRASE.passphrase]),
      means([], { keychain }),
      means(undefined, { keyFile }),
    ])
      expect((await openStore(places, one)).vault.get('a')).toBe('first-value');
  });
  test('changes nothing when a slot cannot be taken along, and says which', async () => {
    await stored();
    await addSlot(places, means([PASSPHRASE.passphrase]), { kind: 'key-file', file: keyFile });
    const before = readFileSync(places.file);
    const error = await failure(rotateKey(places, means([PASSPHRASE.passphrase])));
    expect(error.message).toBe('slot 2 (key-file) cannot be taken along');
    expect(error.hints.join()).toContain('turret secrets slot rm 2');
    expect(await failure(rotateKey(places, means(['wrong one'], { keyFile })))).toMatchObject({
      code: 'vault_locked',
    });
    expect(readFileSync(places.file)).toEqual(before);
  });
  test('in the meantime makes another writer try again, and is not taken for damage', async () => {
    await stored();
    const store = await openStore(places, means([PASSPHRASE.passphrase]));
    await rotateKey(places, means([PASSPHRASE.passphrase]));
    expect(() => store.change('kept', write('too-late'))).toThrow('a new key in the meantime');
  });
});

describe('restoring', () => {
  test('puts the version before in the place of a damaged one, which is kept', async () => {
    await stored();
    const store = await openStore(places, means([PASSPHRASE.passphrase]));
    store.change('kept', write('second-value'));
    const half = readFileSync(places.file).subarray(0, 200);
    writeFileSync(places.file, half);
    const restored = await restoreFrom(places, means([PASSPHRASE.passphrase]));
    expect(restored?.secrets).toEqual(['a']);
    expect(readFileSync(restored?.aside ?? '')).toEqual(half);
    expect((await openStore(places, means([PASSPHRASE.passphrase]))).vault.get('a')).toBe('first-value');
  });
  test('puts nothing there that is not whole, or that cannot be opened', async () => {
    await stored();
    const before = readFileSync(places.file);
    const bad = join(places.state, 'bad.json');
    writeFileSync(bad, before.subarray(1), { mode: 0o600 });
    expect(await failure(restoreFrom(places, means([]), bad))).toMatchObject({ code: 'vault_damaged' });
    expect(await failure(restoreFrom(places, means(['a', 'b', 'c']), places.file))).toMatchObject({
      code: 'vault_passphrase_wrong',
    });
    expect(await restoreFrom(places, means([]), join(dirname(places.file), 'none'))).toBeUndefined();
    expect(readFileSync(places.file)).toEqual(before);
  });
});
