// Credentials are found by name. No value of a secret comes back from any of these functions.

import { chmodSync } from 'node:fs';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { RepeaterConfig } from '../../../src/config/config.js';
import { parseAwsProfiles } from '../../../src/setup/aws-profiles.js';
import { credentialSource } from '../../../src/setup/credential-source.js';
import { exposedFiles } from '../../../src/setup/exposed-files.js';
import { parseGhHosts } from '../../../src/setup/gh-hosts.js';
import { readText } from '../../../src/setup/read-text.js';
import { vaultFile } from '../../../src/vault/places.js';
import { createVault } from '../../../src/vault/vault-file.js';
import { makeVault } from '../vault/vaults.js';
import { type TemporaryHome, temporaryHome } from './temporary-home.js';

const CANARY = 'canary0c4n4ry0c4n4ry';
let home: TemporaryHome;
beforeEach(() => {
  home = temporaryHome();
});
afterEach(() => home.remove());

describe('profiles of the aws CLI', () => {
  const CREDENTIALS = `[default]\naws_access_key_id = ${CANARY}\naws_secret_access_key = ${CANARY}\n[old]\n`;
  const CONFIG = `[profile dev]\nregion = eu-west-1\ns3 =\n  region = nowhere-1\n[sso-session corp]\nsso_region = us-east-1\n[default]\nregion=us-east-2\n[profile "two words"]\nrole_arn = ${CANARY}\n[services x]\n`;

  test('are those of both files, the default first, and nothing else of the sections is one', () => {
    const profiles = parseAwsProfiles({ config: CONFIG, credentials: CREDENTIALS });
    expect(profiles.map(({ name }) => name)).toEqual(['default', 'dev', 'two words', 'old']);
  });
  test('keep names of settings and the region, and no other value', () => {
    const profiles = parseAwsProfiles({ config: CONFIG, credentials: CREDENTIALS });
    expect(profiles[0]).toEqual({
      name: 'default',
      region: 'us-east-2',
      settings: new Set(['region', 'aws_access_key_id', 'aws_secret_access_key']),
    });
    expect(profiles[1]?.region).toBe('eu-west-1');
    const kept = profiles.flatMap(({ name, region = '', settings }) => [name, region, ...settings]);
    expect(kept.join(' ')).not.toContain(CANARY);
  });
  test('do not take a region that is none: it would go into turret.yaml', () => {
    const [profile] = parseAwsProfiles({
      config: '[default]\nregion = us-east-1,credentials:env}\n',
      credentials: '',
    });
    expect(profile?.region).toBeUndefined();
  });
});

describe('hosts of gh', () => {
  test('say whether a token lies in the file', () => {
    const text = `github.com:\n    user: me\n    oauth_token: ${CANARY}\n"GHE.example.com":\n    user: me\n`;
    expect(parseGhHosts(text)).toEqual([
      { host: 'github.com', plain: true },
      { host: 'ghe.example.com', plain: false },
    ]);
  });
  test('are none in a file that is something else', () => {
    expect(parseGhHosts(`  oauth_token: ${CANARY}\n- x\n#github.com:\n`)).toEqual([]);
  });
});

describe('the source of a credential', () => {
  const aws = (credentials?: string): RepeaterConfig => ({
    name: 'aws',
    kind: 'aws',
    ...(credentials === undefined ? {} : { credentials }),
  });
  const gh = (more: Partial<RepeaterConfig> = {}): RepeaterConfig => ({ name: 'gh', kind: 'gh', ...more });
  const keys = { AWS_ACCESS_KEY_ID: CANARY, AWS_SECRET_ACCESS_KEY: CANARY };

  test('auto takes keys of the environment, but a named profile before them', () => {
    expect(credentialSource(aws(), { ...keys, HOME: home.path })).toEqual({
      found: true,
      source: 'environment (AWS_ACCESS_KEY_ID)',
    });
    home.write('.aws/config', '[profile dev]\nsso_session = corp\n');
    expect(credentialSource(aws('auto'), { ...keys, HOME: home.path, AWS_PROFILE: 'dev' })).toEqual({
      found: true,
      source: 'profile dev (SSO)',
    });
  });
  test('a profile that is not there is missing even when the environment has keys', () => {
    expect(credentialSource(aws(), { ...keys, HOME: home.path, AWS_PROFILE: 'gone' })).toMatchObject({
      found: false,
      source: 'profile gone, which is not there',
    });
  });
  test('auto without anything says how to get one', () => {
    expect(credentialSource(aws(), { HOME: home.path })).toMatchObject({
      found: false,
      fix: expect.stringContaining('aws configure') as string,
    });
  });
  test('a default profile with only a region has no credential', () => {
    home.write('.aws/config', '[default]\nregion = us-east-1\n');
    expect(credentialSource(aws('profile:default'), { HOME: home.path })).toMatchObject({ found: false });
  });
  test.each([
    ['aws_access_key_id = x\naws_secret_access_key = y', 'keys in plain'],
    ['role_arn = x\nsource_profile = y', 'role'],
    ['credential_process = x', 'credential_process'],
    ['sso_start_url = x', 'SSO'],
  ])('a profile with %j is told apart', (settings, how) => {
    home.write('.aws/config', `[profile dev]\n${settings}\n`);
    expect(credentialSource(aws('profile:dev'), { HOME: home.path })).toEqual({
      found: true,
      source: `profile dev (${how})`,
    });
  });
  test('env with half a key is missing, and names the half', () => {
    const { AWS_ACCESS_KEY_ID } = keys;
    expect(credentialSource(aws('env'), { AWS_ACCESS_KEY_ID })).toMatchObject({
      found: false,
      source: 'environment, without AWS_SECRET_ACCESS_KEY',
    });
  });
  test('gh takes the variable of its host and not that of another', () => {
    expect(credentialSource(gh(), { GITHUB_TOKEN: CANARY })).toEqual({
      found: true,
      source: 'environment (GITHUB_TOKEN)',
    });
    expect(credentialSource(gh({ host: 'ghe.example.com' }), { GITHUB_TOKEN: CANARY })).toMatchObject({
      found: false,
    });
  });
  test('gh auto takes what gh auth login left, and env does not', () => {
    home.write('.config/gh/hosts.yml', `github.com:\n    oauth_token: ${CANARY}\n`);
    expect(credentialSource(gh(), { HOME: home.path })).toEqual({
      found: true,
      source: 'gh auth login for github.com (token in plain)',
    });
    expect(credentialSource(gh({ credentials: 'env' }), { HOME: home.path })).toMatchObject({ found: false });
  });
  test('a place is looked at by name: variable, file, credential, program and vault', () => {
    const file = home.write('secret', CANARY);
    const env = { HOME: home.path, HERE: CANARY, PATH: '/usr/bin:/bin', CREDENTIALS_DIRECTORY: home.path };
    const source = (credentials: string) => credentialSource(gh({ credentials }), env);
    for (const there of [
      'env:HERE',
      `file:${file}`,
      'file:~/secret',
      'systemd:secret',
      'cmd:cat ~/x',
      'cmd:/bin/cat',
    ])
      expect(source(there)).toMatchObject({ found: true });
    for (const missing of ['env:GONE', 'file:/none', 'systemd:none', 'cmd:no-such-program', 'vault:none']) {
      expect(source(missing)).toMatchObject({ found: false, fix: expect.any(String) as string });
    }
    expect(source('cmd:cat secret words')).toEqual({ found: true, source: 'what cat prints' });
    expect(credentialSource(aws('vault:x'), keys)).toMatchObject({ found: false });
  });
  test('a vault is looked at without being opened, and what is wrong with it is said', async () => {
    const vault = await makeVault({ token: CANARY });
    const env = { HOME: home.path };
    const file = vaultFile(env) ?? '';
    createVault({ file, state: `${home.path}/state` }, vault);
    const source = (name: string) => credentialSource(gh({ credentials: `vault:${name}` }), env);
    expect(source('token')).toEqual({ found: true, source: 'vault (token)' });
    expect(source('other')).toEqual({
      found: false,
      source: 'vault, without other',
      fix: 'turret secrets set other',
    });
    chmodSync(file, 0o644);
    expect(source('token')).toMatchObject({ found: false, source: 'others can read the vault' });
  });
  test('a repeater of your own needs every variable it lists', () => {
    const db: RepeaterConfig = { name: 'db', kind: 'db', command: ['x'], secrets: ['ONE', 'TWO'] };
    expect(credentialSource(db, { ONE: CANARY, TWO: CANARY })).toEqual({
      found: true,
      source: 'environment (ONE, TWO)',
    });
    expect(credentialSource(db, { ONE: CANARY })).toMatchObject({
      found: false,
      source: 'environment, without TWO',
    });
    const elsewhere = { ...db, secretSources: { TWO: 'env:THREE' } };
    expect(credentialSource(elsewhere, { ONE: CANARY, TWO: CANARY })).toMatchObject({
      found: false,
      source: 'environment (ONE); environment, without THREE',
    });
    expect(credentialSource(elsewhere, { ONE: CANARY, THREE: CANARY })).toMatchObject({ found: true });
  });
});

describe('files with credentials in plain', () => {
  const found = (): string[] =>
    exposedFiles({ env: { HOME: home.path }, cwd: `${home.path}/project` }).map(({ path }) =>
      path.slice(home.path.length + 1),
    );

  test.each([
    ['.aws/credentials', `[x]\naws_secret_access_key = ${CANARY}\n`, '[x]\n'],
    ['.config/gh/hosts.yml', `github.com:\n  oauth_token: ${CANARY}\n`, 'github.com:\n  user: me\n'],
    ['.netrc', `machine x login y password ${CANARY}\n`, 'machine x\n'],
    ['.npmrc', `//registry/:_authToken=${CANARY}\n`, '//registry/:_authToken=${NPM_TOKEN}\n'],
    ['.git-credentials', `https://me:${CANARY}@host\n`, 'https://host\n'],
    [
      '.docker/config.json',
      `{"auths":{"x":{"auth":"${CANARY}"}}}`,
      '{"auths":{"x":{}},"credsStore":"secretservice"}',
    ],
    ['.kube/config', `users:\n- user:\n    token: ${CANARY}\n`, 'users: []\n'],
    ['project/.env', `export API_TOKEN="${CANARY}"\n`, 'PORT=80\nAPI_TOKEN=\n'],
    ['project/.env.local', `DATABASE_URL=${CANARY}\n`, 'DATABASE_URL=$OTHER\n'],
  ])('%s is one with a credential, and none without', (name, full, empty) => {
    home.write('project/readme', '');
    home.write(name, full);
    expect(found()).toEqual([name]);
    home.write(name, empty);
    expect(found()).toEqual([]);
  });
  test('an example that is in the repository is none', () => {
    home.write('project/.env.example', `API_TOKEN=${CANARY}\n`);
    expect(found()).toEqual([]);
  });
});

test('a file that is a directory, or is not there, has no text', () => {
  expect(readText(home.path)).toBeUndefined();
  expect(readText(`${home.path}/none`)).toBeUndefined();
  expect(readText(home.write('one', 'text'))).toBe('text');
});
