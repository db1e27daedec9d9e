// Import copies values; everything it says about them is a name.

import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { importSecrets } from '../../../src/setup/import-secrets.js';
import {
  fromAws,
  fromDotenv,
  fromEnvironment,
  fromGh,
  type SecretSource,
} from '../../../src/setup/secret-sources.js';
import { addSlot, openStore } from '../../../src/vault/manage.js';
import type { UnlockMeans } from '../../../src/vault/unlock.js';
import { type TemporaryHome, temporaryHome } from './temporary-home.js';

let home: TemporaryHome;
beforeEach(() => {
  home = temporaryHome();
});
afterEach(() => home.remove());

const pairs = ({ found }: SecretSource) => Object.fromEntries(found.map(({ name, value }) => [name, value]));

describe('variables', () => {
  test('are taken by name, with what turret.yaml says then', () => {
    const source = fromEnvironment(['DATABASE_URL', 'GH_TOKEN'], {
      DATABASE_URL: 'u',
      GH_TOKEN: 't',
      OTHER: 'o',
    });
    expect(pairs(source)).toEqual({ DATABASE_URL: 'u', GH_TOKEN: 't' });
    expect(source.use).toEqual([
      'secrets: { DATABASE_URL: vault:DATABASE_URL }',
      'gh: { credentials: vault:GH_TOKEN }',
    ]);
  });
  test('that are not set, or empty, are an error and not an empty secret', () => {
    expect(() => fromEnvironment(['A', 'B', 'C'], { A: '1', B: '' })).toThrow(
      'not set in this environment: B, C',
    );
  });
});

describe('a .env file', () => {
  const TEXT = `# a comment
export API_TOKEN="quoted # not a comment"
DATABASE_URL='postgres://me:x@h/db' # a comment
PORT=80
EMPTY_TOKEN=
OP_SECRET=op://Private/My Item/field
PRIVATE_KEY="-----BEGIN
two lines"
`;
  const parsed = (names: string[] = [], all = false) => {
    home.write('p/.env', TEXT);
    return fromDotenv('.env', { names, all, cwd: join(home.path, 'p') });
  };
  test('gives what looks like a secret, and names the rest', () => {
    expect(pairs(parsed())).toEqual({
      API_TOKEN: 'quoted # not a comment',
      DATABASE_URL: 'postgres://me:x@h/db',
      PRIVATE_KEY: '-----BEGIN\ntwo lines',
    });
    expect(parsed().passedOver).toEqual(['PORT']);
  });
  test('gives the named, or all, and nothing for one that is not there', () => {
    expect(pairs(parsed(['PORT']))).toEqual({ PORT: '80' });
    expect(Object.keys(pairs(parsed([], true)))).toContain('PORT');
    expect(() => parsed(['PORT', 'NONE'])).toThrow(/not in .*\.env: NONE/);
  });
  test('keeps an address of a password manager as a reference', () => {
    expect(parsed().referred).toEqual([
      { what: 'OP_SECRET', write: `secrets: { OP_SECRET: "cmd:op read 'op://Private/My Item/field'" }` },
    ]);
  });
});

describe('the aws CLI', () => {
  const env = () => ({ HOME: home.path });
  test("gives a profile's lasting keys in the form of credential_process", () => {
    home.write(
      '.aws/credentials',
      '[default]\naws_access_key_id = AKIA1\naws_secret_access_key=s/1\n[ops]\naws_access_key_id=AKIA2\naws_secret_access_key=s2\n',
    );
    expect(JSON.parse(fromAws('ops', env()).found[0]?.value ?? '')).toEqual({
      Version: 1,
      AccessKeyId: 'AKIA2',
      SecretAccessKey: 's2',
    });
    const source = fromAws('default', env());
    expect(source.found.map(({ name }) => name)).toEqual(['aws-default']);
    expect(source.use).toEqual(['aws: { credentials: vault:aws-default }']);
  });
  test('gives those of the config file, for a profile of any name', () => {
    home.write('.aws/config', '[profile a/b c]\naws_access_key_id = AKIA3\naws_secret_access_key = s3\n');
    expect(pairs(fromAws('a/b c', env()))).toEqual({
      'aws-a-b-c': expect.stringContaining('"s3"') as string,
    });
  });
  test.each([
    'sso_session = corp',
    'role_arn = x\nsource_profile = default',
    'credential_process = x',
    'aws_access_key_id = ASIA1\naws_secret_access_key = s\naws_session_token = t',
  ])('leaves a profile with %j where it is', (settings) => {
    home.write('.aws/config', `[profile dev]\n${settings}\n`);
    const source = fromAws('dev', env());
    expect(source.found).toEqual([]);
    expect(source.referred[0]?.write).toBe('credentials: profile:dev');
  });
  test('of the environment needs both keys, and no session token', () => {
    const keys = { AWS_ACCESS_KEY_ID: 'AKIA4', AWS_SECRET_ACCESS_KEY: 's4' };
    expect(fromAws(undefined, keys).found.map(({ name }) => name)).toEqual(['aws-env']);
    expect(fromAws(undefined, { ...keys, AWS_SESSION_TOKEN: 't' }).found).toEqual([]);
    expect(() => fromAws(undefined, { AWS_ACCESS_KEY_ID: 'AKIA4' })).toThrow('not both set');
    expect(() => fromAws('none', env())).toThrow('no profile "none"');
  });
});

describe('gh', () => {
  const env = () => ({ HOME: home.path });
  test("gives the host's token of the user who is active", () => {
    home.write(
      '.config/gh/hosts.yml',
      'ghe.example.com:\n    oauth_token: other\ngithub.com:\n    users:\n        me:\n            oauth_token: mine\n        you:\n            oauth_token: yours\n    user: you\n    oauth_token: yours\n',
    );
    expect(pairs(fromGh('github.com', env()))).toEqual({ 'gh-github.com': 'yours' });
    expect(pairs(fromGh('GHE.example.com', env()))).toEqual({ 'gh-ghe.example.com': 'other' });
    expect(() => fromGh('gitlab.com', env())).toThrow('not logged in');
  });
  test('with the token in the keyring is left as it is', () => {
    home.write('.config/gh/hosts.yml', 'github.com:\n    user: me\n');
    expect(fromGh('github.com', env())).toMatchObject({
      found: [],
      referred: [{ write: 'gh: { credentials: auto }' }],
    });
  });
});

describe('an import', () => {
  const CANARY = 'canary-import-0001';
  const places = () => ({
    file: home.write('v/x', '').replace(/x$/, 'vault.json'),
    state: join(home.path, 's'),
  });
  async function world() {
    const where = places();
    const keyFile = join(home.path, 'ci.key');
    const means: UnlockMeans = {
      env: { HOME: home.path, API_TOKEN: CANARY, COPY: CANARY },
      keyFile,
      ask: undefined,
      keychain: () => ({ problem: 'none' }),
      tell: () => {},
    };
    await addSlot(where, { ...means, keyFile: undefined }, { kind: 'key-file', file: keyFile });
    const run = (source: SecretSource, replace = false) =>
      importSecrets(source, { places: where, means, replace, cwd: home.path });
    const value = async (name: string) => (await openStore(where, means)).vault.get(name);
    return { run, value };
  }
  test('says what lies around after it: files of any kind, and variables with the same value', async () => {
    const { run, value } = await world();
    const file = home.write('.env', `API_TOKEN=${CANARY}\n`);
    const result = await run(fromDotenv('.env', { names: [], all: false, cwd: home.path }));
    expect(result).toMatchObject({ imported: ['API_TOKEN'], variables: ['API_TOKEN', 'COPY'] });
    expect(result.exposed.map(({ path }) => path)).toEqual([file]);
    expect(JSON.stringify(result)).not.toContain(CANARY);
    expect(await value('API_TOKEN')).toBe(CANARY);
  });
  test('imports all or nothing where a name is taken by another value', async () => {
    const { run, value } = await world();
    await run(fromEnvironment(['A'], { A: 'first-value' }));
    expect(await run(fromEnvironment(['A'], { A: 'first-value' }))).toMatchObject({
      imported: [],
      unchanged: ['A'],
    });
    const both = fromEnvironment(['B', 'A'], { A: 'second-value', B: 'b-value-1' });
    await expect(run(both)).rejects.toThrow('another A already; nothing was imported');
    expect(await value('B')).toBeUndefined();
    expect(await run(both, true)).toMatchObject({ imported: ['B', 'A'] });
    expect(await value('A')).toBe('second-value');
  });
});
