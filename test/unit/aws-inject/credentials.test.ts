import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withoutSecrets } from '../../../repeaters/sdk/own-secrets.js';
import { adoptEnvironment, credentialSource, profileDefaults } from '../../../repeaters/aws/credentials.js';

let directory: string;
const before = { ...process.env };
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'turret-credentials-'));
});
afterEach(async () => {
  process.env = { ...before };
  await rm(directory, { recursive: true });
});

const KEYS = { AWS_ACCESS_KEY_ID: 'AKIAENV', AWS_SECRET_ACCESS_KEY: 'env-secret' };
const options = { region: 'us-east-1', now: Date.now };
const from = (source: string, env: Record<string, string> = {}) =>
  credentialSource({ ...options, source, env })();

describe('the real credential', () => {
  it('comes from the values handed over, not from the environment of the process', async () => {
    process.env['AWS_ACCESS_KEY_ID'] = 'AKIAPROCESS';
    process.env['AWS_SECRET_ACCESS_KEY'] = 'process-secret';
    const env = { ...KEYS, AWS_SESSION_TOKEN: 'token' };
    expect(await credentialSource({ ...options, source: 'env', env })()).toEqual({
      accessKeyId: 'AKIAENV',
      secretAccessKey: 'env-secret',
      sessionToken: 'token',
    });
    await expect(credentialSource({ ...options, source: 'env', env: {} })()).rejects.toMatchObject({
      code: 'no_credentials',
    });
  });

  it('comes from a named profile, also one that runs a program', async () => {
    await mkdir(join(directory, '.aws'));
    const program = join(directory, 'program');
    const answer = {
      Version: 1,
      AccessKeyId: 'AKIAPROGRAM',
      SecretAccessKey: 's',
      Expiration: '2099-01-01T00:00:00Z',
    };
    await writeFile(program, `#!/bin/sh\necho '${JSON.stringify(answer)}'\n`);
    await chmod(program, 0o700);
    const config = `[default]\nregion = eu-west-1\n[profile p]\nregion = eu-north-1\noutput = text\ncredential_process = ${program}\n`;
    await writeFile(join(directory, '.aws', 'config'), config);
    await writeFile(
      join(directory, '.aws', 'credentials'),
      '[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = d\n',
    );
    adoptEnvironment({ HOME: directory, PATH: '/usr/bin:/bin' }, process.env);
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_PROFILE', 'AWS_CONFIG_FILE'])
      Reflect.deleteProperty(process.env, name);
    expect(await from('profile:p')).toMatchObject({ accessKeyId: 'AKIAPROGRAM' });
    expect(await from('auto')).toMatchObject({ accessKeyId: 'AKIADEFAULT' });
    expect(await from('auto', KEYS)).toMatchObject({ accessKeyId: 'AKIAENV' });
    process.env['AWS_PROFILE'] = 'p';
    expect(await from('auto', { ...KEYS, AWS_PROFILE: 'p' })).toMatchObject({ accessKeyId: 'AKIAPROGRAM' });
    await expect(from('profile:missing')).rejects.toMatchObject({ code: 'no_credentials' });
    expect(await profileDefaults('p')).toEqual({ region: 'eu-north-1', output: 'text' });
    expect(await profileDefaults('missing')).toEqual({});
  });

  it('is looked for, secret key and session token, in what leaves this process, whenever it is a new one', async () => {
    const program = join(directory, 'program');
    const body = `n=$(cat ${directory}/n)\necho $((n + 1)) > ${directory}/n\necho '{"Version":1,"AccessKeyId":"AKIAROTATED'$n'","SecretAccessKey":"rotated-secret-'$n'","SessionToken":"rotated-session-'$n'","Expiration":"2099-01-01T00:00:00Z"}'`;
    await writeFile(join(directory, 'n'), '0');
    await writeFile(program, `#!/bin/sh\n${body}\n`);
    await chmod(program, 0o700);
    await mkdir(join(directory, '.aws'));
    await writeFile(join(directory, '.aws', 'config'), `[profile p]\ncredential_process = ${program}\n`);
    adoptEnvironment({ HOME: directory, PATH: '/usr/bin:/bin' }, process.env);
    Reflect.deleteProperty(process.env, 'AWS_CONFIG_FILE');
    // Within the last five minutes, so that every call asks again.
    const now = () => Date.UTC(2098, 11, 31, 23, 59);
    const source = credentialSource({ source: 'profile:p', env: {}, region: undefined, now });
    for (const n of [0, 1]) {
      await source();
      const said = `AKIAROTATED${n} rotated-secret-${n} rotated-session-${n}`;
      expect(withoutSecrets({ said })).toEqual({
        said: `AKIAROTATED${n} [redacted by turret] [redacted by turret]`,
      });
    }
  });

  it('is asked for once, and again only shortly before it ends', async () => {
    await mkdir(join(directory, '.aws'));
    const program = join(directory, 'program');
    const body = `echo x >> ${directory}/asked\necho '{"Version":1,"AccessKeyId":"AKIA","SecretAccessKey":"s","Expiration":"2099-01-01T00:00:00Z"}'`;
    await writeFile(program, `#!/bin/sh\n${body}\n`);
    await chmod(program, 0o700);
    await writeFile(join(directory, '.aws', 'config'), `[profile p]\ncredential_process = ${program}\n`);
    adoptEnvironment({ HOME: directory, PATH: '/usr/bin:/bin' }, process.env);
    Reflect.deleteProperty(process.env, 'AWS_CONFIG_FILE');
    let now = Date.UTC(2098, 11, 31);
    const source = credentialSource({ source: 'profile:p', env: {}, region: undefined, now: () => now });
    const asked = async (): Promise<number> =>
      (await import('node:fs')).readFileSync(join(directory, 'asked')).length / 2;
    await Promise.all([source(), source()]);
    await source();
    expect(await asked()).toBe(1);
    now = Date.UTC(2098, 11, 31, 23, 56);
    await source();
    expect(await asked()).toBe(2);
  });

  it.each(['vault:x', 'profile:', 'ENV', ''])('does not come from %j', (source) => {
    expect(() => credentialSource({ ...options, source, env: KEYS })).toThrow(
      expect.objectContaining({ code: 'config_invalid' }),
    );
  });

  it('adopts only what the SDK reads', () => {
    const into: NodeJS.ProcessEnv = {};
    adoptEnvironment(
      { HOME: '/h', PATH: '/p', AWS_PROFILE: 'p', NODE_OPTIONS: '--inspect', LD_PRELOAD: 'x', XAWS_A: 'x' },
      into,
    );
    expect(into).toEqual({ HOME: '/h', PATH: '/p', AWS_PROFILE: 'p' });
  });
});
