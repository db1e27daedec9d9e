// The vault on a real disk: writers that are killed, a disk that is full, two at once, and older files put back.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';

import { buildSync } from 'esbuild';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { vaultFile } from '../../../src/vault/places.js';
import { changeVault, openVault, readVault, restoreVault } from '../../../src/vault/vault-file.js';
import { CHANGED, keyOf, storedVault, type TemporaryVault, temporaryPlaces } from './vaults.js';

let places: TemporaryVault;
beforeEach(() => {
  places = temporaryPlaces();
});
afterEach(() => places.remove());

function put(key: Buffer, name: string, value: string, before: 'kept' | 'removed' = 'kept'): void {
  changeVault(places, { key, generation: 1, before }, (vault) =>
    vault.set(name, value, { changed: CHANGED }),
  );
}
function read(key: Buffer, name: string, file = places.file): string | undefined {
  const document = readVault(file);
  if (document === undefined) throw new Error('there is no vault');
  return openVault({ ...places, file }, document, key).get(name);
}
const besides = (): string[] =>
  readdirSync(dirname(places.file)).filter((name) => name !== basename(places.file));

test('its place is the data directory of XDG, or that below HOME', () => {
  expect(vaultFile({ XDG_DATA_HOME: '/d', HOME: '/h' })).toBe('/d/turret/vault.json');
  expect(vaultFile({ XDG_DATA_HOME: 'd', HOME: '/h' })).toBe('/h/.local/share/turret/vault.json');
  expect(vaultFile({})).toBeUndefined();
});

describe('the file', () => {
  test('is readable by its owner only, and so is the directory made for it', async () => {
    await storedVault(places);
    expect(statSync(places.file).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(places.file)).mode & 0o777).toBe(0o700);
  });
  test.each([0o640, 0o604, 0o620])('of mode %o is refused: others may have read it', async (mode) => {
    await storedVault(places);
    chmodSync(places.file, mode);
    expect(() => readVault(places.file)).toThrow('others can read the vault');
  });
  test('is not looked for behind a link', async () => {
    await storedVault(places);
    const link = join(places.state, 'link.json');
    symlinkSync(places.file, link);
    expect(() => readVault(link)).toThrow('ELOOP');
  });
  test('keeps the write before it, until somebody wants something gone', async () => {
    const key = await storedVault(places, { a: 'first-value' });
    put(key, 'a', 'second-value');
    expect(read(key, 'a')).toBe('second-value');
    expect(besides()).toEqual(['vault.json.bak']);
    const backup = readVault(`${places.file}.bak`);
    expect(backup?.generation).toBe(1);
    put(key, 'a', 'third-value', 'removed');
    expect(besides()).toEqual([]);
  });
  test('is not written when the change fails', async () => {
    const key = await storedVault(places, { a: 'first-value' });
    const before = readFileSync(places.file);
    expect(() => put(key, 'not a name', 'x')).toThrow('name of a secret');
    expect(readFileSync(places.file)).toEqual(before);
    expect(besides()).toEqual([]);
  });
});

describe('an older file', () => {
  test('in the place of a newer one is told as that, and can be restored on purpose', async () => {
    const key = await storedVault(places, { a: 'first-value' });
    const old = join(places.state, 'old.json');
    copyFileSync(places.file, old);
    put(key, 'a', 'second-value');
    copyFileSync(old, places.file);
    expect(() => read(key, 'a')).toThrow('this is an older vault: its generation is 1, and generation 2 was');
    expect(() => put(key, 'b', 'x-value')).toThrow('this is an older vault');
    const document = readVault(old);
    if (document === undefined) throw new Error('there is no copy');
    const vault = openVault({ ...places, state: join(places.state, 'nowhere') }, document, key);
    const aside = restoreVault(places, vault);
    expect(read(key, 'a')).toBe('first-value');
    expect(readVault(places.file)?.generation).toBe(3);
    expect(readVault(aside ?? '')?.generation).toBe(1);
  });
  test('that went on by itself is told too', async () => {
    const key = await storedVault(places, { a: 'first-value' });
    const old = readFileSync(places.file);
    put(key, 'a', 'second-value');
    writeFileSync(places.file, old);
    const elsewhere = { ...places, state: join(places.state, 'of-another-machine') };
    changeVault(elsewhere, { key, generation: 1, before: 'kept' }, (vault) =>
      vault.set('a', 'another-second', { changed: CHANGED }),
    );
    expect(() => read(key, 'a')).toThrow('generation 2 was here already');
  });
  test('is not suspected when the mark is behind, damaged or gone', async () => {
    const key = await storedVault(places, { a: 'first-value' });
    const [mark = ''] = readdirSync(places.state);
    put(key, 'a', 'second-value');
    for (const text of ['', '{"generation":', '{"generation":1,"mac":"x"}']) {
      writeFileSync(join(places.state, mark), text);
      expect(read(key, 'a')).toBe('second-value');
    }
    rmSync(join(places.state, mark));
    expect(read(key, 'a')).toBe('second-value');
    expect(readFileSync(join(places.state, mark), 'utf8')).toContain('"generation":2');
  });
});

describe('writers', { timeout: 30_000 }, () => {
  // Where it finds the package that seals.
  const program = resolve('dist/test/vault-writer.mjs');
  beforeAll(() => {
    buildSync({
      entryPoints: [resolve('test/unit/vault/writer.ts')],
      outfile: program,
      bundle: true,
      platform: 'node',
      format: 'esm',
    });
  });

  /** Writes `name` = value 1, value 2 … What it said, and whether it was killed. */
  async function write(
    name: string,
    key: Buffer,
    { times = 1, fatal = 0 } = {},
  ): Promise<{ said: string; signal: string | null }> {
    const words = [program, places.file, places.state, name, `${times}`, key.toString('hex'), `${fatal}`];
    const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
    const closed = once(child, 'close');
    const said = await text(child.stdout);
    return { said, signal: ((await closed) as [number, string | null])[1] };
  }

  test('two at once both have all of their writes in it', async () => {
    const key = await storedVault(places);
    const both = await Promise.all([write('left', key, { times: 10 }), write('right', key, { times: 10 })]);
    expect(both.map(({ said }) => said.trim().split('\n').length)).toEqual([10, 10]);
    expect([read(key, 'left'), read(key, 'right')]).toEqual(['value 10', 'value 10']);
    expect(readVault(places.file)?.generation).toBe(21);
  });

  test('killed before any one operation on the disk leave a whole vault, and the next one writes on', async () => {
    const key = await storedVault(places, { it: 'value 0', kept: 'from-the-beginning' });
    const left = new Set<string>();
    const found: string[] = [];
    for (let fatal = 1; ; fatal += 1) {
      put(key, 'it', 'value 0');
      const { said, signal } = await write('it', key, { fatal });
      if (signal === null) break;
      for (const name of besides()) left.add(name.replaceAll(/\.[0-9a-f]{12}\./g, '.X.'));
      const value = read(key, 'it') ?? '';
      // What was said to be written is; what was not said is either whole or not at all.
      expect([said, value]).not.toEqual(['1\n', 'value 0']);
      found.push(value);
      expect(read(key, 'kept')).toBe('from-the-beginning');
      expect(readVault(`${places.file}.bak`)).toBeDefined();
    }
    // First always the old one, from some operation on always the new one, and both were seen.
    expect(found).toEqual(found.toSorted());
    expect(new Set(found)).toEqual(new Set(['value 0', 'value 1']));
    expect([...left].sort()).toEqual(['vault.json.X.tmp', 'vault.json.bak', 'vault.json.lock']);
    expect(besides()).toEqual(['vault.json.bak']);
  });

  test('on a full disk leave everything as it was, say so, and what there was can still be read', async () => {
    const key = await storedVault(places, { a: 'first-value', b: 'x'.repeat(8_000) });
    const before = readFileSync(places.file);
    const run = spawnSync(
      'prlimit',
      [
        `--fsize=${before.length - 2_000}`,
        process.execPath,
        program,
        places.file,
        places.state,
        'a',
        '1',
        key.toString('hex'),
      ],
      { encoding: 'utf8', env: { PATH: '/usr/bin:/bin' } },
    );
    expect(run.stdout).toBe('vault_unwritable: the vault cannot be written (EFBIG)\n');
    expect(readFileSync(places.file)).toEqual(before);
    expect(besides()).toEqual([]);
    expect(await keyOf(places)).toEqual(key);
    expect(existsSync(`${places.file}.lock`)).toBe(false);
  });
});
