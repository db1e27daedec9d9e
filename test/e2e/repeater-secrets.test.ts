// Secrets from the vault, and from where turret.yaml says they are, in real sessions: the repeater has them, and nobody else.

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { addSlot } from '../../src/vault/manage.js';
import { createVault } from '../../src/vault/vault-file.js';
import { type FakeAws, startFakeAws } from '../fakes/aws.js';
import { type FakeGithub, startFakeGithub } from '../fakes/github.js';
import { CANARY_KEY, CANARY_TOKEN, canariesIn, filesWithCanaries } from '../helpers/canary.js';
import { Terminal } from '../helpers/terminal.js';
import { makeHome, startAgent, type TestAgent, type TestHome } from '../helpers/turret.js';
import { TURRET } from '../helpers/turret-world.js';
import { makeVault, PASSPHRASE } from '../unit/vault/vaults.js';

const SECRETS = {
  FROM_VAULT: 'canary of the vault',
  FROM_FILE: 'canary of a file',
  FROM_CMD: 'canary of a program',
  FROM_ENV: 'canary of a variable',
  FROM_SYSTEMD: 'canary of a credential',
};
/** Without a session token: one left over from the environment would spoil it. */
const LASTING_KEY = { accessKeyId: 'AKIACANARYCANARY0001', secretAccessKey: CANARY_KEY.secretAccessKey };
const AWS_JSON = {
  Version: 1,
  AccessKeyId: LASTING_KEY.accessKeyId,
  SecretAccessKey: LASTING_KEY.secretAccessKey,
};
const OPS = `#!/bin/sh
exec jq -r 'to_entries[] | "\\(.key)=\\(.value)"' <&4 | sort | while IFS= read -r line; do
  printf '%s %s\\n' "\${line%%=*}" "$(printf %s "\${line#*=}" | sha256sum | cut -c1-64)"
done
`;

let aws: FakeAws;
let github: FakeGithub;
let home: TestHome;
let keyFile: string;
const within = (name: string): string => path.join(home.directory, name);
/** In the workspace, where the agent sees everything that is not hidden. */
const dataHome = (): string => path.join(home.workspace, 'data');

beforeAll(async () => {
  [aws, github] = await Promise.all([
    startFakeAws({ keys: [LASTING_KEY] }),
    startFakeGithub({ tokens: [CANARY_TOKEN] }),
  ]);
  home = makeHome();
  keyFile = within('ci.key');
  const places = { file: path.join(dataHome(), 'turret/vault.json'), state: home.state };
  createVault(
    places,
    await makeVault({ ops: SECRETS.FROM_VAULT, aws: JSON.stringify(AWS_JSON), gh: CANARY_TOKEN.token }),
  );
  const means = {
    env: {},
    ask: async () => PASSPHRASE.passphrase,
    keychain: () => ({ problem: 'none' }),
    tell: () => {},
  };
  await addSlot(places, means, { kind: 'key-file', file: keyFile });
  mkdirSync(within('credentials'));
  writeFileSync(within('credentials/ops'), `${SECRETS.FROM_SYSTEMD}\n`);
  writeFileSync(within('secret'), SECRETS.FROM_FILE);
  writeFileSync(within('ops.sh'), OPS);
  chmodSync(within('ops.sh'), 0o755);
});
afterAll(async () => {
  home.remove();
  await Promise.all([aws.close(), github.close()]);
});

const environment = (more: Record<string, string> = {}) => ({
  XDG_DATA_HOME: dataHome(),
  XDG_RUNTIME_DIR: home.directory,
  CREDENTIALS_DIRECTORY: within('credentials'),
  OPS_SECRET: SECRETS.FROM_ENV,
  // Another account's, which must not be mixed with the one that is named.
  AWS_SESSION_TOKEN: 'of-another-account',
  GITHUB_TOKEN: 'of-somebody-else',
  ...more,
});
const config = (ops = `FROM_VAULT: vault:ops`) => `version: 1
extends: []
repeaters:
  aws: { region: us-east-1, credentials: "vault:aws", endpoint: '${aws.url}', cli: /usr/bin/aws }
  gh: { credentials: "vault:gh", endpoint: '${github.url}' }
  http: { upstreams: { api: { endpoint: '${github.url}', secret: "vault:gh" }, openai: {} } }
  ops:
    profile: exec
    command: [./ops.sh]
    actions: [{ name: prove, annotations: { readOnly: true } }]
    secrets: { ${ops} }
rules: [{ id: all, allow: "**" }]
`;
const EVERY_PLACE = [
  'FROM_VAULT: vault:ops',
  'FROM_FILE: "file:~/secret"',
  `FROM_CMD: "cmd:printf '%s\\\\n' '${SECRETS.FROM_CMD}'"`,
  'FROM_ENV: env:OPS_SECRET',
  'FROM_SYSTEMD: systemd:ops',
].join(', ');

describe('a session with secrets from everywhere', () => {
  let agent: TestAgent;
  beforeAll(() => {
    agent = startAgent({
      home,
      config: config(EVERY_PLACE),
      env: environment({ TURRET_VAULT_KEY_FILE: keyFile }),
    });
  });
  const run = async (...argv: string[]): Promise<string> => {
    const { stdout, stderr } = await agent.run(argv);
    return `${stdout.toString('latin1')}${stderr.toString('latin1')}`;
  };

  test('gives a repeater of your own each of its secrets, on its fd 4', async () => {
    const proofs = Object.entries(SECRETS).map(
      ([name, value]) => `${name} ${createHash('sha256').update(value).digest('hex')}\n`,
    );
    expect(await run('turret', 'call', 'ops.prove')).toBe(proofs.sort().join(''));
  });
  test('lets aws, gh and http work with the keys of the vault', async () => {
    expect(await run('turret', 'call', 'http.api.get', 'path=/user')).toContain('"login":"octo-bot"');
    expect(await run('aws', 'sts', 'get-caller-identity', '--query', 'Account', '--output', 'text')).toMatch(
      /^\d{12}\n$/,
    );
    expect(await run('gh', 'api', 'user', '--jq', '.login')).toBe('octo-bot\n');
  });
  test('shows the agent neither the vault, nor its key file, nor a variable of it', async () => {
    expect(existsSync(path.join(dataHome(), 'turret/vault.json'))).toBe(true);
    expect(await run('ls', '-A', path.join(dataHome(), 'turret'))).toBe('');
    expect(await run('cat', keyFile)).toContain('No such file');
    const variables = await run('env');
    expect(variables).toContain('TURRET_TOKEN=');
    expect(variables).not.toMatch(/VAULT|CREDENTIALS_DIRECTORY|canary/);
  });
  test('leaves no secret in its log or in any file', async () => {
    const { code, records, stderr } = await agent.close();
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(records.filter(({ type }) => type === 'call.finished').length).toBeGreaterThanOrEqual(3);
    const log = JSON.stringify(records) + stderr;
    expect(canariesIn(log)).toEqual([]);
    for (const value of Object.values(SECRETS)) expect(log).not.toContain(value);
    expect(filesWithCanaries(home.directory)).toEqual([]);
  });
});

describe('turret run', () => {
  const words = (options: string[], command: string[]) => {
    const file = within('turret.yaml');
    return [process.execPath, TURRET, 'run', '-q', '--config', file, ...options, '--', ...command];
  };
  const env = (more: Record<string, string> = {}) => ({
    HOME: home.directory,
    PATH: '/usr/bin:/bin',
    TERM: 'xterm',
    ...environment(more),
  });
  /** Without a terminal. */
  async function ended([file = '', ...rest]: string[], more: Record<string, string> = {}) {
    const child = spawn(file, rest, {
      cwd: home.workspace,
      env: env(more),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const closed = new Promise<number | null>((resolve) => {
      child.once('close', resolve);
    });
    const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
    return { code, stdout, stderr };
  }
  let terminal: Terminal | undefined;
  afterEach(() => terminal?.close());

  test('asks for the passphrase before the agent has the terminal, and gives it back as it was', async () => {
    writeFileSync(within('turret.yaml'), config());
    const agent =
      'stty -a | tr " " "\\n" | grep -x -e "-\\?echo" -e "-\\?icanon"; read line; echo "got $line"';
    terminal = new Terminal({ command: words([], ['bash', '-c', agent]), cwd: home.workspace, env: env() });
    await terminal.expect(/passphrase of the vault: /);
    expect(terminal.shown).not.toContain('echo');
    terminal.type(`${PASSPHRASE.passphrase}\r`);
    await terminal.expect(/icanon\r\necho\r\n/);
    expect(terminal.shown).not.toContain(PASSPHRASE.passphrase);
    terminal.type('for the agent\r');
    await terminal.expect(/got for the agent\r\n/);
    expect(await terminal.ended()).toBe(0);
  });

  test('without a terminal and without a key ends with the fix, and no agent was started', async () => {
    writeFileSync(within('turret.yaml'), config());
    const { code, stdout, stderr } = await ended(words([], ['echo', 'started']));
    expect({ code, stdout }).toEqual({ code: 125, stdout: '' });
    expect(stderr).toContain('turret: error: the vault is locked, and there is no terminal');
    expect(stderr).toContain(
      'turret: hint: give its key file: TURRET_VAULT_KEY_FILE=FILE, or a systemd credential',
    );
  });

  test('with a secret missing says which, for whom, and what to do', async () => {
    writeFileSync(within('turret.yaml'), config('X: vault:gone'));
    const { code, stdout, stderr } = await ended(words([], ['echo', 'started']), {
      TURRET_VAULT_KEY_FILE: keyFile,
    });
    expect({ code, stdout }).toEqual({ code: 125, stdout: '' });
    expect(stderr).toBe(
      'turret: error: the repeater "ops" needs vault:gone, and there is nothing\nturret: hint: turret secrets set gone\n',
    );
  });

  test('takes the key from a process substitution, whose descriptor the agent does not have', async () => {
    writeFileSync(within('turret.yaml'), config());
    const turret = words([], ['ls', '/proc/self/fd'])
      .map((word) => `'${word}'`)
      .join(' ');
    const shell = `TURRET_VAULT_KEY_FILE=<(cat '${keyFile}') ${turret}`;
    const { code, stdout } = await ended(['bash', '-c', shell]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '0\n1\n2\n3\n' });
    expect(readFileSync(keyFile, 'utf8')).toMatch(/^turret-vault-key-v1 /);
  });
});
