// `turret secrets` as a person types it: the built program, a terminal of its own for questions, a home from nothing.
// Values are asked for, and are in nothing that is shown or written.

import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { spellings } from '../../src/protocol/spellings.js';
import { Terminal } from '../helpers/terminal.js';
import { makeHome, type TestHome } from '../helpers/turret.js';
import { TURRET } from '../helpers/turret-world.js';

const CANARY = 'canary/vault+value 0001';
const PASSPHRASE = 'canary passphrase';

let home: TestHome;
let terminal: Terminal | undefined;
let keyFile: string;
const shown: string[] = [];
beforeAll(() => {
  home = makeHome();
  keyFile = join(home.directory, 'ci.key');
});
afterEach(() => {
  shown.push(terminal?.shown ?? '');
  terminal?.close();
});
afterAll(() => home.remove());

const env = (more: Record<string, string> = {}) => ({
  HOME: home.directory,
  PATH: '/usr/bin:/bin',
  TERM: 'xterm',
  ...more,
});
const words = (...argv: string[]) => [process.execPath, TURRET, 'secrets', ...argv];

function open(...argv: string[]): Terminal {
  terminal = new Terminal({ command: words(...argv), cwd: home.workspace, env: env() });
  return terminal;
}
/** Without a terminal. */
async function run(
  argv: string[],
  { input = '', more = {} }: { input?: string | Uint8Array; more?: Record<string, string> } = {},
) {
  const [file = '', ...rest] = words(...argv);
  // A session of its own: no terminal to ask at, wherever the tests run.
  const child = spawn(file, rest, { cwd: home.workspace, env: env(more), stdio: 'pipe', detached: true });
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const closed = new Promise<number | null>((resolve) => {
    child.once('close', resolve);
  });
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
  shown.push(stdout, stderr);
  return { code, stdout, stderr };
}

// In their order: each leaves a vault for the next.
describe('a vault', () => {
  test('is made by the first secret: a passphrase twice and the value, none of them shown', async () => {
    const screen = open('set', 'database-url');
    await screen.expect(/there is no vault yet: this makes one, .*vault\.json\r\n/);
    await screen.expect(/new passphrase for the vault: /);
    screen.type(`${PASSPHRASE}X\x7f\r`);
    await screen.expect(/the same again: /);
    screen.type(`wrong\x15${PASSPHRASE}\r`);
    await screen.expect(/value of database-url: /);
    screen.type(`${CANARY}\r`);
    await screen.expect(/kept database-url; in turret\.yaml it is vault:database-url\r\n/);
    expect(await screen.ended()).toBe(0);
  });

  test('without a terminal stays locked and says how a job opens it', async () => {
    const { code, stderr } = await run(['set', 'other'], { input: CANARY });
    expect(code).toBe(1);
    expect(stderr).toContain(
      'turret: error: the vault is locked, and there is no terminal to ask for its passphrase',
    );
    expect(stderr).toContain('turret secrets slot add key-file FILE; then here: TURRET_VAULT_KEY_FILE=FILE');
  });

  test('gets a key file at the terminal, after a wrong passphrase and the right one', async () => {
    const screen = open('slot', 'add', 'key-file', keyFile);
    await screen.expect(/passphrase of the vault: /);
    screen.type('not this one\r');
    await screen.expect(/not the passphrase of the vault; try again\r\n/);
    await screen.expect(/passphrase of the vault: /);
    screen.type(`${PASSPHRASE}\r`);
    await screen.expect(/slot 2 opens it: key-file/);
    expect(await screen.ended()).toBe(0);
    expect(statSync(keyFile).mode & 0o777).toBe(0o600);
  });

  test('takes a value of several lines from stdin, and one from nobody else', async () => {
    const more = { TURRET_VAULT_KEY_FILE: keyFile };
    expect(await run(['set', 'pem'], { input: `${CANARY}\n${CANARY}\n`, more })).toMatchObject({ code: 0 });
    const refused = await run(['set', 'pem', CANARY], { more });
    expect(refused).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('never an argument') as string,
    });
    expect(await run(['set', 'pem'], { input: Buffer.from('ff', 'hex'), more })).toMatchObject({
      code: 1 + 1,
    });
    expect(await run(['set', 'pem'], { input: '\n', more })).toMatchObject({ code: 2 });
  });

  test('is listed by name without being opened, as JSON too, and verified when it is', async () => {
    const { stdout } = await run(['list', '--json']);
    expect(JSON.parse(stdout)).toEqual({
      file: join(home.directory, '.local/share/turret/vault.json'),
      generation: 3,
      verified: false,
      secrets: [
        { name: 'database-url', changed: expect.any(String) as string },
        { name: 'pem', changed: expect.any(String) as string },
      ],
    });
    const verified = await run(['list', '--verify', '--key-file', keyFile]);
    expect(verified).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('all of it is whole') as string,
    });
  });

  test('imports a .env file and says that it still lies there', async () => {
    writeFileSync(join(home.workspace, '.env'), `API_TOKEN="${CANARY}"\nPORT=80\n`);
    const { code, stdout } = await run(['import', 'dotenv', '--key-file', keyFile]);
    expect(code).toBe(0);
    expect(stdout).toContain('kept API_TOKEN\nnot a secret by its looks: PORT\n');
    expect(stdout).toContain('  secrets: { API_TOKEN: vault:API_TOKEN }\n');
    expect(stdout).toContain(
      `still lying around in plain:\n  ${home.workspace}/.env (variables that look like secrets)\n`,
    );
  });

  test('gets a new key with all that opens it, and loses a secret for good', async () => {
    const screen = open('rotate-key', '--key-file', keyFile);
    await screen.expect(/passphrase of slot 1: /);
    screen.type(`${PASSPHRASE}\r`);
    await screen.expect(/secrets under a new key: 3; slots that open it: 2\r\n/);
    expect(await screen.ended()).toBe(0);
    expect(await run(['rm', 'pem', 'API_TOKEN', '--key-file', keyFile])).toMatchObject({
      code: 0,
      stdout: 'removed pem\nremoved API_TOKEN\n',
    });
    expect(await run(['rm', 'pem', '--key-file', keyFile])).toMatchObject({ code: 1 });
    expect(readdirSync(join(home.directory, '.local/share/turret'))).toEqual(['vault.json']);
  });

  test('is left alone by ^C at a question, and the terminal is as it was', async () => {
    const [file = '', ...rest] = words('set', 'database-url').map((word) => `'${word}'`);
    const shell = `${file} ${rest.join(' ')}; echo "CODE $?"; stty -a | tr ' ' '\\n' | grep -x -- '-\\?echo'`;
    terminal = new Terminal({ command: ['bash', '-c', shell], cwd: home.workspace, env: env() });
    await terminal.expect(/passphrase of the vault: /);
    terminal.type('half\x03');
    await terminal.expect(/CODE 130\r\necho\r\n/);
    expect(await terminal.ended()).toBe(0);
  });

  test('has shown no value and no passphrase to anybody, and wrote none in plain', () => {
    const written = readFileSync(join(home.directory, '.local/share/turret/vault.json'), 'latin1');
    expect(shown.join('').length).toBeGreaterThan(1_000);
    for (const secret of [CANARY, PASSPHRASE])
      for (const form of spellings(secret))
        expect(`${shown.join('\n')}${written}`).not.toContain(form.toString('latin1'));
  });
});
